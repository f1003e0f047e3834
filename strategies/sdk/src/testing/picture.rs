//! Scenes for tests, put together part by part.

use abi::area::{BODY, INPUT_END, POSITION, POSITIONS, SIGNAL, SIGNALS, TARGET, TARGETS};
use abi::{NO_ACCOUNT, NO_SYMBOL, NO_TIME, Plain, scene as raw};

use crate::num::Amount;
use crate::time::{Span, VenueTime};
use crate::word::{Closed, Kill, Pattern, Side, Source, TargetState};

/// Bytes of one recorded scene: what the host writes.
pub const SCENE_LEN: usize = INPUT_END;

/// A scene in the making.
#[derive(Clone, Debug)]
pub struct Picture {
    bytes: [u8; SCENE_LEN],
    head: raw::Head,
}

/// A scene of a pair with rules (two decimals of price, one of quantity), both clocks at their
/// second 1,000, an opening a minute later, no book and no news.
pub fn picture(symbol: u32) -> Picture {
    let now = Span::from_secs(1_000).0;
    let head = raw::Head {
        now,
        venue_now: now,
        stamped: NO_TIME,
        symbol,
        account: NO_ACCOUNT,
        price_decimals: 2,
        qty_decimals: 1,
        opens_at: now + Span::from_secs(60).0,
        ..raw::Head::default()
    };
    Picture { bytes: [0; SCENE_LEN], head }
}

impl Picture {
    /// Both clocks so much later.
    #[must_use]
    pub fn later(mut self, span: Span) -> Self {
        self.head.now += span.0;
        if self.head.venue_now != NO_TIME {
            self.head.venue_now += span.0;
        }
        self
    }

    /// The exchange's clock is not known.
    #[must_use]
    pub fn without_venue_time(mut self) -> Self {
        self.head.venue_now = NO_TIME;
        self
    }

    /// Of no pair.
    #[must_use]
    pub fn without_symbol(mut self) -> Self {
        self.head.symbol = NO_SYMBOL;
        self
    }

    /// With that planned opening, or none.
    #[must_use]
    pub fn opens_at(mut self, at: Option<VenueTime>) -> Self {
        self.head.opens_at = at.map_or(NO_TIME, |at| at.0);
        self
    }

    /// With that best bid and ask; 0 for none.
    #[must_use]
    pub fn book(mut self, bid: i64, ask: i64) -> Self {
        (self.head.bid, self.head.ask) = (bid, ask);
        self
    }

    /// With that kill level.
    #[must_use]
    pub fn kill(mut self, kill: Kill) -> Self {
        self.head.kill = kill.number();
        self
    }

    /// With one more signal of the pair.
    ///
    /// # Panics
    /// Beyond four.
    #[must_use]
    pub fn signal(mut self, pattern: Pattern, confidence: u8) -> Self {
        let signal = raw::Signal {
            pattern: pattern.number(),
            confidence,
            flags: raw::UNCALIBRATED,
            symbol: self.head.symbol,
            opens_at: self.head.opens_at,
            ..raw::Signal::default()
        };
        let at = usize::from(self.head.signals);
        assert!(at < SIGNALS, "a scene has at most {SIGNALS} signals");
        self.head.signals += 1;
        self.put(SIGNAL + at * raw::Signal::SIZE, &signal)
    }

    /// With one more target of the plug-in's own.
    #[must_use]
    pub fn target(self, id: u32, account: u8, state: TargetState) -> Self {
        self.any_target(id, account, state, raw::OWN)
    }

    /// With one more target of somebody else.
    #[must_use]
    pub fn foreign_target(self, id: u32, account: u8, state: TargetState) -> Self {
        self.any_target(id, account, state, 0)
    }

    fn any_target(mut self, id: u32, account: u8, state: TargetState, flags: u8) -> Self {
        let opens_at = self.head.opens_at;
        let target = raw::Target {
            id,
            account,
            state: state.number(),
            flags,
            opens_at,
            ..raw::Target::default()
        };
        let at = usize::from(self.head.targets);
        assert!(at < TARGETS, "a scene has at most {TARGETS} targets");
        self.head.targets += 1;
        self.put(TARGET + at * raw::Target::SIZE, &target)
    }

    /// With one more position of the plug-in's own.
    ///
    /// # Panics
    /// Beyond sixteen.
    #[must_use]
    pub fn position(mut self, target: u32, account: u8, qty: i64, entry_price: i64) -> Self {
        let position = raw::Position {
            target,
            account,
            flags: raw::OWN,
            qty,
            entry_price,
            ..raw::Position::default()
        };
        let at = usize::from(self.head.positions);
        assert!(at < POSITIONS, "a scene has at most {POSITIONS} positions");
        self.head.positions += 1;
        self.put(POSITION + at * raw::Position::SIZE, &position)
    }

    /// A witness named the opening that the scene plans.
    #[must_use]
    pub fn listed(self, source: Source) -> Self {
        let opens_at = self.head.opens_at;
        let source = source.number();
        self.event(
            raw::LISTING,
            &raw::Listing { source, what: 1, opens_at, ..raw::Listing::default() },
        )
    }

    /// A public deal.
    #[must_use]
    pub fn print(self, price: i64, qty: i64, taker: Side) -> Self {
        let print = raw::Print { price, qty, taker: taker.number(), reserved: [0; 7] };
        self.event(raw::PRINT, &print)
    }

    /// A timer came, due now.
    #[must_use]
    pub fn timer(self, timer: u32) -> Self {
        let due = self.head.now;
        self.event(raw::TIMER, &raw::Timer { timer, reserved: 0, due })
    }

    /// The operator changed a parameter.
    #[must_use]
    pub fn parameter(self, parameter: u32, value: i64) -> Self {
        self.event(raw::PARAMETER, &raw::Parameter { parameter, reserved: 0, value })
    }

    /// A position of the account changed, with what was paid and received in whole quote.
    #[must_use]
    pub fn position_changed(
        mut self,
        account: u8,
        target: u32,
        closed: Closed,
        paid: i64,
        received: i64,
    ) -> Self {
        self.head.account = account;
        let change = raw::PositionChange {
            target,
            account,
            closed: closed.number(),
            paid: Amount::from_units(paid).raw(),
            received: Amount::from_units(received).raw(),
            ..raw::PositionChange::default()
        };
        self.event(raw::POSITION, &change)
    }

    /// Any other event, by its kind and structure.
    #[must_use]
    pub fn event(mut self, kind: u16, body: &impl Plain) -> Self {
        self.head.kind = kind;
        self.bytes[BODY..SIGNAL].fill(0);
        self.put(BODY, body)
    }

    /// As the host writes it.
    pub fn bytes(&self) -> [u8; SCENE_LEN] {
        let mut bytes = self.bytes;
        self.head.put(&mut bytes);
        bytes
    }

    fn put(mut self, at: usize, part: &impl Plain) -> Self {
        part.put(&mut self.bytes[at..]);
        self
    }
}
