//! A stage for tests: pictures of scenes go in, typed wishes come out. Native only.
//!
//! ```text
//! let mut stage = Stage::<Hello>::new();
//! let reply = stage.show(&picture(3).signal(Pattern::ReadyState, 90));
//! assert_eq!(reply.log, "pair 3: ready_state at 90 of 100");
//! ```

use std::borrow::ToOwned;
use std::string::{String, ToString};
use std::vec::Vec;

use abi::area::{INTENTS, LOG, LOG_MAX, OUTPUT, TIMER, TIMERS};
use abi::export::{ALLOW, Answer, SHRINK};
use abi::intent::{self, EntryPlan, ExitPlan, ExitRung, Intent, TimerSet};
use abi::{Call, Guest, Plain, judge};

use crate::desk::Proposal;
use crate::native::Native;
use crate::num::{Amount, Qty};
use crate::plugin::Plugin;
use crate::rule::{Question, Verdict};
use crate::setup::Setup;
use crate::time::{Mono, Span};
use crate::word::{AccountId, Pattern, SymbolId, TargetId};

mod picture;
mod storm;

pub use storm::storm;

pub use picture::{Picture, SCENE_LEN, picture};

/// What one call left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Wishes in order.
    pub wishes: Vec<Wish>,
    /// Timers set; [`abi::NEVER`] clears one.
    pub timers: Vec<TimerSet>,
    /// Text for the log.
    pub log: String,
}

/// One wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// For a target.
    Propose(Proposal),
    /// To fire it.
    Enter(TargetId),
    /// To leave otherwise.
    Amend(TargetId, ExitPlan),
    /// To sell so much, or all.
    Exit(TargetId, Option<Qty>),
}

/// One plug-in under test.
#[derive(Debug)]
pub struct Stage<P: Plugin> {
    guest: Native<P>,
}

impl<P: Plugin> Stage<P> {
    /// Set up with [`setup`] and the manifest's defaults.
    ///
    /// # Panics
    /// When the plug-in refuses that.
    pub fn new() -> Self {
        Self::with(&setup::<P>()).expect("a plug-in that runs with its defaults")
    }

    /// Set up otherwise.
    ///
    /// # Errors
    /// The number with which the plug-in refused.
    pub fn with(setup: &Setup) -> Result<Self, i32> {
        let mut stage = Self { guest: Native::new() };
        stage.set_up(setup)?;
        Ok(stage)
    }

    /// Shows another setup, as after a change of a parameter.
    ///
    /// # Errors
    /// The number with which the plug-in refused.
    pub fn set_up(&mut self, setup: &Setup) -> Result<(), i32> {
        setup.raw.put(self.guest.area());
        match self.call(Call::Setup) {
            0 => Ok(()),
            number => Err(number),
        }
    }

    /// Shows one scene.
    ///
    /// # Panics
    /// When the plug-in gives up, or leaves behind what the host would not take.
    pub fn show(&mut self, picture: &Picture) -> Reply {
        self.show_bytes(&picture.bytes())
    }

    /// Shows recorded scenes of [`SCENE_LEN`] bytes each, one behind the other.
    ///
    /// # Panics
    /// As [`show`](Self::show), and for a rest that is no scene.
    pub fn feed(&mut self, scenes: &[u8]) -> Vec<Reply> {
        assert_eq!(scenes.len() % SCENE_LEN, 0, "a scene has {SCENE_LEN} bytes");
        scenes.chunks_exact(SCENE_LEN).map(|scene| self.show_bytes(scene)).collect()
    }

    /// Asks about one buy.
    ///
    /// # Panics
    /// When it is no risk rule.
    pub fn ask(&mut self, question: &Question) -> Verdict {
        question.raw.put(self.guest.area());
        let number = self.call(Call::Judge);
        let figures = judge::Verdict::get(&self.guest.area()[OUTPUT..]);
        match number {
            ALLOW => Verdict::Allow,
            SHRINK => Verdict::Shrink(Qty::from_raw(figures.qty).expect("a quantity")),
            _ => Verdict::Refuse(figures.code),
        }
    }

