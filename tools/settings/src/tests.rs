//! The shipped configuration, and every way to get one key of it wrong.

use model::{Amount, Mode, Span};

use super::*;
use crate::schema::{KEYS, Key, Kind};

/// The shipped files as one flat list of key and value, so that a test can drop or change one.
fn shipped() -> Vec<(String, String)> {
    let loaded = Settings::from_texts(&texts(), &[], &[]).expect("the shipped configuration");
    loaded.shown().into_iter().map(|row| (row.key, row.value)).collect()
}

fn texts() -> Vec<(String, String)> {
    SHIPPED.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
}

/// Loads rows as one file; list entries are written as one inline list.
fn load(rows: &[(String, String)]) -> Result<Settings, LoadError> {
    let mut text = String::new();
    for group in &schema::GROUPS {
        let mut entries: Vec<Vec<String>> = Vec::new();
        for (key, value) in rows {
            let Some(rest) = key.strip_prefix(&format!("{}.", group.path)) else { continue };
            let Some((index, name)) = rest.split_once('.') else { continue };
            let Some(index) = schema::index(index) else { continue };
            entries.resize(entries.len().max(index + 1), Vec::new());
            entries[index].push(format!("{name} = {value}"));
        }
        let entries: Vec<String> =
            entries.iter().map(|fields| format!("{{ {} }}", fields.join(", "))).collect();
        text.push_str(&format!("{} = [{}]\n", group.path, entries.join(", ")));
    }
    for (key, value) in rows {
        if !key.split('.').any(|part| schema::index(part).is_some()) {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    Settings::from_texts(&[("test.toml".into(), text)], &[], &[])
}

fn with(key: &str, value: &str) -> Result<Settings, LoadError> {
    let mut rows = shipped();
    let row = rows.iter_mut().find(|row| row.0 == key).expect("a shipped key");
    row.1 = value.into();
    load(&rows)
}

/// The only problem; panics when there is another number of them.
fn problem(result: Result<Settings, LoadError>) -> Problem {
    let error = result.expect_err("a refusal");
    assert_eq!(error.problems.len(), 1, "{error}");
    error.problems[0].clone()
}

fn overrides(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_shipped_configuration_loads_with_the_figures_that_fit_together() {
    let settings = Settings::from_texts(&texts(), &[], &[]).expect("the shipped configuration");
    assert_eq!(settings.mode, Mode::Paper);
    assert_eq!(settings.limits.order_max_notional, Amount::from_units(150));
    assert_eq!(settings.limits.exposure_symbol, Amount::from_units(150));
    assert_eq!(settings.limits.exposure_total, Amount::from_units(450));
    assert_eq!(settings.limits.daily_max_buy, Amount::from_units(900));
    assert_eq!(settings.limits.targets_max_active, 5);
    assert_eq!(settings.limits.positions_max, 3);
    assert_eq!(settings.targets.base_size, Amount::from_units(100));
    assert_eq!(settings.exit.plan.ladder.len(), 4);
    assert_eq!(settings.entry.late, Span::from_secs(10));
    assert!(settings.venue.tls);
}

#[test]
fn the_demo_needs_no_file_and_ends_its_positions_soon() {
    let settings = Settings::demo(&[]).expect("the demo");
    assert_eq!(settings.mode, Mode::Demo);
    assert_eq!(settings.exit.plan.time_stop, Span::from_secs(10));
    assert_eq!(settings.accounts.len(), 1);
    assert_eq!(settings.accounts[0].key, KeyRef::Demo);
    assert!(settings.venue.rest.is_loopback() && !settings.venue.tls);
    let moved =
        Settings::demo(&overrides(&[("venue.rest", "127.0.0.1:4711")])).expect("an address");
    assert_eq!(moved.venue.rest.port, 4711);
    assert_eq!(moved.hash(), settings.hash(), "an address is not what is traded");
}

#[test]
fn every_key_removed_is_named_with_an_example() {
    for (at, (key, _)) in shipped().iter().enumerate() {
        let mut rows = shipped();
        rows.remove(at);
        let found = problem(load(&rows));
        let example = schema::find(key).expect("a key of the schema").example;
        assert_eq!((&found.key, &found.fault), (key, &Fault::Missing { example }), "{found}");
        assert!(found.to_string().contains(example), "{found}");
    }
}

#[test]
fn every_key_misspelt_is_answered_with_its_right_name() {
    for (at, (key, value)) in shipped().iter().enumerate() {
        for wrong in [format!("{key}x"), doubled(key), key[..key.len() - 1].to_owned()] {
            let mut rows = shipped();
            rows[at].0 = wrong.clone();
            let found = problem(load(&rows));
            let (name, Fault::Unknown { seen, nearest }) = (&found.key, &found.fault) else {
                panic!("{wrong}: {found}");
            };
            assert_eq!((name, nearest), (&wrong, &Some(key.clone())), "{found}");
            assert!(value.contains(seen.trim_matches('"')), "{found} hides {value}");
        }
    }
}

/// The key with its last letter typed twice.
fn doubled(key: &str) -> String {
    format!("{key}{}", &key[key.len() - 1..])
}

#[test]
fn every_key_refuses_a_value_of_another_type() {
    for (key, _) in shipped() {
        let row = schema::find(&key).expect("a key of the schema");
        for wrong in ["1.5", "1979-05-27", "[1]", other_type(row.kind)] {
            let found = problem(with(&key, wrong));
            assert!(matches!(found.fault, Fault::WrongType { .. }), "{key} = {wrong}: {found}");
            assert!(found.to_string().contains(row.example), "{found}");
        }
    }
}

fn other_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Whole { .. } | Kind::WholeOrNone { .. } => "\"12\"",
        Kind::Money { .. } => "\"1e3\"",
        Kind::Flag => "\"true\"",
        Kind::Word(_) | Kind::Words { .. } | Kind::Text(_) => "true",
    }
}

#[test]
fn every_figure_just_outside_its_range_is_refused_with_the_range() {
    let mut tried = 0;
    for (key, _) in shipped() {
        let row = schema::find(&key).expect("a key of the schema");
        for wrong in just_outside(row) {
            let found = problem(with(&key, &wrong));
            let Fault::OutOfRange { seen, range } = &found.fault else {
                panic!("{key} = {wrong}: {found}");
            };
            assert_eq!((seen, range), (&wrong, &row.kind.range()));
            tried += 1;
        }
    }
    assert!(tried > KEYS.len(), "only {tried} values tried");
}

fn just_outside(row: &Key) -> Vec<String> {
    match row.kind {
        Kind::Whole { min, max } => {
            let low = i64::try_from(min).expect("a small minimum") - 1;
            vec![low.to_string(), (max + 1).to_string()]
        }
        Kind::WholeOrNone { max } => vec!["-1".into(), (max + 1).to_string()],
        Kind::Money { above, max } => vec![
            above.to_string(),
            "-1".into(),
            format!("\"{max}.000000000000000001\""),
            (max + 1).to_string(),
        ],
        Kind::Flag => Vec::new(),
        Kind::Word(_) => vec!["\"nonsense\"".into(), "\"\"".into()],
        Kind::Words { of, .. } => {
            vec!["[]".into(), "[\"nonsense\"]".into(), format!("[\"{0}\", \"{0}\"]", of[0])]
        }
        Kind::Text(value::TextKind::KeyRef) => Vec::new(),
        Kind::Text(value::TextKind::Parameters) => {
            vec!["\"no value\"".into(), "\"a=1 a=2\"".into()]
        }
        Kind::Text(_) => vec!["\"\"".into()],
    }
}

#[test]
fn money_is_exact_whether_text_or_whole_number() {
    for (written, wanted) in [("\"0.1\"", "0.1"), ("120", "120"), ("\"120.50\"", "120.5")] {
        let settings = with("risk.daily.max_buy", written).expect("good money");
        assert_eq!(settings.limits.daily_max_buy.to_string(), wanted);
    }
    let found = problem(with("risk.daily.max_buy", "900.0"));
    assert!(matches!(found.fault, Fault::WrongType { .. }), "a float: {found}");
}

#[test]
fn what_is_shown_loads_to_the_same_settings() {
    let settings = Settings::from_texts(&texts(), &[], &[]).expect("the shipped configuration");
    let again = Settings::from_texts(&[("shown".into(), settings.show())], &[], &[]);
    let again = again.expect("what is shown");
    assert_eq!(again.limits, settings.limits);
    assert_eq!(again.exit, settings.exit);
    assert_eq!(again.accounts, settings.accounts);
    assert_eq!(again.canonical(), settings.canonical());
    assert_eq!(again.hash(), settings.hash());
    let values = |settings: &Settings| -> Vec<(String, String)> {
        settings.shown().into_iter().map(|row| (row.key, row.value)).collect()
    };
    assert_eq!(values(&again), values(&settings));
}

#[test]
fn the_hash_follows_what_is_traded_and_not_where() {
    let plain = Settings::from_texts(&texts(), &[], &[]).expect("the shipped configuration");
    let hash = |key, value| {
        let changed = Settings::from_texts(&texts(), &[], &overrides(&[(key, value)]));
        changed.expect("a good change").hash()
    };
    assert_ne!(hash("risk.daily.max_buy", "899"), plain.hash());
    assert_ne!(hash("exit.ladder", "[{ gain_bps = 1, share_bps = 1 }]"), plain.hash());
    assert_eq!(hash("risk.daily.max_buy", "900.00"), plain.hash());
    assert_eq!(hash("data_dir", "elsewhere"), plain.hash());
    assert_eq!(hash("loop.core", "3"), plain.hash());
}

#[test]
fn variables_stand_above_files_and_the_command_line_above_both() {
    let env = overrides(&[
        ("SHRIKE__RISK__DAILY__MAX_BUY", "800"),
        ("SHRIKE__ENTRY__TRIGGERS", "schedule"),
        ("SHRIKE__ACCOUNTS__0__NAME", "second"),
        ("SHRIKE__LOOP__CORE", "1"),
        ("SHRIKE_DATA", "not ours"),
    ]);
    let line = overrides(&[("risk.daily.max_buy", "700"), ("exit.emergency_market", "false")]);
    let settings = Settings::from_texts(&texts(), &env, &line).expect("good changes");
    assert_eq!(settings.limits.daily_max_buy, Amount::from_units(700));
    assert!(settings.entry.triggers.schedule && !settings.entry.triggers.print);
    assert_eq!(settings.accounts[0].name, "second");
    assert_eq!(settings.loop_.core, Some(1));
    assert!(!settings.exit.emergency_market);
    let source = |key: &str| {
        let row = settings.shown().into_iter().find(|row| row.key == key);
        row.map(|row| row.source.to_string()).unwrap_or_default()
    };
    assert_eq!(source("risk.daily.max_buy"), "command line");
    assert_eq!(source("entry.triggers"), "environment SHRIKE__ENTRY__TRIGGERS");
    assert_eq!(source("risk.order.max_notional"), "limits.toml");
    assert!(settings.show().contains("max_buy = \"700\"  # command line"));
}

#[test]
fn a_misspelt_variable_is_refused_like_a_misspelt_key() {
    let env = overrides(&[("SHRIKE__RISK__DAILY__MAX_BYU", "800")]);
    let found = problem(Settings::from_texts(&texts(), &env, &[]));
    let shown = found.to_string();
    assert!(shown.contains("SHRIKE__RISK__DAILY__MAX_BYU"), "{shown}");
    assert!(shown.contains("did you mean risk.daily.max_buy?"), "{shown}");
    let env = overrides(&[("SHRIKE__RISK__DAILY__MAX_BUY", "lots")]);
    let found = problem(Settings::from_texts(&texts(), &env, &[]));
    assert!(matches!(found.fault, Fault::WrongType { .. }), "{found}");
}

#[test]
fn a_key_in_two_files_is_refused() {
    let mut files = texts();
    files.push(("mine.toml".into(), "[risk.daily]\nmax_buy = \"100\"\n".into()));
    let found = problem(Settings::from_texts(&files, &[], &[]));
    assert_eq!(found.fault, Fault::Twice { first: "limits.toml".into() });
}

#[test]
fn a_secret_is_refused_and_never_shown() {
    let secret = "45d0b3c26f2644f19bfb98b07741b2f5";
    let place = "accounts.0.key";
    let found = problem(with(place, &format!("\"{secret}\"")));
    assert_eq!(found.fault, Fault::NotAReference { characters: 32 });
    assert!(!found.to_string().contains(secret), "{found}");

    let mut rows = shipped();
    rows.push(("venue.secret".into(), format!("\"{secret}\"")));
    let shown = load(&rows).expect_err("an unknown key").to_string();
    assert!(shown.contains("venue.secret") && !shown.contains(secret), "{shown}");

    let found = problem(with("venue.rest", &format!("\"{secret}:443\"")));
    assert!(matches!(found.fault, Fault::LooksSecret { .. }), "{found}");
    assert!(!found.to_string().contains(secret), "{found}");

    let broken = vec![("a.toml".to_owned(), format!("\n\nkey = {secret}zzz\n"))];
    let shown = Settings::from_texts(&broken, &[], &[]).expect_err("no TOML").to_string();
    assert!(shown.starts_with("a.toml: line 3") && !shown.contains(secret), "{shown}");
}

#[test]
fn figures_that_do_not_fit_together_are_refused_with_both() {
    let cases = [
        ("risk.order.max_notional", "\"151\"", "151 is above risk.exposure.symbol = 150"),
        ("risk.exposure.total", "\"449\"", "450 is above risk.exposure.total = 449"),
        ("risk.orders.max_live", "3", "4 is above risk.orders.max_live = 3"),
        ("risk.rate.orders_per_s", "5", "leave nothing of orders_per_s = 5"),
        ("targets.base_size", "\"101\"", "is 151.5, above risk.order.max_notional = 150"),
        ("targets.target_confidence", "86", "86 is above targets.execute_confidence = 85"),
        ("scout.calendar_near_ms", "30001", "30001 is above calendar_ms = 30000"),
        ("scout.exchange_info_ms", "60000", "not below risk.filters.max_age_ms = 60000"),
        ("exit.keep_bps", "1", "10001 of 10000"),
        ("exit.ladder.1.gain_bps", "500", "rung 1 does not gain more"),
        ("exit.emergency_first_bps", "301", "301 is above exit.emergency_second_bps = 300"),
        ("venue.tls", "false", "api.mexc.com is not this machine"),
        ("mode", "\"demo\"", "is not; start `shrike exchange`"),
        ("accounts.0.key", "\"demo\"", "built-in exchange's"),
    ];
    for (key, value, wanted) in cases {
        let found = problem(with(key, value));
        assert!(matches!(found.fault, Fault::Clash { .. }), "{key}: {found}");
        assert!(found.to_string().contains(wanted), "{found} lacks `{wanted}`");
    }
}

#[test]
fn a_position_always_has_a_way_out() {
    let mut rows = shipped();
    for (key, value) in &mut rows {
        if key == "exit.stop_loss_bps" || key == "exit.time_stop_s" {
            *value = "0".into();
        }
    }
    let found = problem(load(&rows));
    assert!(found.to_string().contains("neither a stop loss nor a time stop"), "{found}");
}

#[test]
fn live_min_trades_a_tenth_of_every_amount() {
    let settings = with("mode", "\"live_min\"").expect("a tenth");
    assert_eq!(settings.limits.order_max_notional, Amount::from_units(15));
    assert_eq!(settings.limits.exposure_symbol, Amount::from_units(15));
    assert_eq!(settings.limits.exposure_quote, Amount::from_units(45));
    assert_eq!(settings.limits.exposure_total, Amount::from_units(45));
    assert_eq!(settings.limits.daily_max_buy, Amount::from_units(90));
    assert_eq!(settings.targets.base_size, Amount::from_units(10));
    assert_eq!(settings.limits.order_max_qty, Amount::from_units(10_000_000_000));
    assert_eq!(settings.accounts[0].budget, Amount::from_units(45));
    let whole = with("mode", "\"live\"").expect("the whole");
    assert_eq!(whole.limits.order_max_notional, Amount::from_units(150));
}

#[test]
fn what_is_in_force_in_live_min_is_shown_beside_what_was_written() {
    let settings = with("mode", "\"live_min\"").expect("a tenth");
    let in_force = |key: &str| {
        let shown = settings.shown();
        shown.into_iter().find(|row| row.key == key).and_then(|row| row.in_force)
    };
    let text = |amount: Amount| Some(format!("\"{amount}\""));
    let limits = &settings.limits;
    for (key, amount) in [
        ("accounts.0.budget", settings.accounts[0].budget),
        ("targets.base_size", settings.targets.base_size),
        ("risk.order.max_notional", limits.order_max_notional),
        ("risk.order.max_qty", limits.order_max_qty),
        ("risk.exposure.symbol", limits.exposure_symbol),
        ("risk.exposure.quote", limits.exposure_quote),
        ("risk.exposure.total", limits.exposure_total),
        ("risk.daily.max_buy", limits.daily_max_buy),
    ] {
        assert_eq!(in_force(key), text(amount), "{key}");
    }
    let written = settings.shown().into_iter().filter(|row| row.in_force.is_some());
    assert_eq!(written.count(), crate::types::TENTHS.len());
    assert!(settings.show().contains("max_notional = \"150\"  # test.toml"), "{}", settings.show());
    assert!(settings.show().contains("in force in live_min: \"15\""), "{}", settings.show());
    let live = with("mode", "\"live\"").expect("the whole");
    assert!(live.shown().iter().all(|row| row.in_force.is_none()));
}

#[test]
fn the_paper_venue_is_made_in_paper_mode_alone_and_from_what_was_written() {
    let operator = model::Text::EMPTY;
    let identity = Identity { instance: 7, epoch: 3, operator, hashes: Hashes::default() };
    let paper = with("paper.order_ms", "33").expect("paper").paper_venue(identity);
    let paper = paper.expect("the shipped mode is paper");
    assert_eq!(paper.latency.order, Span::from_millis(33));
    assert_eq!((paper.purse, paper.purse_asset.as_str()), (Amount::from_units(1_000), "USDT"));
    assert_eq!((paper.instance, paper.epoch, paper.accounts), (7, 3, 1));
    for mode in ["\"live\"", "\"live_min\""] {
        assert_eq!(with("mode", mode).expect("live").paper_venue(identity), None);
    }
}

#[test]
fn the_mode_demo_stays_on_this_machine() {
    let at = |host: &str| {
        let places = [("REST", ""), ("WEB", ""), ("WS", "/ws"), ("FUTURES_WS", "/edge")];
        let env = places
            .map(|(key, path)| (format!("SHRIKE__VENUE__{key}"), format!("{host}:8900{path}")));
        let rest = [("SHRIKE__MODE", "demo"), ("SHRIKE__VENUE__TLS", "false")];
        let rest = rest.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let env: Vec<_> = env.into_iter().chain(rest).collect();
        Settings::from_texts(&texts(), &env, &[])
    };
    assert_eq!(at("127.0.0.1").expect("this machine").mode, Mode::Demo);
    let error = at("10.0.0.1").expect_err("another machine").to_string();
    assert!(error.contains("10.0.0.1:8900 is not; start `shrike exchange`"), "{error}");
}

#[test]
fn accounts_are_one_to_eight_with_names_of_their_own() {
    let accounts = |count: usize| {
        let entry = |at| {
            format!("{{ name = \"a{at}\", key = \"env:A{at}\", source = \"any\", budget = 1 }}")
        };
        let list: Vec<String> = (0..count).map(entry).collect();
        let change = overrides(&[("accounts", &format!("[{}]", list.join(",")))]);
        Settings::from_texts(&texts(), &[], &change)
    };
    assert_eq!(accounts(8).map(|settings| settings.accounts.len()), Ok(8));
    for count in [0, 9] {
        let found = problem(accounts(count));
        assert_eq!(found.fault, Fault::Count { seen: count, min: 1, max: 8 });
    }
    let twins = "[{ name = \"a\", key = \"env:A\", source = \"any\", budget = 1 }, \
                  { name = \"a\", key = \"env:B\", source = \"any\", budget = 1 }]";
    let change = overrides(&[("accounts", twins)]);
    let found = problem(Settings::from_texts(&texts(), &[], &change));
    assert!(found.to_string().contains("both called \"a\""), "{found}");
}

#[test]
fn a_ladder_may_be_empty_but_must_be_said() {
    let change = overrides(&[("exit.ladder", "[]")]);
    let settings = Settings::from_texts(&texts(), &[], &change).expect("no ladder");
    assert!(settings.exit.plan.ladder.is_empty());
}

#[test]
fn a_file_that_is_no_toml_does_not_hide_behind_its_missing_keys() {
    let mut files = texts();
    files[1].1.push_str("\n[risk.daily\n");
    let found = problem(Settings::from_texts(&files, &[], &[]));
    assert!(matches!(found.fault, Fault::Syntax { .. }), "{found}");
}

#[test]
fn hostile_files_end_in_problems() {
    let deep = format!("a = {}1{}", "[".repeat(60), "]".repeat(60));
    let tables = format!("{}1{}", "a = { a = ".repeat(40), " }".repeat(40));
    let huge = "[[exit.ladder]]\n".repeat(20_000);
    let index = "[accounts.18446744073709551615]\nname = \"x\"".to_owned();
    for text in ["\u{0}", "=", "[", "a", "mode", &deep, &tables, &huge, &index] {
        let files = vec![("hostile.toml".to_owned(), text.to_owned())];
        assert!(Settings::from_texts(&files, &[], &[]).is_err());
    }
}

#[test]
fn files_are_read_with_what_they_include() {
    let folder = std::env::temp_dir().join(format!("settings-include-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("venues")).expect("a temporary folder");
    for (name, text) in SHIPPED {
        std::fs::write(folder.join(name), text).expect("a small file");
    }
    let whole = Settings::load(&[folder.join("trader.toml")], &[], &[]);
    std::fs::remove_file(folder.join("limits.toml")).expect("our own file");
    let half = Settings::load(&[folder.join("trader.toml")], &[], &[]);
    std::fs::remove_dir_all(&folder).expect("our own folder");
    assert_eq!(whole.map(|settings| settings.accounts.len()), Ok(1));
    let found = problem(half);
    assert!(found.to_string().contains("limits.toml: cannot be read"), "{found}");
}

#[test]
fn every_example_is_a_good_value() {
    for row in KEYS {
        let raw = format!("value = {}", row.example).parse::<toml::Table>().expect(row.path);
        assert!(value::Value::read(row, &raw["value"]).is_ok(), "{}", row.path);
    }
}

#[test]
fn the_schema_names_every_key() {
    let schema: serde_json::Value =
        serde_json::from_str(&Settings::schema()).expect("a JSON document");
    for row in KEYS {
        let mut place = &schema;
        for part in row.path.split('.') {
            place = if part == "*" { &place["items"] } else { &place["properties"][part] };
        }
        assert_eq!(place["description"], row.meaning, "{}", row.path);
    }
}

#[test]
fn the_readme_lists_every_key() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/README.md");
    let readme = std::fs::read_to_string(path).expect("config/README.md");
    let mark = "<!-- keys: written by `cargo xtask golden --update` -->\n";
    let (head, keys) = readme.split_once(mark).expect("the mark above the key tables");
    let rows = shipped();
    let wanted = show::markdown(|pattern| {
        let first = pattern.replace('*', "0");
        let row = rows.iter().find(|row| row.0 == first);
        row.map(|row| row.1.clone()).unwrap_or_default()
    });
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, format!("{head}{mark}{wanted}")).expect("our own file");
        return;
    }
    assert!(keys == wanted, "config/README.md is behind; run `cargo xtask golden --update`");
}

