//! The frequent public bodies straight to events: deals, depth and book ticker in one pass over
//! the bytes, without the structs of [`super::schema`].

use model::{
    AccountId, Body, BookTop, Depth, DepthKind, Event, Level, NumError, Price, Print, Qty, Side,
    VenueTime,
};

use super::DecodeError;
use super::message::of;
use super::scratch::Scratch;
use super::wire::{Cursor, DEPTH_MAX, is_text};
use super::wrapper::Found;
use crate::SymbolEntry;

/// A public push of a known pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Push<'a> {
    pub(crate) frame: &'a [u8],
    pub(crate) entry: &'a SymbolEntry,
    pub(crate) sent: VenueTime,
}

const BODY_DEPTH: u8 = DEPTH_MAX - 1;
const ITEM_DEPTH: u8 = DEPTH_MAX - 2;

impl<'a> Push<'a> {
    /// Deals of 314, or of 301 which has no trade id.
    pub(crate) fn deals(&self, found: &Found<'a>, out: &mut Scratch) -> Result<(), DecodeError> {
        let name = if found.number == 314 { "AggreDeals" } else { "Deals" };
        let fail = |field| move |error| of(name, field, error);
        let Found { number, bytes, mut later } = *found;
        let mut next = Some(bytes);
        while let Some(mut body) = next {
            while let Some(key) = body.key().map_err(fail(0))? {
                match key {
                    0x0a => self.deal(number == 314, body.message().map_err(fail(1))?, out)?,
                    0x12 => drop(body.text_bytes().map_err(fail(2))?),
                    _ => body.unknown(key, &[1, 2], BODY_DEPTH).map_err(fail(key >> 3))?,
                }
            }
            next = later.find(number);
        }
        Ok(())
    }

    #[inline(always)]
    fn deal(&self, with_id: bool, item: Cursor<'a>, out: &mut Scratch) -> Result<(), DecodeError> {
        let deal = match plain_deal(item) {
            Some(deal) => deal,
            None => any_deal(with_id, item)?,
        };
        let qty = self.qty("quantity", deal.qty)?;
        if qty.is_zero() {
            return Err(self.number("quantity", deal.qty, NumError::NotPositive));
        }
        let price = self.price("price", deal.price)?;
        let print = Print { price, qty, taker: side("tradeType", deal.trade_type)? };
        let stamped = if deal.time == 0 { self.sent } else { VenueTime::from_millis(deal.time) };
        out.push(Event { stamped, ..self.event(Body::Print(print)) })
    }

    /// Changed levels of 313: fields 4 and 5 are the first and the last version.
    pub(crate) fn aggre_depth(
        &self,
        found: &Found<'a>,
        out: &mut Scratch,
    ) -> Result<(), DecodeError> {
        let (first, last) = self.levels(found, DepthKind::Diff, out)?;
        let (from, to) = (self.version("fromVersion", first)?, self.version("toVersion", last)?);
        if from > to {
            return Err(DecodeError::VersionsReversed { from, to });
        }
        out.set_versions(from, to);
        Ok(())
    }

    /// The complete top of 303: field 4 is the version.
    pub(crate) fn limit_depth(
        &self,
        found: &Found<'a>,
        out: &mut Scratch,
    ) -> Result<(), DecodeError> {
        let (version, _) = self.levels(found, DepthKind::Top, out)?;
        let version = self.version("version", version)?;
        out.set_versions(version, version);
        Ok(())
    }

