//! The built command: exit codes, documents, and what it says when something is wrong.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use journal::{
    Family, HostDisk, Identity as Writes, Kind, Observer, RecordView, SyncPolicy, Trouble, Writer,
    WriterSettings, ring,
};
use model::{Mono, Span, Text};
use serde_json::Value;

#[test]
fn every_frame_sample_is_printed_as_its_expected_document() {
    let mut count = 0;
    for entry in std::fs::read_dir(vectors()).unwrap() {
        let path = entry.unwrap().path();
        let expected = path.with_extension("expected.json");
        if path.extension().is_none_or(|ending| ending != "hex") || !expected.exists() {
            continue;
        }
        let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
        let shown = shrike(&["inspect", "frame", text(&path), "--hex", "--json"]);
        assert_eq!(document(&shown, 0), expected["decoded"], "{}", path.display());
        count += 1;
    }
    assert!(count >= 15, "{count} samples");
}

#[test]
fn a_frame_comes_from_the_standard_input_too_and_as_raw_bytes() {
    let digits = std::fs::read(vectors().join("ws_pb_miniticker_minimal.hex")).unwrap();
    let by_hex = fed(&["inspect", "frame", "--hex", "--json"], &digits);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let raw: Vec<u8> = digits.trim_ascii().chunks(2).map(byte).collect();
    let by_byte = fed(&["inspect", "frame", "-", "--json"], &raw);
    assert_eq!(document(&by_hex, 0), document(&by_byte, 0));
    let people = fed(&["inspect", "frame"], &raw);
    assert!(stdout(&people).contains("symbol: MEMCOIN"), "{}", stdout(&people));
}

