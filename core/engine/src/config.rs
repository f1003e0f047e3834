//! What a run is started with; fixed for its life, hashed into every permit.

use model::{Confidence, EntryPlan, ExitPlan, FixedList, Mode, Pattern, Slot, Span, Text};
use risk::Limits;

/// Settings of the engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// What money is at stake.
    pub mode: Mode,
    /// Random per data directory, 24 bits.
    pub instance: u32,
    /// Starts of this data directory, 24 bits; greater than any before.
    pub epoch: u32,
    /// First id that this run gives to a permit or target; above all that were given before.
    pub ids_from: u32,
    /// Hash of the plug-in that the configuration puts in each slot; 0 for none. Beyond the list
    /// there is none.
    pub plugins: FixedList<u128, { Slot::MAX }>,
    /// Hash of the configuration's text.
    pub config: u128,
    /// Who runs it.
    pub operator: Text<32>,
    /// Accounts, in the order of the configuration.
    pub accounts: FixedList<AccountConfig, 8>,
    /// Named confidence thresholds.
    pub thresholds: Thresholds,
    /// Which patterns may make a target.
    pub patterns: Patterns,
    /// Waits and bounds.
    pub timing: Timing,
    /// How hard an exit presses.
    pub emergency: Emergency,
    /// What the operator's own targets follow.
    pub plans: Plans,
}

impl Config {
    /// With accounts of these names, in this order: what a start before ran with. Figures are those
    /// of the account of the same name, or of the first where there is none.
    #[must_use]
    pub fn with_accounts(self, names: &FixedList<Text<16>, 8>) -> Self {
        let mut accounts = FixedList::new();
        for name in names.iter() {
            let same = self.accounts.iter().find(|account| account.name == name);
            if let Some(like) = same.or(self.accounts.get(0)) {
                // As many places as there are names.
                let _ = accounts.push(AccountConfig { name, ..like });
            }
        }
        Self { accounts, ..self }
    }

    /// What the accounts are called, in their order.
    pub fn account_names(&self) -> FixedList<Text<16>, 8> {
        let mut names = FixedList::new();
        for account in self.accounts.iter() {
            // As many places as there are accounts.
            let _ = names.push(account.name);
        }
        names
    }
}

/// The configured way in and out, for targets that no strategy proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plans {
    /// Way in.
    pub entry: EntryPlan,
    /// Way out.
    pub exit: ExitPlan,
}

/// One account's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountConfig {
    /// What it is called; no two share a name, and what outlives a process is told apart by it.
    pub name: Text<16>,
    /// Its limits.
    pub limits: Limits,
    /// Its budget of order requests.
    pub rate: RateConfig,
}

/// The budget for everything that counts against the venue's shared order limit.
///
/// The venue allows 12 a second; the default leaves two of them to jitter on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateConfig {
    /// Requests in any sliding window, by send time.
    pub per_window: u32,
    /// The window.
    pub window: Span,
    /// Of these, kept for cancels.
    pub reserve_cancels: u32,
    /// Of these, kept for exits while something is held.
    pub reserve_exits: u32,
}

/// Three thresholds with names; see requirements/lessons on why one is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// A signal below is not noted.
    pub record: Confidence,
    /// A target is made from here on.
    pub target: Confidence,
    /// A target executes from here on.
    pub execute: Confidence,
}

/// A set of [`Pattern`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patterns(u16);

impl Patterns {
    /// With one more.
    #[must_use]
    pub const fn with(self, pattern: Pattern) -> Self {
        Self(self.0 | 1 << pattern as u8)
    }

    /// Whether `pattern` is in it.
    pub const fn has(self, pattern: Pattern) -> bool {
        self.0 & (1 << pattern as u8) != 0
    }
}

/// Waits and bounds of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long before the planned opening the book is asked for a reference price.
    pub reference_from: Span,
    /// How often.
    pub reference_every: Span,
    /// Receive window signed into entries, at most 2,000 ms.
    pub recv_window_ms: u32,
    /// A reply's last word on fills may lag this long before the deals are asked for.
    pub settle: Span,
    /// First question after an order's fate became unknown; doubles up to 32 times this.
    pub probe: Span,
    /// Negative answers must spread over this long after the fence.
    pub unknown_settle: Span,
    /// An alarm is raised when a fate stays unknown this long.
    pub unknown_alarm: Span,
    /// The venue takes a timestamp this far ahead of its clock.
    pub timestamp_lead: Span,
    /// Longest life of a resting entry.
    pub entry_ttl: Span,
    /// A cancel not confirmed in this time is asked again.
    pub cancel_ack: Span,
    /// Each rung of the emergency ladder lasts at most this long.
    pub rung: Span,
    /// A stop must be breached this long, or by two deals, before it sells.
    pub stop_confirm: Span,
    /// Largest error of the clock estimate with which entries are allowed.
    pub clock_error_max: Span,
    /// Oldest clock sample with which entries are allowed.
    pub clock_age_max: Span,
    /// Slowest pace of trying again where the pair is not open to the API.
    pub slow_retry: Span,
}

/// The emergency ladder of an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// First rung: an immediate-or-cancel sale this far below the bid, in ten-thousandths.
    pub first_bps: u32,
    /// Second rung, farther below.
    pub second_bps: u32,
    /// Whether the third rung may be a market order where the pair allows it.
    pub market_allowed: bool,
}