    /// Levels to events of five; gives the texts of field 4 and, of a diff, of field 5.
    #[inline(always)]
    fn levels(
        &self,
        found: &Found<'a>,
        kind: DepthKind,
        out: &mut Scratch,
    ) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
        let diff = kind == DepthKind::Diff;
        let (name, known): (_, &[u32]) = if diff {
            ("AggreDepths", &[1, 2, 3, 4, 5, 6])
        } else {
            ("LimitDepths", &[1, 2, 3, 4, 5])
        };
        let fail = |field| move |error| of(name, field, error);
        let (mut first_text, mut second_text) = (&[][..], &[][..]);
        let mut chunk = Depth::new(kind, true, 0, 0);
        let Found { number, bytes, mut later } = *found;
        let mut next = Some(bytes);
        while let Some(mut body) = next {
            while let Some(key) = body.key().map_err(fail(0))? {
                match key {
                    0x0a | 0x12 => {
                        let item = body.message().map_err(fail(key >> 3))?;
                        let level = self.level(item)?;
                        let side = if key == 0x0a { Side::Sell } else { Side::Buy };
                        if !chunk.push(side, level) {
                            out.push(self.event(Body::Depth(chunk)))?;
                            chunk = Depth::new(kind, false, 0, 0);
                            chunk.push(side, level);
                        }
                    }
                    0x1a => drop(body.text_bytes().map_err(fail(3))?),
                    0x22 => body.text_into(&mut first_text).map_err(fail(4))?,
                    0x2a if diff => body.text_into(&mut second_text).map_err(fail(5))?,
                    0x30 if diff => drop(body.varint().map_err(fail(6))?),
                    0x28 if !diff => drop(body.varint().map_err(fail(5))?),
                    _ => body.unknown(key, known, BODY_DEPTH).map_err(fail(key >> 3))?,
                }
            }
            next = later.find(number);
        }
        out.push(self.event(Body::Depth(chunk)))?;
        Ok((first_text, second_text))
    }

    #[inline(always)]
    fn level(&self, item: Cursor<'a>) -> Result<Level, DecodeError> {
        let (price, qty) = match plain_level(item) {
            Some(texts) => texts,
            None => any_level(item)?,
        };
        Ok(Level { price: self.price("price", price)?, qty: self.qty("quantity", qty)? })
    }

    /// Best bid and ask of 315, or of 305 which has no version.
    pub(crate) fn top(&self, found: &Found<'a>, out: &mut Scratch) -> Result<(), DecodeError> {
        let [texts @ .., version] = match plain_top(found) {
            Some(texts) => texts,
            None => any_top(found)?,
        };
        let top = self.book_top(texts, version)?;
        out.push(self.event(Body::Top(top)))
    }

    /// From bid price, bid quantity, ask price and ask quantity.
    #[inline(always)]
    pub(crate) fn book_top(
        &self,
        [bid, bid_qty, ask, ask_qty]: [&[u8]; 4],
        version: &[u8],
    ) -> Result<BookTop, DecodeError> {
        Ok(BookTop {
            bid: self.best("bidPrice", bid, "bidQuantity", bid_qty)?,
            ask: self.best("askPrice", ask, "askQuantity", ask_qty)?,
            version: if version.is_empty() { 0 } else { self.version("version", version)? },
        })
    }

    /// A side without price and without quantity is absent; how the venue writes an empty side is
    /// not recorded, so zeros count as absent too.
    #[inline(always)]
    fn best(
        &self,
        price_field: &'static str,
        price: &[u8],
        qty_field: &'static str,
        qty: &[u8],
    ) -> Result<Option<Level>, DecodeError> {
        if price.is_empty() && qty.is_empty() {
            return Ok(None);
        }
        let qty = self.qty(qty_field, qty)?;
        match Price::parse(price, self.entry.price_decimals) {
            Ok(price) => Ok(Some(Level { price, qty })),
            Err(NumError::NotPositive) if qty.is_zero() => Ok(None),
            Err(cause) => Err(self.number(price_field, price, cause)),
        }
    }

    /// An event of this push, not the last of it.
    #[inline(always)]
    pub(crate) fn event(&self, body: Body) -> Event {
        Event {
            stamped: self.sent,
            symbol: self.entry.id,
            account: AccountId::NONE,
            last: false,
            body,
        }
    }

    #[inline(always)]
    pub(crate) fn price(&self, field: &'static str, text: &[u8]) -> Result<Price, DecodeError> {
        Price::parse(text, self.entry.price_decimals)
            .map_err(|cause| self.number(field, text, cause))
    }

    #[inline(always)]
    pub(crate) fn qty(&self, field: &'static str, text: &[u8]) -> Result<Qty, DecodeError> {
        Qty::parse(text, self.entry.qty_decimals).map_err(|cause| self.number(field, text, cause))
    }

    fn version(&self, field: &'static str, text: &[u8]) -> Result<u64, DecodeError> {
        if text.is_empty() {
            return Err(DecodeError::Missing { field });
        }
        parse_version(text).map_err(|cause| self.number(field, text, cause))
    }

    #[cold]
    fn number(&self, field: &'static str, text: &[u8], cause: NumError) -> DecodeError {
        DecodeError::Number { field, at: offset(self.frame, text), cause }
    }
}

