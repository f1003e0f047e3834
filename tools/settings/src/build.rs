//! From checked values to the types of the program, and what must hold between them.

use model::{
    Amount, Confidence, EntryKind, ExitPlan, ExitRung, FixedList, Mode, Pattern, PriceSource, Span,
    Text, Triggers,
};

use crate::Settings;
use crate::check::Table;
use crate::key_ref::KeyRef;
use crate::problem::{Fault, LoadError, Problem, Source};
use crate::types::{
    Account, Endpoint, Entry, Exit, Limits, Loop, Paper, Period, Plugins, Scout, Slot, Targets,
    Venue, Wait, is_live, tenth,
};
use crate::value::{self, Value};

/// Whether the addresses are those to be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// They are.
    Said,
    /// They are examples: nobody will dial them.
    Examples,
}

/// Puts the settings together.
///
/// # Errors
/// What fits together badly, with both figures.
pub(crate) fn build(table: Table, places: Places) -> Result<Settings, LoadError> {
    let table = &table;
    let mut rules = Rules { table, problems: Vec::new() };
    let mode = table.mode();
    let mut limits = limits(table);
    let mut targets = targets(table);
    rules.limits(&limits);
    rules.sizes(&targets, &limits);
    rules.periods(&scout(table));
    let exit = exit(table);
    rules.exit(&exit);
    let mut accounts = accounts(table);
    rules.accounts(&accounts, mode);
    rules.slots(&slots(table));
    if places == Places::Said {
        rules.venue(&venue(table), mode);
    }
    if !rules.problems.is_empty() {
        return Err(LoadError { problems: rules.problems });
    }
    if mode == Mode::LiveMin {
        limits = limits.at_a_tenth();
        targets.base_size = tenth(targets.base_size);
        for account in &mut accounts {
            account.budget = tenth(account.budget);
        }
    }
    let runtime_dir = table.text("runtime_dir");
    let key_store = table.text("key_store");
    Ok(Settings {
        mode,
        data_dir: table.text("data_dir").into(),
        runtime_dir: (runtime_dir != "auto").then(|| runtime_dir.into()),
        key_store: (key_store != "auto").then(|| key_store.into()),
        venue: venue(table),
        accounts,
        slots: slots(table),
        plugins: plugins(table),
        loop_: hot_loop(table),
        scout: scout(table),
        targets,
        entry: entry(table),
        exit,
        paper: on_paper(table),
        limits,
        table: table.clone(),
    })
}

fn venue(table: &Table) -> Venue {
    let roots = table.text("venue.tls_roots");
    Venue {
        name: table.text("venue.name").into(),
        rest: table.endpoint("venue.rest"),
        ws: table.endpoint("venue.ws"),
        futures_ws: table.endpoint("venue.futures_ws"),
        web: table.endpoint("venue.web"),
        tls: table.flag("venue.tls"),
        tls_roots: (roots != "public").then(|| roots.into()),
    }
}

fn accounts(table: &Table) -> Vec<Account> {
    let account = |index| {
        let key = |name: &str| format!("accounts.{index}.{name}");
        let reference = KeyRef::parse(table.text(&key("key")));
        Account {
            name: table.text(&key("name")).into(),
            key: reference.unwrap_or(KeyRef::Demo),
            source: value::source(table.text(&key("source"))),
            budget: table.money(&key("budget")),
        }
    };
    (0..table.len("accounts")).map(account).collect()
}

fn slots(table: &Table) -> Vec<Slot> {
    let slot = |index| {
        let key = |name: &str| format!("slots.{index}.{name}");
        Slot {
            slot: model::Slot(table.small(&key("slot"))),
            plugin: table.text(&key("plugin")).into(),
            // The schema takes nothing else.
            parameters: value::parameters(table.text(&key("parameters"))).unwrap_or_default(),
        }
    };
    (0..table.len("slots")).map(slot).collect()
}

fn plugins(table: &Table) -> Plugins {
    let key = table.text("plugins.key");
    Plugins {
        dir: table.text("plugins.dir").into(),
        watch: table.flag("plugins.watch"),
        key: (key != "none").then(|| key.into()),
        faults_max: table.small("plugins.faults_max"),
        faults_within: table.small("plugins.faults_within"),
    }
}

fn hot_loop(table: &Table) -> Loop {
    Loop {
        wait: match table.text("loop.wait") {
            "spin" => Wait::Spin,
            "park" => Wait::Park,
            _ => Wait::Adaptive,
        },
        core: table.whole_or_none("loop.core").and_then(|core| usize::try_from(core).ok()),
        market_links: table.small("loop.market_links"),
        order_links: table.small("loop.order_links"),
    }
}

