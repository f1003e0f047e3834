//! What a desk is set up with.

use engine::{AccountConfig, Config, Emergency, Patterns, Plans, RateConfig, Thresholds, Timing};
use model::{
    Confidence, EntryKind, EntryPlan, ExitPlan, ExitRung, FixedList, Mode, Pattern, PriceSource,
    Span, Text, Triggers,
};
use risk::{Collar, Limits};

use super::{INSTANCE, money, ms};

/// What a test may change of how the desk is set up.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) entry: EntryPlan,
    pub(crate) exit: ExitPlan,
    /// Counts what the thread has allocated.
    pub(crate) heap: fn() -> u64,
    /// Every so many steps the engine is compared with what its decisions tell; 0 for never.
    pub(crate) compare_every: u32,
}

impl Setup {
    /// The figures of `config/`, with a ladder of two rungs and a stop at a twentieth.
    pub(crate) fn new() -> Self {
        Self {
            config: config(),
            entry: entry_plan(),
            exit: exit_plan(),
            heap: || 0,
            compare_every: 1,
        }
    }

    pub(crate) fn account(&mut self) -> AccountConfig {
        self.config.accounts.get(0).expect("an account")
    }

    pub(crate) fn set_accounts(&mut self, accounts: &[AccountConfig]) {
        self.config.accounts.clear();
        for account in accounts {
            self.config.accounts.push(*account).expect("room for eight");
        }
    }

    pub(crate) fn limits(&mut self, change: impl Fn(&mut Limits)) {
        let mut account = self.account();
        change(&mut account.limits);
        self.set_accounts(&[account]);
    }

    pub(crate) fn ladder(&mut self, rungs: &[(u32, u32)]) {
        self.exit.ladder.clear();
        for (gain_bps, share_bps) in rungs {
            let rung = ExitRung { gain_bps: *gain_bps, share_bps: *share_bps };
            self.exit.ladder.push(rung).expect("room for six");
        }
    }
}

fn entry_plan() -> EntryPlan {
    EntryPlan {
        triggers: Triggers { schedule: true, print: true, strategy: false },
        kind: EntryKind::ImmediateOrCancel,
        notional: money("120"),
        reference: PriceSource::PreOpenAsk,
        operator_price: None,
        premium_bps: 2_000,
        early: ms(200),
        late: Span::from_secs(10),
        orders_max: 60,
    }
}

fn exit_plan() -> ExitPlan {
    let mut ladder = FixedList::new();
    ladder.push(ExitRung { gain_bps: 1_000, share_bps: 5_000 }).expect("room");
    ladder.push(ExitRung { gain_bps: 2_000, share_bps: 5_000 }).expect("room");
    ExitPlan {
        ladder,
        stop_loss_bps: 500,
        trailing_bps: 0,
        trailing_from_bps: 0,
        break_even_bps: 0,
        time_stop: Span::from_secs(600),
        keep_bps: 0,
        resting_share_bps: 5_000,
    }
}

fn config() -> Config {
    let mut accounts = FixedList::new();
    accounts.push(account_config()).expect("room for eight");
    let percent = |percent| Confidence::new(percent).expect("at most 100");
    Config {
        mode: Mode::Demo,
        instance: INSTANCE,
        epoch: 7,
        ids_from: 1,
        plugins: FixedList::new(),
        config: 12,
        operator: Text::clipped("tester"),
        accounts,
        thresholds: Thresholds { record: percent(60), target: percent(75), execute: percent(85) },
        patterns: Patterns::default()
            .with(Pattern::ReadyState)
            .with(Pattern::PreReady)
            .with(Pattern::LaunchSequence),
        timing: Timing {
            reference_from: Span::from_secs(10),
            reference_every: ms(500),
            recv_window_ms: 1_000,
            settle: Span::from_secs(2),
            probe: ms(50),
            unknown_settle: Span::from_secs(10),
            unknown_alarm: Span::from_secs(60),
            timestamp_lead: ms(1_000),
            entry_ttl: Span::from_secs(2),
            cancel_ack: Span::from_secs(1),
            rung: ms(700),
            stop_confirm: ms(100),
            clock_error_max: ms(250),
            clock_age_max: Span::from_secs(3_600),
            slow_retry: ms(250),
        },
        emergency: Emergency { first_bps: 100, second_bps: 300, market_allowed: true },
        plans: Plans { entry: entry_plan(), exit: exit_plan() },
    }
}

fn account_config() -> AccountConfig {
    AccountConfig {
        name: Text::clipped("main"),
        limits: Limits {
            order_notional_max: money("150"),
            order_qty_max: money("100000000000"),
            book_share_bps_max: 2_000,
            clip_allowed: true,
            collar_listing: Collar { bps: 2_000 },
            collar_established: Collar { bps: 300 },
            drift_bps_max: 5_000,
            drift_window: Span::from_secs(10),
            filters_age_max: Span::from_secs(60),
            exposure_symbol_max: money("150"),
            exposure_quote_max: money("450"),
            exposure_total_max: money("450"),
            orders_live_max: 20,
            orders_live_symbol_max: 4,
            targets_active_max: 5,
            positions_max: 3,
            daily_buy_max: money("900"),
        },
        rate: RateConfig {
            per_window: 10,
            window: Span::from_secs(1),
            reserve_cancels: 3,
            reserve_exits: 2,
        },
    }
}