    /// Its state as saved bytes; `None` when it has nothing to carry over.
    pub fn save(&mut self) -> Option<Vec<u8>> {
        let len = usize::try_from(self.call(Call::Save)).ok()?;
        Some(self.guest.state()[..len].to_owned())
    }

    /// A new instance that takes this state; `None` when it does not understand it.
    ///
    /// # Panics
    /// When the state is longer than the manifest says.
    pub fn restored(version: u32, state: &[u8]) -> Option<Self> {
        let mut stage = Self::new();
        stage.guest.state()[..state.len()].copy_from_slice(state);
        let len = state.len() as u32;
        (stage.call(Call::Restore { version, len }) == 0).then_some(stage)
    }

    /// The plug-in itself.
    pub const fn plugin(&self) -> &P {
        self.guest.plugin()
    }

    fn call(&mut self, call: Call) -> i32 {
        self.guest.call(call).expect("the plug-in has that export")
    }

    fn show_bytes(&mut self, scene: &[u8]) -> Reply {
        self.guest.area()[..scene.len()].copy_from_slice(scene);
        let answer = Answer::unpack(self.call(Call::OnEvent)).expect("the plug-in goes on");
        reply(answer, self.guest.area())
    }
}

impl<P: Plugin> Default for Stage<P> {
    fn default() -> Self {
        Self::new()
    }
}

fn reply(Answer { intents, timers, log }: Answer, area: &[u8]) -> Reply {
    let (intents, timers) = (usize::from(intents), usize::from(timers));
    let log = usize::from(log);
    assert!(intents <= INTENTS && timers <= TIMERS && log <= LOG_MAX, "more than allowed");
    let wishes = area[OUTPUT..].chunks(Intent::SIZE).take(intents);
    let timers = area[TIMER..].chunks(TimerSet::SIZE).take(timers);
    Reply {
        wishes: wishes.map(|bytes| wish(&Intent::get(bytes))).collect(),
        timers: timers.map(TimerSet::get).collect(),
        log: core::str::from_utf8(&area[LOG..LOG + log]).expect("UTF-8").to_string(),
    }
}

fn wish(intent: &Intent) -> Wish {
    let target = TargetId(intent.target);
    match intent.kind {
        intent::PROPOSE => Wish::Propose(Proposal {
            account: AccountId(intent.account),
            symbol: SymbolId(intent.symbol),
            pattern: Pattern::from_number(intent.pattern),
            confidence: intent.confidence,
            entry: intent.entry,
            exit: intent.exit,
        }),
        intent::ENTER => Wish::Enter(target),
        intent::AMEND => Wish::Amend(target, intent.exit),
        intent::EXIT => Wish::Exit(target, Qty::from_raw(intent.qty).filter(|qty| !qty.is_zero())),
        other => panic!("no wish has the number {other}"),
    }
}

/// One account, a base size of 100 from half to one and a half, an entry at the opening, an exit
/// with one rung, a stop and a time stop; parameters as the manifest's defaults say.
pub fn setup<P: Plugin>() -> Setup {
    let ladder = [ExitRung { gain_bps: 500, share_bps: 5_000 }];
    let mut raw = abi::setup::Setup {
        accounts: 1,
        target_confidence: 75,
        execute_confidence: 85,
        size_min_bps: 5_000,
        size_max_bps: 15_000,
        entry: EntryPlan {
            notional: Amount::from_units(100).raw(),
            early: Span::from_millis(200).0,
            late: Span::from_secs(10).0,
            premium_bps: 1_000,
            orders_max: 40,
            triggers: intent::SCHEDULE | intent::PRINT,
            kind: intent::IMMEDIATE_OR_CANCEL,
            reference: intent::PRE_OPEN_ASK,
            ..EntryPlan::default()
        },
        exit: ExitPlan {
            time_stop: Span::from_secs(10).0,
            stop_loss_bps: 500,
            resting_share_bps: 5_000,
            rungs: ladder.len() as u32,
            ..ExitPlan::default()
        },
        ..abi::setup::Setup::default()
    };
    raw.exit.ladder[..ladder.len()].copy_from_slice(&ladder);
    let values = defaults(P::MANIFEST);
    raw.params = values.len() as u32;
    raw.values[..values.len()].copy_from_slice(&values);
    Setup { raw }
}