#[test]
fn a_canonical_text_of_any_mode_loads_to_settings_that_trade_alike() {
    let live = [
        ("mode", "live_min"),
        (
            "accounts",
            "[{ name = \"a\", key = \"env:A\", source = \"any\", budget = \"450\" }, \
                       { name = \"b\", key = \"env:B\", source = \"any\", budget = \"300\" }]",
        ),
        ("exit.ladder", "[]"),
    ];
    let moved = [("venue.rest", "127.0.0.1:4711"), ("targets.base_size", "70")];
    for settings in [
        Settings::demo(&overrides(&moved)).expect("the demo"),
        Settings::from_texts(&texts(), &[], &[]).expect("the shipped configuration"),
        Settings::from_texts(&texts(), &[], &overrides(&live)).expect("two live accounts"),
    ] {
        let text = settings.canonical();
        let read = Settings::from_canonical(&text).expect("what was printed");
        assert_eq!((read.canonical(), read.hash()), (text, settings.hash()));
        assert_eq!(read.accounts.len(), settings.accounts.len());
        let traded =
            |of: &Settings| (of.mode, of.limits, of.targets.clone(), of.entry, of.exit, of.scout);
        assert_eq!(traded(&read), traded(&settings));
    }
}

#[test]
fn a_text_that_is_not_canonical_is_refused() {
    let text = Settings::demo(&[]).expect("the demo").canonical();
    assert!(text.contains("base_size = \"100\""), "{text}");
    let spaced = text.replace("base_size = \"100\"", "base_size = \"100.0\"");
    let local = text.replacen("mode = ", "data_dir = \"x\"\nmode = ", 1);
    for other in [spaced, local] {
        let found = problem(Settings::from_canonical(&other));
        assert!(matches!(found.fault, Fault::Clash { .. }), "{found}");
    }
    let cut = text.replace("base_size = \"100\"\n", "");
    let found = problem(Settings::from_canonical(&cut));
    assert_eq!(found.key, "targets.base_size");
}
