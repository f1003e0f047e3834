//! The frequent public bodies straight to events: deals, depth and book ticker in one pass over
//! the bytes, without the structs of [`super::schema`].

use model::{
    AccountId, Body, BookTop, Depth, DepthKind, Event, Level, NumError, Price, Print, Qty, Side,
    VenueTime,
};

use super::DecodeError;
use super::message::of;
use super::scratch::Scratch;
use super::wire::{Cursor, DEPTH_MAX, Key};
use super::wrapper::Found;
use crate::SymbolEntry;

/// A public push of a known pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Push<'a> {
    pub(crate) frame: &'a [u8],
    pub(crate) found: Found<'a>,
    pub(crate) entry: SymbolEntry,
    pub(crate) sent: VenueTime,
}

const BODY_DEPTH: u8 = DEPTH_MAX - 1;
const ITEM_DEPTH: u8 = DEPTH_MAX - 2;

impl<'a> Push<'a> {
    /// Deals of 314, or of 301 which has no trade id.
    pub(crate) fn deals(&self, out: &mut Scratch) -> Result<(), DecodeError> {
        let name = if self.found.number == 314 { "AggreDeals" } else { "Deals" };
        let fail = |field| move |error| of(name, field, error);
        let Found { number, bytes, mut later } = self.found;
        let mut next = Some(bytes);
        while let Some(mut body) = next {
            while let Some(key) = body.key().map_err(fail(0))? {
                match key {
                    0x0a => self.deal(body.message().map_err(fail(1))?, out)?,
                    0x12 => drop(body.text_bytes().map_err(fail(2))?),
                    _ => body.unknown(key, &[1, 2], BODY_DEPTH).map_err(fail(key >> 3))?,
                }
            }
            next = later.find(number);
        }
        Ok(())
    }

    fn deal(&self, mut item: Cursor<'a>, out: &mut Scratch) -> Result<(), DecodeError> {
        let (with_id, name, known): (_, _, &[u32]) = if self.found.number == 314 {
            (true, "AggreDeal", &[1, 2, 3, 4, 5])
        } else {
            (false, "Deal", &[1, 2, 3, 4])
        };
        let fail = |field| move |error| of(name, field, error);
        let (mut price, mut qty) = (&[][..], &[][..]);
        let (mut trade_type, mut time) = (0_i32, 0_i64);
        while let Some(key) = item.key().map_err(fail(0))? {
            match key {
                0x0a => item.text_into(&mut price).map_err(fail(1))?,
                0x12 => item.text_into(&mut qty).map_err(fail(2))?,
                0x18 => trade_type = item.varint().map_err(fail(3))? as i32,
                0x20 => time = item.varint().map_err(fail(4))? as i64,
                0x2a if with_id => drop(item.text_bytes().map_err(fail(5))?),
                _ => item.unknown(key, known, ITEM_DEPTH).map_err(fail(key >> 3))?,
            }
        }
        let print = Print {
            price: self.price("price", price)?,
            qty: self.qty("quantity", qty)?,
            taker: side("tradeType", trade_type)?,
        };
        if print.qty.is_zero() {
            return Err(self.number("quantity", qty, NumError::NotPositive));
        }
        let stamped = if time == 0 { self.sent } else { VenueTime::from_millis(time) };
        out.push(Event { stamped, ..self.event(Body::Print(print)) })
    }

    /// Changed levels of 313: fields 4 and 5 are the first and the last version.
    pub(crate) fn aggre_depth(&self, out: &mut Scratch) -> Result<(), DecodeError> {
        let (first, last) = self.levels(DepthKind::Diff, "AggreDepths", 0x2a, 0x30, out)?;
        let (from, to) = (self.version("fromVersion", first)?, self.version("toVersion", last)?);
        if from > to {
            return Err(DecodeError::VersionsReversed { from, to });
        }
        out.set_versions(from, to);
        Ok(())
    }

    /// The complete top of 303: field 4 is the version.
    pub(crate) fn limit_depth(&self, out: &mut Scratch) -> Result<(), DecodeError> {
        let (version, _) = self.levels(DepthKind::Top, "LimitDepths", NO_KEY, 0x28, out)?;
        let version = self.version("version", version)?;
        out.set_versions(version, version);
        Ok(())
    }

    /// Levels to events of five; gives the texts of field 4 and of the field under `second`.
    fn levels(
        &self,
        kind: DepthKind,
        name: &'static str,
        second: Key,
        time: Key,
        out: &mut Scratch,
    ) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
        let fail = |field| move |error| of(name, field, error);
        let (mut first_text, mut second_text) = (&[][..], &[][..]);
        let mut chunk = Depth::new(kind, true, 0, 0);
        let Found { number, bytes, mut later } = self.found;
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
                    _ if key == second => body.text_into(&mut second_text).map_err(fail(5))?,
                    _ if key == time => drop(body.varint().map_err(fail(key >> 3))?),
                    _ => {
                        let known: &[u32] =
                            if second == NO_KEY { &[1, 2, 3, 4, 5] } else { &[1, 2, 3, 4, 5, 6] };
                        body.unknown(key, known, BODY_DEPTH).map_err(fail(key >> 3))?;
                    }
                }
            }
            next = later.find(number);
        }
        out.push(self.event(Body::Depth(chunk)))?;
        Ok((first_text, second_text))
    }

    #[inline(always)]
    fn level(&self, item: Cursor<'a>) -> Result<Level, DecodeError> {
        let (price, qty) = match plain_level(item.rest()) {
            Some(texts) => texts,
            None => self.any_level(item)?,
        };
        Ok(Level { price: self.price("price", price)?, qty: self.qty("quantity", qty)? })
    }

    /// A level in any form that the wire format allows.
    #[cold]
    #[inline(never)]
    fn any_level(&self, mut item: Cursor<'a>) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
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

    /// Best bid and ask of 315, or of 305 which has no version.
    pub(crate) fn top(&self, out: &mut Scratch) -> Result<(), DecodeError> {
        let (versioned, name, known): (_, _, &[u32]) = if self.found.number == 315 {
            (true, "AggreBookTicker", &[1, 2, 3, 4, 5, 6])
        } else {
            (false, "BookTicker", &[1, 2, 3, 4])
        };
        let fail = |field| move |error| of(name, field, error);
        let mut texts = [&[][..]; 5];
        let Found { number, bytes, mut later } = self.found;
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
        let top = self.book_top([texts[0], texts[1], texts[2], texts[3]], texts[4])?;
        out.push(self.event(Body::Top(top)))
    }

    /// From bid price, bid quantity, ask price and ask quantity.
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

/// The two texts of a level in the form that the venue writes: price, then quantity, nothing else,
/// each shorter than 128 bytes.
#[inline(always)]
fn plain_level(item: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x0a, price_len @ 0..0x80, rest @ ..] = item else { return None };
    let (price, rest) = rest.split_at_checked(usize::from(*price_len))?;
    let [0x12, qty_len @ 0..0x80, qty @ ..] = rest else { return None };
    (qty.len() == usize::from(*qty_len)).then_some((price, qty))
}

/// A key that no field has.
const NO_KEY: Key = 0;

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
    text.iter().try_fold(0_u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(NumError::NotADecimal);
        }
        value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit)))
            .ok_or(NumError::Overflow)
    })
}