// What follows reads each message twice: first in the one form that the venue writes, fields in
// order and nothing else, then in any form that the wire format allows.

#[inline(always)]
fn plain_level(mut item: Cursor<'_>) -> Option<(&[u8], &[u8])> {
    let texts = (item.plain_text(0x0a)?, item.plain_text(0x12)?);
    item.is_empty().then_some(texts)
}

#[cold]
#[inline(never)]
fn any_level(mut item: Cursor<'_>) -> Result<(&[u8], &[u8]), DecodeError> {
    let fail = |field| move |error| of("DepthLevel", field, error);
    let (mut price, mut qty) = (&[][..], &[][..]);
    while let Some(key) = item.key().map_err(fail(0))? {
        match key {
            0x0a => item.text_into(&mut price).map_err(fail(1))?,
            0x12 => item.text_into(&mut qty).map_err(fail(2))?,
            _ => item.unknown(key, &[1, 2], ITEM_DEPTH).map_err(fail(key >> 3))?,
        }
    }
    Ok((price, qty))
}

#[derive(Clone, Copy, Debug, Default)]
struct DealTexts<'a> {
    price: &'a [u8],
    qty: &'a [u8],
    trade_type: i32,
    time: i64,
}

#[inline(always)]
fn plain_deal(mut item: Cursor<'_>) -> Option<DealTexts<'_>> {
    let deal = DealTexts {
        price: item.plain_text(0x0a)?,
        qty: item.plain_text(0x12)?,
        trade_type: item.plain_integer(0x18)? as i32,
        time: item.plain_integer(0x20)? as i64,
    };
    if item.is_empty() {
        return Some(deal);
    }
    // On 301 this is an unknown field, which may hold anything: text in particular.
    let id = item.plain_text(0x2a)?;
    (is_text(id) && item.is_empty()).then_some(deal)
}

/// `with_id` on 314, whose field 5 is the trade id.
#[cold]
#[inline(never)]
fn any_deal(with_id: bool, mut item: Cursor<'_>) -> Result<DealTexts<'_>, DecodeError> {
    let (name, known): (_, &[u32]) =
        if with_id { ("AggreDeal", &[1, 2, 3, 4, 5]) } else { ("Deal", &[1, 2, 3, 4]) };
    let fail = |field| move |error| of(name, field, error);
    let mut deal = DealTexts::default();
    while let Some(key) = item.key().map_err(fail(0))? {
        match key {
            0x0a => item.text_into(&mut deal.price).map_err(fail(1))?,
            0x12 => item.text_into(&mut deal.qty).map_err(fail(2))?,
            0x18 => deal.trade_type = item.varint().map_err(fail(3))? as i32,
            0x20 => deal.time = item.varint().map_err(fail(4))? as i64,
            0x2a if with_id => drop(item.text_bytes().map_err(fail(5))?),
            _ => item.unknown(key, known, ITEM_DEPTH).map_err(fail(key >> 3))?,
        }
    }
    Ok(deal)
}

/// Both sides and the version, which may be missing.
#[inline(always)]
fn plain_top<'a>(found: &Found<'a>) -> Option<[&'a [u8]; 5]> {
    let mut body = found.bytes;
    let mut texts = [
        body.plain_text(0x0a)?,
        body.plain_text(0x12)?,
        body.plain_text(0x1a)?,
        body.plain_text(0x22)?,
        &[],
    ];
    if found.number == 315 && !body.is_empty() {
        texts[4] = body.plain_text(0x2a)?;
        body.plain_integer(0x30)?;
    }
    (body.is_empty() && found.later.is_empty()).then_some(texts)
}

#[cold]
#[inline(never)]
fn any_top<'a>(found: &Found<'a>) -> Result<[&'a [u8]; 5], DecodeError> {
    let Found { number, bytes, mut later } = *found;
    let (versioned, name, known): (_, _, &[u32]) = if number == 315 {
        (true, "AggreBookTicker", &[1, 2, 3, 4, 5, 6])
    } else {
        (false, "BookTicker", &[1, 2, 3, 4])
    };
    let fail = |field| move |error| of(name, field, error);
    let mut texts = [&[][..]; 5];
    let mut next = Some(bytes);
    while let Some(mut body) = next {
        while let Some(key) = body.key().map_err(fail(0))? {
            match key {
                0x0a => body.text_into(&mut texts[0]).map_err(fail(1))?,
                0x12 => body.text_into(&mut texts[1]).map_err(fail(2))?,
                0x1a => body.text_into(&mut texts[2]).map_err(fail(3))?,
                0x22 => body.text_into(&mut texts[3]).map_err(fail(4))?,
                0x2a if versioned => body.text_into(&mut texts[4]).map_err(fail(5))?,
                0x30 if versioned => drop(body.varint().map_err(fail(6))?),
                _ => body.unknown(key, known, BODY_DEPTH).map_err(fail(key >> 3))?,
            }
        }
        next = later.find(number);
    }
    Ok(texts)
}