fn scout(table: &Table) -> Scout {
    let period = |name: &str| Period {
        far: table.millis(&format!("scout.{name}_ms")),
        near: table.millis(&format!("scout.{name}_near_ms")),
    };
    Scout {
        near_from: table.secs("scout.near_from_s"),
        calendar: period("calendar"),
        symbols: period("symbols"),
        exchange_info: period("exchange_info"),
    }
}

fn targets(table: &Table) -> Targets {
    let pattern = |word: &&str| match *word {
        "ready_state" => Pattern::ReadyState,
        "pre_ready" => Pattern::PreReady,
        _ => Pattern::LaunchSequence,
    };
    Targets {
        record: table.confidence("targets.record_confidence"),
        target: table.confidence("targets.target_confidence"),
        execute: table.confidence("targets.execute_confidence"),
        base_size: table.money("targets.base_size"),
        size_min_bps: table.small("targets.size_min_bps"),
        size_max_bps: table.small("targets.size_max_bps"),
        patterns: table.words("targets.patterns").iter().map(pattern).collect(),
    }
}

fn entry(table: &Table) -> Entry {
    let triggers = table.words("entry.triggers");
    Entry {
        kind: match table.text("entry.kind") {
            "limit" => EntryKind::Limit,
            _ => EntryKind::ImmediateOrCancel,
        },
        triggers: Triggers {
            schedule: triggers.contains(&"schedule"),
            print: triggers.contains(&"print"),
            strategy: triggers.contains(&"strategy"),
        },
        // The only one so far; the schema refuses others.
        reference: PriceSource::PreOpenAsk,
        premium_bps: table.small("entry.premium_bps"),
        early: table.millis("entry.early_ms"),
        late: table.millis("entry.late_ms"),
        orders_max: table.small("entry.orders_max"),
        recv_window_ms: table.small("entry.recv_window_ms"),
    }
}

fn exit(table: &Table) -> Exit {
    let mut ladder = FixedList::new();
    for index in 0..table.len("exit.ladder") {
        let figure = |name: &str| table.small(&format!("exit.ladder.{index}.{name}"));
        let rung = ExitRung { gain_bps: figure("gain_bps"), share_bps: figure("share_bps") };
        // The schema bounds the ladder by the same figure.
        assert!(ladder.push(rung).is_ok(), "a ladder of more than 6 rungs passed the check");
    }
    Exit {
        plan: ExitPlan {
            ladder,
            stop_loss_bps: table.small("exit.stop_loss_bps"),
            trailing_bps: table.small("exit.trailing_bps"),
            trailing_from_bps: table.small("exit.trailing_from_bps"),
            break_even_bps: table.small("exit.break_even_bps"),
            time_stop: table.secs("exit.time_stop_s"),
            keep_bps: table.small("exit.keep_bps"),
            resting_share_bps: table.small("exit.resting_share_bps"),
        },
        rung: table.millis("exit.rung_ms"),
        emergency_first_bps: table.small("exit.emergency_first_bps"),
        emergency_second_bps: table.small("exit.emergency_second_bps"),
        emergency_market: table.flag("exit.emergency_market"),
    }
}

fn on_paper(table: &Table) -> Paper {
    Paper {
        latency: paper::Latency {
            order: table.millis("paper.order_ms"),
            order_spread: table.millis("paper.order_spread_ms"),
            stream: table.millis("paper.stream_ms"),
            stream_spread: table.millis("paper.stream_spread_ms"),
        },
        fees: paper::Fees {
            maker_ppm: table.small("paper.maker_fee_ppm"),
            taker_ppm: table.small("paper.taker_fee_ppm"),
            asset: match table.text("paper.fee_asset") {
                "quote" => paper::FeeAsset::Quote,
                _ => paper::FeeAsset::Received,
            },
        },
        purse: table.money("paper.purse"),
        purse_asset: Text::clipped(table.text("paper.purse_asset")),
    }
}

fn limits(table: &Table) -> Limits {
    Limits {
        order_max_notional: table.money("risk.order.max_notional"),
        order_max_qty: table.money("risk.order.max_qty"),
        order_max_book_share_bps: table.small("risk.order.max_book_share_bps"),
        order_allow_clip: table.flag("risk.order.allow_clip"),
        collar_established_bps: table.small("risk.collar.static_bps.established"),
        collar_listing_bps: table.small("risk.collar.static_bps.listing"),
        collar_window: table.millis("risk.collar.window_ms"),
        collar_drift_bps: table.small("risk.collar.drift_bps"),
        filters_max_age: table.millis("risk.filters.max_age_ms"),
        exposure_symbol: table.money("risk.exposure.symbol"),
        exposure_quote: table.money("risk.exposure.quote"),
        exposure_total: table.money("risk.exposure.total"),
        orders_max_live: table.small("risk.orders.max_live"),
        orders_max_live_symbol: table.small("risk.orders.max_live_symbol"),
        targets_max_active: table.small("risk.targets.max_active"),
        positions_max: table.small("risk.positions.max"),
        daily_max_buy: table.money("risk.daily.max_buy"),
        rate_orders_per_s: table.small("risk.rate.orders_per_s"),
        rate_reserve_cancels: table.small("risk.rate.reserve_cancels"),
        rate_reserve_exits: table.small("risk.rate.reserve_exits"),
        rate_ip_weight_per_10s: table.small("risk.rate.ip_weight_per_10s"),
        clock_max_error: table.millis("risk.clock.max_error_ms"),
        journal_max_lag: table.millis("risk.journal.max_lag_ms"),
    }
}

