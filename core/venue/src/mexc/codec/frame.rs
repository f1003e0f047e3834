//! A binary frame to events, all of them or none.

use model::{AccountId, Event, NumError, SymbolId, VenueTime};

use super::hot::{Push, offset, parse_version};
use super::private::{Private, has_scale};
use super::scratch::Scratch;
use super::wrapper::{Found, Head};
use super::{Body, Channel, DecodeError, Wrapper};
use crate::SymbolTable;

/// Turns binary frames into events. Allocates when it is made and never again.
#[derive(Debug)]
pub struct FrameDecoder {
    scratch: Scratch,
    counts: Counts,
}

/// What a frame gave.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'s> {
    /// Its channel, `None` when the name is not known.
    pub channel: Option<Channel>,
    /// Its pair, or [`SymbolId::NONE`].
    pub symbol: SymbolId,
    /// When the venue sent it.
    pub sent: VenueTime,
    /// Its events, the last one flagged.
    pub events: &'s [Event],
    /// Why it has no events, when that is by its nature.
    pub ignored: Option<Ignored>,
}

/// Why a good frame has no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// The channel's name is not known.
    Channel,
    /// It has no body.
    NoBody,
    /// Nothing in the engine listens to this kind.
    Kind,
    /// A public push about a pair that the table does not have.
    Symbol,
    /// A public push about a pair whose rules were not read.
    NoScale,
    /// A balance of an asset that no pair names.
    Asset,
}

/// Frames seen since the decoder was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub frames: u64,
    /// Events given.
    pub events: u64,
    /// Frames refused.
    pub errors: u64,
    /// Good frames without events because nothing listens to their kind or channel.
    pub ignored: u64,
    /// Good public frames of pairs that are unknown or have no rules.
    pub unknown_symbols: u64,
}

impl Default for FrameDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameDecoder {
    /// Bytes of a frame at most: the cap of the WebSocket reader too.
    pub const FRAME_MAX: usize = 1 << 20;
    /// Events of a frame at most.
    pub const EVENTS_MAX: usize = Scratch::CAPACITY;

    /// A decoder with all of its memory.
    pub fn new() -> Self {
        Self { scratch: Scratch::new(), counts: Counts::default() }
    }

    /// Reads one frame that came on a connection of `account`; public connections pass
    /// [`AccountId::NONE`].
    ///
    /// # Errors
    /// [`DecodeError`] for a frame that prost would refuse too, for a number that is not a plain
    /// decimal or too fine for its symbol, and for a private push that cannot be understood. There
    /// are no events then; a public book must be taken as stale.
    pub fn decode(
        &mut self,
        table: &SymbolTable,
        account: AccountId,
        frame: &[u8],
    ) -> Result<Decoded<'_>, DecodeError> {
        self.counts.frames += 1;
        self.scratch.clear();
        let outcome = match self.read(table, account, frame) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.scratch.clear();
                self.counts.errors += 1;
                return Err(error);
            }
        };
        match outcome.ignored {
            None => {}
            Some(Ignored::Symbol | Ignored::NoScale) => self.counts.unknown_symbols += 1,
            Some(Ignored::Channel | Ignored::NoBody | Ignored::Kind | Ignored::Asset) => {
                self.counts.ignored += 1;
            }
        }
        let Outcome { channel, symbol, sent, ignored } = outcome;
        let events = self.scratch.finish();
        self.counts.events += events.len() as u64;
        Ok(Decoded { channel, symbol, sent, events, ignored })
    }

    /// What was seen so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    fn read(
        &mut self,
        table: &SymbolTable,
        account: AccountId,
        frame: &[u8],
    ) -> Result<Outcome, DecodeError> {
        if frame.len() > Self::FRAME_MAX {
            return Err(DecodeError::FrameTooLong { bytes: frame.len(), max: Self::FRAME_MAX });
        }
        let mut head = Head::default();
        head.read(frame)?;
        if head.repeated {
            // A body that another one replaced must be sound too.
            Wrapper::decode(frame)?;
        }
        let sent = match head.send_time {
            0 => VenueTime::from_millis(head.create_time),
            millis => VenueTime::from_millis(millis),
        };
        let channel = Channel::of(head.channel);
        let outcome = |symbol, ignored| Ok(Outcome { channel, symbol, sent, ignored });
        let Some(found) = &head.found else {
            return outcome(SymbolId::NONE, Some(Ignored::NoBody));
        };
        let Some(channel) = channel.filter(|channel| channel.carries(found.number)) else {
            return no_handler(frame, channel, found.number)
                .and_then(|ignored| outcome(SymbolId::NONE, Some(ignored)));
        };
        let out = &mut self.scratch;
        match channel {
            Channel::AggreDeals
            | Channel::Deals
            | Channel::AggreDepth
            | Channel::LimitDepth
            | Channel::AggreBookTicker
            | Channel::BookTicker
            | Channel::BookTickerBatch => {
                let Some(entry) = table.find(head.symbol) else {
                    Wrapper::decode(frame)?;
                    return outcome(SymbolId::NONE, Some(Ignored::Symbol));
                };
                if !has_scale(entry) {
                    Wrapper::decode(frame)?;
                    return outcome(entry.id, Some(Ignored::NoScale));
                }
                public(channel, &Push { frame, entry, sent }, found, out)?;
                outcome(entry.id, None)
            }
            Channel::PrivateOrders | Channel::PrivateDeals | Channel::PrivateAccount => {
                let private = Private { frame, table, account, sent };
                let wrapper = Wrapper::decode(frame)?;
                let (symbol, ignored) = private_push(&private, &wrapper, out)?;
                outcome(symbol, ignored)
            }
            Channel::IncreaseDepth
            | Channel::IncreaseDepthBatch
            | Channel::Kline
            | Channel::MiniTicker
            | Channel::MiniTickers => {
                check_numbers(frame, &Wrapper::decode(frame)?)?;
                let symbol = table.find(head.symbol);
                let symbol = symbol.map_or(SymbolId::NONE, |entry| entry.id);
                outcome(symbol, Some(Ignored::Kind))
            }
        }
    }
}

