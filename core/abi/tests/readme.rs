//! The README is the contract for authors in other languages: it says what the code says.

use abi::area::{
    BODY, INPUT, INPUT_END, INTENTS, LOG, LOG_MAX, OUTPUT, OUTPUT_END, PARAMS, POSITION, POSITIONS,
    SIGNAL, SIGNALS, SIZE, STATE_MAX, TARGET, TARGETS, TIMER, TIMERS,
};
use abi::{STRUCTURES, Structure, Trap, export, intent, scene};

const README: &str = include_str!("../README.md");

#[test]
fn every_field_of_every_structure_has_its_row_in_order() {
    for Structure { name, size, fields } in STRUCTURES {
        let heading = format!("### {name}: {size} bytes\n");
        let section = section(&heading);
        let rows: Vec<&str> = section.lines().filter(|line| starts_with_digit(line)).collect();
        assert_eq!(rows.len(), fields.len(), "{name}");
        for (row, field) in rows.iter().zip(*fields) {
            let expected = format!("| {} | {} | {} |", field.offset, field.name, field.kind);
            assert!(row.starts_with(&expected), "{name}: `{row}` is not `{expected}`");
        }
    }
}

#[test]
fn the_map_of_the_area_names_every_place() {
    let map = section("## The area\n");
    for (at, end, name) in [
        (INPUT, BODY, "Head"),
        (INPUT, 480, "Setup"),
        (INPUT, 256, "Question"),
        (BODY, SIGNAL, "Body"),
        (SIGNAL, TARGET, "Signal"),
        (TARGET, POSITION, "Target"),
        (POSITION, INPUT_END, "Position"),
        (OUTPUT, TIMER, "Intent"),
        (OUTPUT, OUTPUT + 16, "Verdict"),
        (TIMER, LOG, "TimerSet"),
        (LOG, OUTPUT_END, "log"),
    ] {
        let row = format!("| {at} | {end} | ");
        let found = map.lines().any(|line| line.starts_with(&row) && line.contains(name));
        assert!(found, "`{row}` with {name}");
    }
}

#[test]
fn every_constant_stands_in_the_table_with_its_number() {
    let table = section("## Constants\n");
    for (name, number) in [
        ("SIZE", SIZE),
        ("SIGNALS", SIGNALS),
        ("TARGETS", TARGETS),
        ("POSITIONS", POSITIONS),
        ("INTENTS", INTENTS),
        ("TIMERS", TIMERS),
        ("LOG_MAX", LOG_MAX),
        ("PARAMS", PARAMS),
        ("STATE_MAX", STATE_MAX),
        ("RUNGS", intent::RUNGS),
        ("EVIDENCE", scene::EVIDENCE),
        ("LEVELS", scene::LEVELS),
        ("PROPOSE", intent::PROPOSE.into()),
        ("ENTER", intent::ENTER.into()),
        ("AMEND", intent::AMEND.into()),
        ("EXIT", intent::EXIT.into()),
        ("SCHEDULE", intent::SCHEDULE.into()),
        ("PRINT", intent::PRINT.into()),
        ("STRATEGY", intent::STRATEGY.into()),
        ("LIMIT", intent::LIMIT.into()),
        ("IMMEDIATE_OR_CANCEL", intent::IMMEDIATE_OR_CANCEL.into()),
        ("PRE_OPEN_ASK", intent::PRE_OPEN_ASK.into()),
        ("OPERATOR", intent::OPERATOR.into()),
        ("FUTURES", intent::FUTURES.into()),
        ("ANNOUNCED", intent::ANNOUNCED.into()),
        ("MORE_TARGETS", scene::MORE_TARGETS.into()),
        ("MORE_POSITIONS", scene::MORE_POSITIONS.into()),
        ("OWN", scene::OWN.into()),
        ("UNCALIBRATED", scene::UNCALIBRATED.into()),
        ("NO_ACCOUNT", abi::NO_ACCOUNT.into()),
        ("NO_SYMBOL", abi::NO_SYMBOL as usize),
    ] {
        has_row(table, &format!("| {name} | {number} | "));
    }
    for (name, number) in [("NO_TIME", abi::NO_TIME), ("NEVER", abi::NEVER)] {
        has_row(table, &format!("| {name} | {number} | "));
    }
}

#[test]
fn every_kind_of_event_has_its_number_and_its_word() {
    let table = section("## Events\n");
    for (number, word) in scene::KINDS {
        has_row(table, &format!("| {number} | {word} | "));
    }
}

#[test]
fn every_export_has_its_row_and_every_verdict_its_number() {
    let table = section("## Exports\n");
    for name in [
        export::MEMORY,
        export::AREA,
        export::SETUP,
        export::ON_EVENT,
        export::JUDGE,
        export::STATE,
        export::SAVE,
        export::RESTORE,
    ] {
        has_row(table, &format!("| `{name}` | "));
    }
    let verdicts =
        format!("{} allow, {} shrink, {} refuse", export::ALLOW, export::SHRINK, export::REFUSE);
    assert!(table.contains(&verdicts), "{verdicts}");
}

#[test]
fn every_fault_has_its_word() {
    let table = section("## Faults\n");
    for trap in [
        Trap::Unreachable,
        Trap::OutOfBounds,
        Trap::Arithmetic,
        Trap::BadCall,
        Trap::OutOfFuel,
        Trap::StackOverflow,
        Trap::Host,
        Trap::NoExport,
    ] {
        has_row(table, &format!("| {} | `{trap}` | ", trap as u8));
    }
}

#[test]
fn the_list_of_structures_is_whole() {
    let sources = [
        include_str!("../src/setup.rs"),
        include_str!("../src/intent.rs"),
        include_str!("../src/scene.rs"),
        include_str!("../src/judge.rs"),
    ];
    let declared: usize = sources.iter().map(|source| source.matches("layout! {").count()).sum();
    assert_eq!(STRUCTURES.len(), declared);
}

/// From a heading to the next one of any level.
fn section(heading: &str) -> &'static str {
    let at = README.find(heading).unwrap_or_else(|| panic!("no heading {heading}"));
    let rest = &README[at + heading.len()..];
    &rest[..rest.find("\n#").unwrap_or(rest.len())]
}

fn starts_with_digit(line: &str) -> bool {
    line.strip_prefix("| ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn has_row(section: &str, row: &str) {
    assert!(section.lines().any(|line| line.starts_with(row)), "no row `{row}`");
}
