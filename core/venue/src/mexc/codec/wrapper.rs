//! The one message of every binary frame.

use super::DecodeError;
use super::fields::{Fields, Sink};
use super::message::{Message, Site, of};
use super::schema::*;
use super::wire::{Cursor, DEPTH_MAX};

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
        let mut head = Self::default();
        head.scan(frame, |head, occurrence, later, number| {
            let site = Site { number, later, depth: DEPTH_MAX - 1 };
            Body::merge(&mut head.body, occurrence, site)
        })?;
        Ok(head)
    }

    /// Reads everything but the bodies, which are handed to `body` as they come: the occurrence,
    /// what stands behind it, its number.
    #[inline(always)]
    pub(crate) fn scan(
        &mut self,
        frame: &'a [u8],
        mut body: impl FnMut(&mut Self, Cursor<'a>, Cursor<'a>, u32) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let fail = |field| move |error| of(NAME, field, error);
        let mut cursor = Cursor::new(frame);
        while let Some(key) = cursor.key().map_err(fail(0))? {
            match key {
                0x0a => self.channel = cursor.text().map_err(fail(1))?,
                0x1a => self.symbol = cursor.text().map_err(fail(3))?,
                0x22 => self.symbol_id = cursor.text().map_err(fail(4))?,
                0x28 => self.create_time = cursor.varint().map_err(fail(5))? as i64,
                0x30 => self.send_time = cursor.varint().map_err(fail(6))? as i64,
                _ if matches!(key >> 3, 301..=315) && key & 7 == 2 => {
                    let occurrence = cursor.message().map_err(fail(key >> 3))?;
                    body(self, occurrence, cursor, key >> 3)?;
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