impl Setup {
    /// With other accounts.
    #[must_use]
    pub fn with_accounts(mut self, accounts: u8) -> Self {
        self.raw.accounts = accounts;
        self
    }

    /// With another value of the parameter at that place.
    #[must_use]
    pub fn with_parameter(mut self, index: usize, value: i64) -> Self {
        self.raw.values[index] = value;
        self
    }
}

/// Values of the parameters as their defaults say.
///
/// # Panics
/// When the manifest is not as the README says.
pub fn defaults(manifest: &str) -> Vec<i64> {
    let tables = manifest.split("[[parameters]]").skip(1);
    tables.map(|table| default(table).expect("a default as its type says")).collect()
}

fn default(table: &str) -> Option<i64> {
    let value = key(table, "default")?;
    match key(table, "type")? {
        "\"decimal\"" => {
            let decimals = key(table, "decimals")?.parse::<usize>().ok()?;
            let (whole, fraction) = value.trim_matches('"').split_once('.').unwrap_or((value, ""));
            let digits = whole.trim_matches('"').to_owned() + fraction;
            let missing = u32::try_from(decimals.checked_sub(fraction.len())?).ok()?;
            digits.parse::<i64>().ok()?.checked_mul(10_i64.checked_pow(missing)?)
        }
        "\"flag\"" => Some(i64::from(value == "true")),
        "\"choice\"" => {
            let choices = key(table, "choices")?.trim_matches(['[', ']']).split(',');
            let at = choices.map(str::trim).position(|choice| choice == value)?;
            i64::try_from(at).ok()
        }
        _ => value.replace('_', "").parse().ok(),
    }
}

fn key<'a>(table: &'a str, name: &str) -> Option<&'a str> {
    let lines = table.lines().filter_map(|line| line.split_once('='));
    let mut found = lines.filter(|(key, _)| key.trim() == name);
    found.next().map(|(_, value)| value.split('#').next().unwrap_or_default().trim())
}

/// A buy of 10 at 2.00 with a live book and nothing held; prices at two decimals, quantities at
/// one.
pub fn question() -> Question {
    let raw = judge::Question {
        now: Mono::default().after(Span::from_secs(1)).0,
        venue_now: Span::from_secs(1_000).0,
        price_decimals: 2,
        qty_decimals: 1,
        price: 200,
        qty: 100,
        step: 1,
        bid: 199,
        ask: 200,
        depth: 1_000_000,
        notional: Amount::from_units(20).raw(),
        permit_max: Amount::from_units(100).raw(),
        permit: 1,
        opened: 1,
        listing: 1,
        ..judge::Question::default()
    };
    Question { raw }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_scaled_as_their_types_say() {
        let manifest = "abi = 1\n\
            [[parameters]]\ntype = \"whole\"\ndefault = 1_000 # parts\n\
            [[parameters]]\ntype = \"decimal\"\ndecimals = 2\ndefault = \"0.5\"\n\
            [[parameters]]\ntype = \"decimal\"\ndecimals = 3\ndefault = \"12\"\n\
            [[parameters]]\ntype = \"flag\"\ndefault = true\n\
            [[parameters]]\ntype = \"choice\"\nchoices = [\"a\", \"b\"]\ndefault = \"b\"\n";
        assert_eq!(defaults(manifest), [1_000, 50, 12_000, 1, 1]);
        assert_eq!(defaults("abi = 1"), [0; 0]);
    }
}