struct Outcome {
    channel: Option<Channel>,
    symbol: SymbolId,
    sent: VenueTime,
    ignored: Option<Ignored>,
}

/// A body whose channel is unknown, or not its own. A private one is never passed over.
fn no_handler(frame: &[u8], channel: Option<Channel>, body: u32) -> Result<Ignored, DecodeError> {
    Wrapper::decode(frame)?;
    if channel.is_some() || matches!(body, 304 | 306 | 307) {
        return Err(DecodeError::BodyMismatch { channel, body });
    }
    Ok(Ignored::Channel)
}

#[inline(always)]
fn public<'a>(
    channel: Channel,
    push: &Push<'a>,
    found: &Found<'a>,
    out: &mut Scratch,
) -> Result<(), DecodeError> {
    match channel {
        Channel::AggreBookTicker | Channel::BookTicker => push.top(found, out),
        Channel::AggreDepth => push.aggre_depth(found, out),
        Channel::AggreDeals | Channel::Deals => push.deals(found, out),
        Channel::LimitDepth => push.limit_depth(found, out),
        Channel::BookTickerBatch
        | Channel::IncreaseDepth
        | Channel::IncreaseDepthBatch
        | Channel::Kline
        | Channel::MiniTicker
        | Channel::MiniTickers
        | Channel::PrivateOrders
        | Channel::PrivateDeals
        | Channel::PrivateAccount => book_tickers(push, out),
    }
}

fn book_tickers(push: &Push<'_>, out: &mut Scratch) -> Result<(), DecodeError> {
    let Some(Body::BookTickerBatch(batch)) = Wrapper::decode(push.frame)?.body else {
        return Ok(());
    };
    for item in batch.items.iter() {
        let texts = [item.bid_price, item.bid_quantity, item.ask_price, item.ask_quantity];
        let top = push.book_top(texts.map(str::as_bytes), batch.version.as_bytes())?;
        out.push(push.event(model::Body::Top(top)))?;
    }
    Ok(())
}

fn private_push(
    private: &Private<'_>,
    wrapper: &Wrapper<'_>,
    out: &mut Scratch,
) -> Result<(SymbolId, Option<Ignored>), DecodeError> {
    match &wrapper.body {
        Some(Body::PrivateOrders(order)) => Ok((private.order(wrapper, order, out)?, None)),
        Some(Body::PrivateDeals(deal)) => Ok((private.fill(wrapper, deal, out)?, None)),
        Some(Body::PrivateAccount(account)) => {
            let known = private.balance(account, out)?;
            Ok((SymbolId::NONE, if known { None } else { Some(Ignored::Asset) }))
        }
        _ => Ok((SymbolId::NONE, Some(Ignored::NoBody))),
    }
}

/// Checks the decimals of the kinds that give no event.
fn check_numbers(frame: &[u8], wrapper: &Wrapper<'_>) -> Result<(), DecodeError> {
    let decimal = |field, text: &str| check_decimal(frame, field, text);
    let level = |level: super::DepthLevel<'_>| {
        decimal("price", level.price).and_then(|()| decimal("quantity", level.quantity))
    };
    let depth = |depth: super::IncreaseDepths<'_>| {
        if !depth.version.is_empty() {
            let bytes = depth.version.as_bytes();
            let number = |cause| bad_number(frame, "version", depth.version, cause);
            parse_version(bytes).map_err(number)?;
        }
        depth.asks.iter().chain(depth.bids.iter()).try_for_each(level)
    };
    let ticker = |ticker: super::MiniTicker<'_>| {
        decimal("price", ticker.price)?;
        decimal("rate", ticker.rate)?;
        decimal("zonedRate", ticker.zoned_rate)?;
        decimal("high", ticker.high)?;
        decimal("low", ticker.low)?;
        decimal("volume", ticker.volume)?;
        decimal("quantity", ticker.quantity)?;
        decimal("lastCloseRate", ticker.last_close_rate)?;
        decimal("lastCloseZonedRate", ticker.last_close_zoned_rate)?;
        decimal("lastCloseHigh", ticker.last_close_high)?;
        decimal("lastCloseLow", ticker.last_close_low)
    };
    match &wrapper.body {
        Some(Body::IncreaseDepths(body)) => depth(*body),
        Some(Body::IncreaseDepthsBatch(body)) => body.items.iter().try_for_each(depth),
        Some(Body::MiniTicker(body)) => ticker(*body),
        Some(Body::MiniTickers(body)) => body.items.iter().try_for_each(ticker),
        Some(Body::SpotKline(kline)) => {
            decimal("openingPrice", kline.opening_price)?;
            decimal("closingPrice", kline.closing_price)?;
            decimal("highestPrice", kline.highest_price)?;
            decimal("lowestPrice", kline.lowest_price)?;
            decimal("volume", kline.volume)?;
            decimal("amount", kline.amount)
        }
        _ => Ok(()),
    }
}

/// A plain decimal of any size, with a minus perhaps, or nothing at all.
fn check_decimal(frame: &[u8], field: &'static str, text: &str) -> Result<(), DecodeError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() || plain(whole) && plain(fraction) {
        return Ok(());
    }
    Err(bad_number(frame, field, text, NumError::NotADecimal))
}

fn bad_number(frame: &[u8], field: &'static str, text: &str, cause: NumError) -> DecodeError {
    DecodeError::Number { field, at: offset(frame, text.as_bytes()), cause }
}