/// Where `text`, a part of `frame`, stands in it; 0 for text from elsewhere.
pub(crate) fn offset(frame: &[u8], text: &[u8]) -> u32 {
    let at = (text.as_ptr() as usize).wrapping_sub(frame.as_ptr() as usize);
    if at <= frame.len() { at as u32 } else { 0 }
}

/// Side from the venue's number.
pub(crate) fn side(field: &'static str, number: i32) -> Result<Side, DecodeError> {
    u8::try_from(number)
        .ok()
        .and_then(Side::from_u8)
        .ok_or(DecodeError::Value { field, found: i64::from(number) })
}

/// A version: decimal digits only.
pub(crate) fn parse_version(text: &[u8]) -> Result<u64, NumError> {
    if text.is_empty() {
        return Err(NumError::NotADecimal);
    }
    let (mut value, mut overflows) = (0_u64, false);
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(NumError::NotADecimal);
        }
        // Nineteen nines are below 2^64.
        if text.len() < 20 {
            value = value * 10 + u64::from(digit);
            continue;
        }
        let next = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit)));
        overflows |= next.is_none();
        value = next.unwrap_or_default();
    }
    if overflows { Err(NumError::Overflow) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_digits_up_to_64_bits() {
        assert_eq!(parse_version(b"82164153436"), Ok(82_164_153_436));
        assert_eq!(parse_version(b"9999999999999999999"), Ok(9_999_999_999_999_999_999));
        assert_eq!(parse_version(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parse_version(b"18446744073709551616"), Err(NumError::Overflow));
        assert_eq!(parse_version(b"00000000000000000000007"), Ok(7));
        for text in ["", "-1", "1.0", "1 ", "x", "1e3"] {
            assert_eq!(parse_version(text.as_bytes()), Err(NumError::NotADecimal), "{text}");
        }
    }
}