#[test]
fn a_control_frame_is_told_from_a_binary_one() {
    let shown = fed(&["inspect", "frame", "--json"], br#"{"id":0,"code":0,"msg":"PONG"}"#);
    assert_eq!(document(&shown, 0)["kind"], "pong");
}

#[test]
fn a_damaged_frame_ends_with_one_and_the_reason() {
    let path = vectors().join("ws_pb_malformed_truncated_string.hex");
    let shown = shrike(&["inspect", "frame", text(&path), "--hex", "--json"]);
    said(&shown, 1, &["3 bytes are no frame"]);
    said(&fed(&["inspect", "frame", "--hex"], b"0a0x"), 1, &["'x' at byte 3"]);
    said(&shrike(&["inspect", "frame", "no-such-file"]), 1, &["no-such-file"]);
}

#[test]
fn a_rest_body_is_printed_as_it_was_read() {
    let path = vectors().join("rest_time.json");
    let shown = shrike(&["inspect", "rest", "time", text(&path), "--json"]);
    assert_eq!(document(&shown, 0)["serverTime"], "1790145267773");
}

#[test]
fn a_rest_body_of_another_endpoint_and_an_unknown_endpoint_are_errors() {
    let path = vectors().join("rest_time.json");
    said(&shrike(&["inspect", "rest", "depth", text(&path)]), 1, &["no depth"]);
    said(&shrike(&["inspect", "rest", "dept", text(&path)]), 2, &["dept", "depth"]);
    said(&fed(&["inspect", "rest", "time"], b"<html>"), 1, &["6 bytes"]);
}

#[test]
fn wrong_usage_ends_with_two() {
    said(&shrike(&["inspekt"]), 2, &["inspekt", "inspect"]);
    said(&shrike(&["verify"]), 2, &["JOURNAL"]);
    said(&shrike(&["exchange", "--listen", "here"]), 2, &["here", "--listen"]);
    said(&shrike(&["exchange", "--cert-out", "x.pem"]), 2, &["--tls"]);
    assert_eq!(shrike(&[]).status.code(), Some(2));
}

#[test]
fn patterns_report_holds_every_figure_against_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("reliability.svg");
    let args = ["patterns", "report", "--listings", "1000", "--json", "--picture", text(&picture)];
    let shown = document(&shrike(&args), 0);
    let families = shown["families"].as_array().unwrap();
    let names: Vec<&str> = families.iter().map(|one| one["family"].as_str().unwrap()).collect();
    assert_eq!(names, ["ladder", "inverted", "noise", "timing", "tides"]);
    for family in families {
        for key in ["brier", "brier_base_rate", "brier_earlier", "calibration_error"] {
            assert!(family[key].as_f64().is_some_and(|share| share < 1.0), "{key}: {family}");
        }
        let bands = family["reliability"].as_array().unwrap();
        let counted: u64 = bands.iter().map(|band| band["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, 500, "{family}");
    }
    assert!(fs::read_to_string(&picture).unwrap().contains("inverted"));
    let one = stdout(&shrike(&["patterns", "report", "--listings", "400", "--family", "noise"]));
    assert!(one.starts_with("noise: ") && one.contains("earlier formula"), "{one}");
    said(&shrike(&["patterns", "report", "--family", "flood"]), 2, &["flood", "tides"]);
    said(&shrike(&["patterns", "report", "--listings", "5"]), 2, &["5", "400"]);
}

#[test]
fn help_shows_an_example_and_ends_with_zero() {
    for command in ["exchange", "verify", "replay"] {
        let shown = shrike(&[command, "--help"]);
        assert_eq!(shown.status.code(), Some(0));
        assert!(stdout(&shown).contains(&format!("Example: shrike {command}")));
    }
}

#[test]
fn the_shipped_configuration_is_good_and_shown_with_its_sources() {
    let file = root().join("config/trader.toml");
    let args = |what| ["config", what, "--json", "--config", text(&file)];
    let checked = document(&shrike(&args("check")), 0);
    assert_eq!((&checked["ok"], &checked["mode"]), (&true.into(), &"paper".into()));
    let shown = document(&shrike(&args("show")), 0);
    assert_eq!(shown["hash"], checked["hash"]);
    let keys = shown["keys"].as_array().unwrap();
    let row = |key: &str| keys.iter().find(|row| row["key"] == key).unwrap().clone();
    assert_eq!(row("mode")["value"], "paper");
    assert_eq!(row("entry.orders_max")["value"].as_u64().map(|max| max > 0), Some(true));
    assert!(row("mode")["source"].as_str().unwrap().ends_with("trader.toml"));
    let mut command = command(&args("show"));
    let shown = run(command.env("SHRIKE__TARGETS__BASE_SIZE", "70"), b"");
    let shown = document(&shown, 0);
    let keys = shown["keys"].as_array().unwrap();
    let size = keys.iter().find(|row| row["key"] == "targets.base_size").unwrap();
    assert_eq!(size["value"], "70");
    assert_eq!(size["source"], "environment SHRIKE__TARGETS__BASE_SIZE");
    let people = shrike(&["config", "show", "--config", text(&file)]);
    assert!(stdout(&people).contains("base_size = \"100\"  # "), "{}", stdout(&people));
}

#[test]
fn a_misspelt_key_ends_with_two_and_names_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trader.toml");
    let shipped = std::fs::read_to_string(root().join("config/trader.toml")).unwrap();
    assert!(shipped.contains("base_size"));
    std::fs::write(&file, shipped.replace("base_size", "base_sice")).unwrap();
    for name in ["limits.toml", "venues/mexc.toml"] {
        let to = folder.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(root().join("config").join(name), to).unwrap();
    }
    for what in ["check", "show"] {
        let shown = shrike(&["config", what, "--config", text(&file)]);
        said(&shown, 2, &["targets.base_sice", "100", "did you mean targets.base_size"]);
    }
    let shown = shrike(&["config", "check", "--json", "--config", text(&file)]);
    let shown = document(&shown, 2);
    assert_eq!(shown["ok"], false);
    assert_eq!(shown["problems"][0]["key"], "targets.base_sice");
    assert_eq!(shown["problems"][0]["nearest"], "targets.base_size");
    assert_eq!(shown["problems"][0]["value"], "\"100\"");
    said(&shrike(&["config", "check", "--config", "no-such-file"]), 2, &["no-such-file"]);
}

#[test]
fn the_schema_is_one_document() {
    assert_eq!(document(&shrike(&["config", "schema"]), 0)["additionalProperties"], false);
}

#[test]
fn a_good_journal_is_verified_shown_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    write_journal(folder.path(), &[(Kind::TICK, b""), (Kind::STOP, b"")]);
    let verified = document(&shrike(&["verify", data, "--json"]), 0);
    assert_eq!((&verified["ok"], &verified["records"]), (&true.into(), &4.into()));
    assert_eq!((&verified["first_bad_seq"], &verified["reason"]), (&Value::Null, &Value::Null));
    assert_eq!((&verified["pruned"], &verified["stopped"]), (&Value::Array(vec![]), &true.into()));
    let replayed = document(&shrike(&["replay", data, "--json"]), 0);
    assert_eq!((&replayed["equal"], &replayed["ticks"]), (&true.into(), &1.into()));
    assert_eq!((&replayed["events"], &replayed["actions"]), (&0.into(), &0.into()));
    assert_eq!(replayed["first_difference"], Value::Null);
    let shown = shrike(&["inspect", "journal", data, "--json"]);
    let lines: Vec<Value> =
        stdout(&shown).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["boot", "config", "tick", "stop"]);
    assert!(lines[0]["value"].as_str().unwrap().contains("mode demo"), "{}", lines[0]);
    let shown = stdout(&shrike(&["inspect", "journal", data, "--from", "3", "--limit", "1"]));
    assert!(shown.lines().count() == 1 && shown.contains("tick"), "{shown}");
    assert!(stdout(&shrike(&["verify", data])).starts_with("ok: 4 records"));
    assert!(stdout(&shrike(&["replay", data])).starts_with("equal: 0 actions"));
}

