//! The one message of every binary frame.

use super::DecodeError;
use super::fields::{Fields, Sink};
use super::message::{Message, Site, of};
use super::schema::*;
use super::wire::{Cursor, DEPTH_MAX, Key, is_text};

/// A frame, read whole and checked, borrowing its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wrapper<'a> {
    /// Channel as it was subscribed.
    pub channel: &'a str,
    /// The pair; empty on account and `miniTickers` pushes.
    pub symbol: &'a str,
    /// The venue's id of the pair; only candles carry it.
    pub symbol_id: &'a str,
    /// Creation of the push in ms; 0 when not sent.
    pub create_time: i64,
    /// Sending of the push in ms; 0 when not sent.
    pub send_time: i64,
    /// What it carries; a frame without a body is legal.
    pub body: Option<Body<'a>>,
}

const NAME: &str = "PushDataV3ApiWrapper";

macro_rules! bodies {
    ($( $number:literal => $variant:ident $label:literal, )*) => {
        /// The bodies of the schema.
        #[derive(Clone, Copy, Debug)]
        pub enum Body<'a> {
            $( #[doc = concat!("`", $label, "`")] $variant($variant<'a>), )*
        }

        /// Field numbers of the wrapper.
        const KNOWN: &[u32] = &[1, 3, 4, 5, 6, $($number),*];

        impl<'a> Body<'a> {
            /// Its field number in the wrapper.
            pub const fn number(&self) -> u32 {
                match self { $( Self::$variant(_) => $number, )* }
            }

            /// Its name in the schema.
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $label, )* }
            }

            fn as_fields(&self) -> &dyn Fields {
                match self { $( Self::$variant(body) => body, )* }
            }

            /// Merges an occurrence into `body`: the same kind grows, another kind replaces it.
            fn merge(body: &mut Option<Self>, bytes: Cursor<'a>, site: Site<'a>) -> Result<(), DecodeError> {
                match (site.number, body) {
                    $( ($number, Some(Self::$variant(body))) => body.merge(bytes, site), )*
                    $( ($number, body) => {
                        let mut first = $variant::default();
                        first.merge(bytes, site)?;
                        *body = Some(Self::$variant(first));
                        Ok(())
                    } )*
                    _ => Ok(()),
                }
            }
        }
    };
}

bodies! {
    301 => Deals "publicDeals",
    302 => IncreaseDepths "publicIncreaseDepths",
    303 => LimitDepths "publicLimitDepths",
    304 => PrivateOrders "privateOrders",
    305 => BookTicker "publicBookTicker",
    306 => PrivateDeals "privateDeals",
    307 => PrivateAccount "privateAccount",
    308 => SpotKline "publicSpotKline",
    309 => MiniTicker "publicMiniTicker",
    310 => MiniTickers "publicMiniTickers",
    311 => BookTickerBatch "publicBookTickerBatch",
    312 => IncreaseDepthsBatch "publicIncreaseDepthsBatch",
    313 => AggreDepths "publicAggreDepths",
    314 => AggreDeals "publicAggreDeals",
    315 => AggreBookTicker "publicAggreBookTicker",
}

impl<'a> Wrapper<'a> {
    /// Reads a frame of less than 4 GiB.
    ///
    /// # Errors
    /// [`DecodeError::Wire`] wherever prost refuses the frame.
    pub fn decode(frame: &'a [u8]) -> Result<Self, DecodeError> {
        let fail = |field| move |error| of(NAME, field, error);
        let mut wrapper = Self::default();
        let mut cursor = Cursor::new(frame);
        while let Some(key) = cursor.key().map_err(fail(0))? {
            match key {
                0x0a => wrapper.channel = cursor.text().map_err(fail(1))?,
                0x1a => wrapper.symbol = cursor.text().map_err(fail(3))?,
                0x22 => wrapper.symbol_id = cursor.text().map_err(fail(4))?,
                0x28 => wrapper.create_time = cursor.varint().map_err(fail(5))? as i64,
                0x30 => wrapper.send_time = cursor.varint().map_err(fail(6))? as i64,
                _ if is_body(key) => {
                    let number = key >> 3;
                    let bytes = cursor.message().map_err(fail(number))?;
                    let site = Site { number, later: cursor, depth: DEPTH_MAX - 1 };
                    Body::merge(&mut wrapper.body, bytes, site)?;
                }
                _ => cursor.unknown(key, KNOWN, DEPTH_MAX).map_err(fail(key >> 3))?,
            }
        }
        Ok(wrapper)
    }
}

/// Whether `key` is that of a body in its wire type.
const fn is_body(key: Key) -> bool {
    matches!(key >> 3, 301..=315) && key & 7 == 2
}

/// What the hot path needs of a wrapper: names as bytes, and the body not yet read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head<'a> {
    pub(crate) channel: &'a [u8],
    pub(crate) symbol: &'a [u8],
    pub(crate) create_time: i64,
    pub(crate) send_time: i64,
    pub(crate) found: Option<Found<'a>>,
    /// Whether more than one body stood in the frame.
    pub(crate) repeated: bool,
}

/// A body as it stands in its frame, not yet read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// Its field number.
    pub(crate) number: u32,
    /// Its first occurrence since another body stood there.
    pub(crate) bytes: Cursor<'a>,
    /// What follows it in the frame; further occurrences are merged.
    pub(crate) later: Cursor<'a>,
}

impl<'a> Head<'a> {
    /// Reads everything of a frame but its body, in place: a copy of what was just written costs
    /// more than the reading.
    #[inline(always)]
    pub(crate) fn read(&mut self, frame: &'a [u8]) -> Result<(), DecodeError> {
        let fail = |field| move |error| of(NAME, field, error);
        let mut cursor = Cursor::new(frame);
        // The venue begins with these two; the loop takes whatever comes instead.
        let start = cursor;
        if let (Some(channel), Some(symbol)) = (cursor.plain_text(0x0a), cursor.plain_text(0x1a))
            && is_text(channel)
            && is_text(symbol)
        {
            (self.channel, self.symbol) = (channel, symbol);
        } else {
            cursor = start;
        }
        while let Some(key) = cursor.key().map_err(fail(0))? {
            match key {
                0x0a => self.channel = cursor.text_bytes().map_err(fail(1))?,
                0x1a => self.symbol = cursor.text_bytes().map_err(fail(3))?,
                0x22 => drop(cursor.text_bytes().map_err(fail(4))?),
                0x28 => self.create_time = cursor.varint().map_err(fail(5))? as i64,
                0x30 => self.send_time = cursor.varint().map_err(fail(6))? as i64,
                _ if is_body(key) => {
                    let number = key >> 3;
                    let bytes = cursor.message().map_err(fail(number))?;
                    self.repeated |= self.found.is_some();
                    if self.found.is_none_or(|former| former.number != number) {
                        self.found = Some(Found { number, bytes, later: cursor });
                    }
                }
                _ => cursor.unknown(key, KNOWN, DEPTH_MAX).map_err(fail(key >> 3))?,
            }
        }
        Ok(())
    }
}

impl Fields for Wrapper<'_> {
    fn fields(&self, sink: &mut dyn Sink) {
        for (name, text) in
            [("channel", self.channel), ("symbol", self.symbol), ("symbolId", self.symbol_id)]
        {
            if !text.is_empty() {
                sink.text(name, text);
            }
        }
        for (name, time) in [("createTime", self.create_time), ("sendTime", self.send_time)] {
            if time != 0 {
                sink.wide(name, time);
            }
        }
        if let Some(body) = &self.body {
            sink.object(body.name(), body.as_fields());
        }
    }
}