/// What must hold between keys.
struct Rules<'a> {
    table: &'a Table,
    problems: Vec<Problem>,
}

impl Rules<'_> {
    /// A limit that a smaller one makes meaningless is a mistake of whoever wrote it.
    fn limits(&mut self, limits: &Limits) {
        self.rising(&[
            ("risk.order.max_notional", limits.order_max_notional),
            ("risk.exposure.symbol", limits.exposure_symbol),
            ("risk.exposure.quote", limits.exposure_quote),
            ("risk.exposure.total", limits.exposure_total),
        ]);
        self.rising(&[
            ("risk.orders.max_live_symbol", limits.orders_max_live_symbol),
            ("risk.orders.max_live", limits.orders_max_live),
        ]);
        self.rising(&[
            ("risk.collar.static_bps.established", limits.collar_established_bps),
            ("risk.collar.static_bps.listing", limits.collar_listing_bps),
        ]);
        let (all, cancels, exits) =
            (limits.rate_orders_per_s, limits.rate_reserve_cancels, limits.rate_reserve_exits);
        if cancels + exits >= all {
            self.clash(
                "risk.rate.orders_per_s",
                format!(
                    "risk.rate.reserve_cancels = {cancels} and reserve_exits = {exits} leave \
                     nothing of orders_per_s = {all} for entries"
                ),
            );
        }
    }

    fn sizes(&mut self, targets: &Targets, limits: &Limits) {
        self.rising(&[
            ("targets.record_confidence", targets.record),
            ("targets.target_confidence", targets.target),
            ("targets.execute_confidence", targets.execute),
        ]);
        let largest = targets.base_size.share_bps(targets.size_max_bps).unwrap_or(Amount::MAX);
        if largest > limits.order_max_notional {
            let (base, share) = (targets.base_size, targets.size_max_bps);
            let max = limits.order_max_notional;
            self.clash(
                "targets.base_size",
                format!(
                    "targets.base_size = {base} at targets.size_max_bps = {share} is {largest}, \
                     above risk.order.max_notional = {max}: the largest targets would be refused"
                ),
            );
        }
    }

    fn periods(&mut self, scout: &Scout) {
        for (name, period) in [
            ("calendar", scout.calendar),
            ("symbols", scout.symbols),
            ("exchange_info", scout.exchange_info),
        ] {
            if period.near > period.far {
                let (near, far) = (period.near.millis(), period.far.millis());
                let rule = format!("scout.{name}_near_ms = {near} is above {name}_ms = {far}");
                self.clash(&format!("scout.{name}_near_ms"), rule);
            }
        }
        let (far, max) = (scout.exchange_info.far, self.table.millis("risk.filters.max_age_ms"));
        if far >= max {
            let rule = format!(
                "scout.exchange_info_ms = {} is not below risk.filters.max_age_ms = {}: rules \
                 would be too old to arm with",
                far.millis(),
                max.millis()
            );
            self.clash("scout.exchange_info_ms", rule);
        }
    }

    fn exit(&mut self, exit: &Exit) {
        if let Err(error) = exit.plan.check() {
            self.clash("exit", format!("[exit]: {error}"));
        }
        self.rising(&[
            ("exit.emergency_first_bps", exit.emergency_first_bps),
            ("exit.emergency_second_bps", exit.emergency_second_bps),
        ]);
    }

    fn slots(&mut self, slots: &[Slot]) {
        for (at, slot) in slots.iter().enumerate() {
            if let Some(first) = slots[..at].iter().position(|other| other.slot == slot.slot) {
                let number = slot.slot.0;
                let rule = format!("slots.{first} and slots.{at} are both slot {number}");
                self.clash(&format!("slots.{at}.slot"), rule);
            }
        }
    }

    fn accounts(&mut self, accounts: &[Account], mode: Mode) {
        for (at, account) in accounts.iter().enumerate() {
            let same = accounts[..at].iter().position(|other| other.name == account.name);
            if let Some(first) = same {
                let name = &account.name;
                let rule = format!("accounts.{first} and accounts.{at} are both called {name:?}");
                self.clash(&format!("accounts.{at}.name"), rule);
            }
            if account.key == KeyRef::Demo && mode != Mode::Demo {
                let rule = format!(
                    "accounts.{at}.key = \"demo\" is the built-in exchange's; use \
                     store:NAME, credential:NAME, file:PATH or env:NAME"
                );
                self.clash(&format!("accounts.{at}.key"), rule);
            }
        }
    }

    /// Orders of real money never travel in the clear.
    fn venue(&mut self, venue: &Venue, mode: Mode) {
        let all = [&venue.rest, &venue.ws, &venue.futures_ws, &venue.web];
        let far = all.iter().find(|endpoint| !endpoint.is_loopback());
        if let (false, Some(far)) = (venue.tls, far) {
            let rule = format!("venue.tls = false, but {} is not this machine", far.host);
            self.clash("venue.tls", rule);
        }
        if let (Mode::Demo, Some(far)) = (mode, far) {
            let rule = format!(
                "mode = \"demo\" trades on a simulated exchange on this machine, and {}:{} is not; \
                 start `shrike exchange` and set venue.rest, ws, web and futures_ws to its address, \
                 or use mode = \"paper\"",
                far.host, far.port
            );
            self.clash("mode", rule);
        }
        if is_live(mode) && venue.rest.is_loopback() {
            let rule = format!("mode = {:?}, but venue.rest is this machine", mode.name());
            self.clash("venue.rest", rule);
        }
    }

    /// Each figure at least the one before.
    fn rising<T: PartialOrd + Figure>(&mut self, figures: &[(&str, T)]) {
        for pair in figures.windows(2) {
            let [(low_key, low), (high_key, high)] = pair else { continue };
            if low > high {
                let (low, high) = (low.figure(), high.figure());
                self.clash(low_key, format!("{low_key} = {low} is above {high_key} = {high}"));
            }
        }
    }

    fn clash(&mut self, key: &str, rule: String) {
        let source: Option<Source> = self.table.source(key).cloned();
        self.problems.push(Problem { source, key: key.into(), fault: Fault::Clash { rule } });
    }
}