#[test]
fn an_action_that_the_engine_would_not_do_is_named_and_ends_with_one() {
    let folder = tempfile::tempdir().unwrap();
    write_journal(folder.path(), &[(Kind::TICK, b""), (Kind::OUTPUT, &[4, 9, 0, 0, 0])]);
    let shown = document(&shrike(&["replay", text(folder.path()), "--json"]), 1);
    assert_eq!(shown["equal"], false);
    let difference = &shown["first_difference"];
    assert_eq!((&difference["seq"], &difference["found"]), (&4.into(), &Value::Null));
    assert!(difference["expected"].as_str().unwrap().starts_with("Follow"), "{difference}");
    let people = shrike(&["replay", text(folder.path())]);
    assert_eq!(people.status.code(), Some(1));
    assert!(stdout(&people).contains("record 4"), "{}", stdout(&people));
}

#[test]
fn a_flipped_byte_is_found_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    write_journal(folder.path(), &[(Kind::TICK, b""), (Kind::STOP, b"")]);
    let segment = std::fs::read_dir(folder.path().join("journal")).unwrap();
    let mut segments = segment.map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| text(path).contains("decisions-0");
    let segment = segments.find(named).expect("a segment");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(4).position(|four| four == b"test").expect("the build's name");
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let shown = document(&shrike(&["verify", text(folder.path()), "--json"]), 1);
    assert_eq!((&shown["ok"], &shown["first_bad_seq"]), (&false.into(), &1.into()));
    assert!(shown["reason"].as_str().unwrap().contains("record 1"), "{shown}");
    let people = shrike(&["verify", text(folder.path())]);
    assert!(stdout(&people).starts_with("bad: record 1 "), "{}", stdout(&people));
    said(&shrike(&["replay", text(folder.path())]), 1, &["record 1", "shrike verify"]);
    said(&shrike(&["inspect", "journal", text(folder.path())]), 1, &["record 1"]);
}

#[test]
fn a_path_without_a_journal_ends_with_one_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none");
    said(&shrike(&["verify", text(&path)]), 1, &["none"]);
    said(&shrike(&["replay", text(&path)]), 1, &["none"]);
    said(&shrike(&["inspect", "journal", text(&path)]), 1, &["none"]);
    let shown = document(&shrike(&["verify", text(&path), "--json"]), 1);
    assert_eq!((&shown["ok"], &shown["records"]), (&false.into(), &0.into()));
    assert!(shown["reason"].as_str().unwrap().contains("none"), "{shown}");
}

#[test]
fn the_exchange_says_where_it_listens_serves_and_ends_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let mut exchange = Serving::start(&["exchange", "--listen", "127.0.0.1:0"]);
        let line = exchange.line();
        let addr = line.strip_prefix("listening ").expect("the line").to_owned();
        let mut socket = std::net::TcpStream::connect(&addr).unwrap();
        socket.write_all(b"GET /api/v3/ping HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut head = [0; 12];
        socket.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        assert_eq!(exchange.end(signal), Some(0));
    }
}

#[test]
fn with_tls_the_certificate_is_written_before_the_exchange_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("ca.pem");
    let args = ["exchange", "--listen", "127.0.0.1:0", "--tls", "--cert-out", text(&pem), "--json"];
    let mut exchange = Serving::start(&args);
    let line: Value = serde_json::from_str(&exchange.line()).unwrap();
    assert!(line["listening"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
    assert_eq!(line["certificate"], text(&pem));
    assert!(std::fs::read_to_string(&pem).unwrap().starts_with("-----BEGIN CERTIFICATE"));
    assert_eq!(exchange.end("TERM"), Some(0));
}

#[test]
fn a_port_in_use_ends_with_one_and_says_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let shown = shrike(&["exchange", "--listen", &addr]);
    said(&shown, 1, &[&format!("{addr} is in use"), "--listen 127.0.0.1:0"]);
}

#[test]
fn a_scenario_that_is_wrong_ends_with_two_and_names_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, "originms = 5\n").unwrap();
    let args = ["exchange", "--listen", "127.0.0.1:0", "--scenario", text(&file)];
    said(&shrike(&args), 2, &["scenario.toml", "originms"]);
    let args = ["exchange", "--listen", "127.0.0.1:0", "--scenario", "no-such-file"];
    said(&shrike(&args), 2, &["no-such-file"]);
}

/// A command that runs until it is told to end; killed when a test fails before that.
struct Serving {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn end(&mut self, signal: &str) -> Option<i32> {
        let line = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Fails when it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn vectors() -> PathBuf {
    root().join("tests/vectors/mexc")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shrike"));
    command.args(args).stdin(Stdio::null());
    command
}

fn shrike(args: &[&str]) -> Output {
    run(&mut command(args), b"")
}

fn fed(args: &[&str], input: &[u8]) -> Output {
    run(command(args).stdin(Stdio::piped()), input)
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).unwrap();
    }
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one document that was printed.
fn document(output: &Output, code: i32) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

/// An exit code, an empty output, and words on the error output.
fn said(output: &Output, code: i32, words: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(output.stdout.is_empty(), "{}", stdout(output));
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in: {errors}");
    }
}

struct Quiet;

impl Observer for Quiet {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, trouble: &Trouble) {
        panic!("{trouble}");
    }
}

/// The head of a run of the demo, then these records.
fn write_journal(data: &Path, records: &[(Kind, &[u8])]) {
    let identity = Writes { instance: 7, epoch: 1, machine_boot: [0; 16] };
    let sizes = WriterSettings {
        reserve_bytes: 16 * 1024,
        free_min_bytes: 0,
        policy: SyncPolicy::Virtual { takes: Span::ZERO },
        ..WriterSettings::default()
    };
    let folder = data.join("journal");
    let (mut writer, _) = Writer::open(HostDisk, &folder, identity, sizes).unwrap();
    let (mut producer, mut consumer) = ring::in_memory(1 << 18, 1).unwrap();
    let settings = settings::Settings::demo(&[]).unwrap();
    let (operator, hashes) = (Text::clipped("anna"), settings::Hashes::default());
    let who = settings::Identity { instance: 7, epoch: 1, operator, hashes };
    let at = Mono::from_nanos(1_000);
    let head = replay::head(&settings, who, replay::Clocks::default(), "test").unwrap();
    head.push(at, &mut producer).unwrap();
    for (kind, payload) in records {
        producer.push(Family::Decisions, *kind, at, payload).unwrap();
    }
    writer.drain(at, &mut consumer, &mut Quiet);
    writer.close(&mut Quiet);
}