/// As an error shows it.
trait Figure {
    fn figure(&self) -> String;
}

impl Figure for Amount {
    fn figure(&self) -> String {
        self.to_string()
    }
}

impl Figure for u32 {
    fn figure(&self) -> String {
        self.to_string()
    }
}

impl Figure for u16 {
    fn figure(&self) -> String {
        self.to_string()
    }
}

impl Figure for Confidence {
    fn figure(&self) -> String {
        self.percent().to_string()
    }
}

/// Values by type. Each call names a key whose kind in the schema is that type; the shipped
/// configuration goes through every one of them in a test.
impl Table {
    fn mode(&self) -> Mode {
        match self.text("mode") {
            "live" => Mode::Live,
            "live_min" => Mode::LiveMin,
            "demo" => Mode::Demo,
            _ => Mode::Paper,
        }
    }

    fn whole(&self, path: &str) -> u64 {
        let Value::Whole(number) = self.get(path) else {
            unreachable!("{path} is of another kind")
        };
        *number
    }

    fn whole_or_none(&self, path: &str) -> Option<u64> {
        if let Value::Whole(number) = self.get(path) { Some(*number) } else { None }
    }

    fn small<T: TryFrom<u64>>(&self, path: &str) -> T {
        let number = self.whole(path);
        T::try_from(number).unwrap_or_else(|_| unreachable!("{path} = {number} passed its range"))
    }

    fn millis(&self, path: &str) -> Span {
        Span::from_millis(self.whole(path))
    }

    fn secs(&self, path: &str) -> Span {
        Span::from_secs(self.whole(path))
    }

    fn confidence(&self, path: &str) -> Confidence {
        let percent = self.small(path);
        Confidence::new(percent)
            .unwrap_or_else(|| unreachable!("{path} = {percent} passed its range"))
    }

    fn money(&self, path: &str) -> Amount {
        let Value::Money(amount) = self.get(path) else {
            unreachable!("{path} is of another kind")
        };
        *amount
    }

    fn flag(&self, path: &str) -> bool {
        matches!(self.get(path), Value::Flag(true))
    }

    fn text(&self, path: &str) -> &str {
        let Value::Text(text) = self.get(path) else { unreachable!("{path} is of another kind") };
        text
    }

    fn words(&self, path: &str) -> &[&'static str] {
        let Value::Words(words) = self.get(path) else { unreachable!("{path} is of another kind") };
        words
    }

    fn endpoint(&self, path: &str) -> Endpoint {
        let text = self.text(path);
        Endpoint::parse(text).unwrap_or_else(|| unreachable!("{path} = {text} passed its check"))
    }
}
