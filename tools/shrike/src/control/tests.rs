//! The inbox over a real socket, with a loop behind it that records what it is told.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use engine::{Action, Note, Outcome};
use journal::{Family, Kind};
use model::wire::{Wire, Writer};
use model::{
    AccountId, Amount, AssetId, Body, ByHand, Command, Confidence, Event, KillLevel, Mono, Pattern,
    PriceCap, Record, Request, SymbolId, SymbolNames, TargetId, TargetRecord, TargetState, Text,
    TimerName, VenueTime, WhyNot,
};
use risk::Refusal;
use runtime::{
    Closed, InboxSender, KillFlag, LinkId, LinkKind, LoopConfig, Machine, Wait, WaitPolicy, inbox,
    run, stats,
};
use serde_json::{Value, json};
use settings::Settings;
use tempfile::TempDir;

use super::*;
use crate::board::Board;

#[test]
fn a_kill_raises_the_flag_and_is_latched_once_it_is_on_disk() {
    let house = House::new(Disk::Works);
    let mut client = house.client();
    let answer = client.kill("reduce", "too wild").unwrap();
    assert_eq!((&answer["state"], &answer["level"]), (&json!("latched"), &json!("reduce")));
    assert_eq!(house.kill.level(), KillLevel::Reduce);
    let told = house.told.lock().unwrap();
    assert!(matches!(
        told[..],
        [Command::Kill { level: KillLevel::Reduce, reason }] if reason.as_str() == "too wild"
    ));
}

#[test]
fn a_kill_that_is_not_on_disk_is_raised_all_the_same_and_says_so() {
    let house = House::new(Disk::Fails);
    let answer = house.client().kill("halt", "test").unwrap();
    assert_eq!(
        (&answer["state"], &answer["message"]),
        (&json!("raised"), &json!("raised, not yet on disk"))
    );
    assert_eq!(house.kill.level(), KillLevel::Halt);
}

#[test]
fn a_lower_kill_leaves_the_higher_one_in_force() {
    let house = House::new(Disk::Works);
    house.client().kill("flatten", "first").unwrap();
    let answer = house.client().kill("halt", "second").unwrap();
    assert_eq!((&answer["state"], &answer["level"]), (&json!("latched"), &json!("flatten")));
}

#[test]
fn a_resume_takes_two_steps_and_its_nonce_serves_once() {
    let house = House::new(Disk::Works);
    let mut client = house.client();
    client.kill("halt", "test").unwrap();
    let first = client.resume("checked", None).unwrap();
    assert_eq!((&first["state"], &first["level"]), (&json!("confirm"), &json!("halt")));
    assert_eq!(house.kill.level(), KillLevel::Halt, "one step changes nothing");
    let nonce = first["nonce"].as_str().unwrap();
    let second = client.resume("checked", Some(nonce)).unwrap();
    assert_eq!((&second["state"], &second["level"]), (&json!("resumed"), &json!("active")));
    assert_eq!(house.kill.level(), KillLevel::Active);
    client.kill("halt", "again").unwrap();
    let error = client.resume("checked", Some(nonce)).unwrap_err().to_string();
    assert!(error.contains("nonce is unknown or too old"), "{error}");
}

#[test]
fn a_kill_between_the_two_steps_ends_the_resume() {
    let house = House::new(Disk::Works);
    let mut client = house.client();
    client.kill("halt", "test").unwrap();
    let nonce = client.resume("checked", None).unwrap()["nonce"].as_str().unwrap().to_owned();
    house.client().kill("reduce", "worse").unwrap();
    client.resume("checked", Some(&nonce)).unwrap_err();
    assert_eq!(house.kill.level(), KillLevel::Reduce);
    let nonce = client.resume("checked", None).unwrap()["nonce"].as_str().unwrap().to_owned();
    house.kill.raise(KillLevel::Flatten); // By the watchdog, say.
    let error = client.resume("checked", Some(&nonce)).unwrap_err().to_string();
    assert!(error.contains("from reduce to flatten"), "{error}");
}

#[test]
fn a_nonce_grows_old() {
    let config = ControlConfig { nonce_life: Duration::ZERO, ..ControlConfig::default() };
    let house = House::with(Disk::Works, config);
    let mut client = house.client();
    client.kill("halt", "test").unwrap();
    let nonce = client.resume("checked", None).unwrap()["nonce"].as_str().unwrap().to_owned();
    assert!(matches!(client.resume("checked", Some(&nonce)), Err(ClientError::Refused(_))));
    assert_eq!(house.kill.level(), KillLevel::Halt);
}

#[test]
fn a_resume_needs_a_reason_and_something_to_resume() {
    let house = House::new(Disk::Works);
    let mut client = house.client();
    let error = client.resume("checked", None).unwrap_err().to_string();
    assert!(error.contains("not raised"), "{error}");
    client.kill("halt", "test").unwrap();
    let error = client.resume("  ", None).unwrap_err().to_string();
    assert!(error.contains("needs a reason"), "{error}");
}

#[test]
fn bad_lines_are_answered_and_the_connection_lives_on() {
    let house = House::new(Disk::Works);
    let mut stream = BufReader::new(UnixStream::connect(house.socket()).unwrap());
    let long = format!("{{\"cmd\":\"{}\"}}", "x".repeat(2 * REQUEST_MAX));
    for (line, expected) in [
        ("nonsense", "not a request"),
        ("{\"cmd\":\"dance\"}", "unknown variant `dance`"),
        ("{\"cmd\":\"kill\",\"level\":\"active\"}", "no kill level \"active\""),
        ("{\"cmd\":\"kill\",\"level\":\"halt\",\"force\":1}", "unknown field `force`"),
        ("{\"cmd\":\"kill\"}", "missing field `level`"),
        (&long, "a line of more than 65536 bytes"),
        ("\u{7f}\0", "not a request"),
    ] {
        let answer = exchange(&mut stream, line);
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    assert_eq!(exchange(&mut stream, "{\"cmd\":\"status\"}")["ok"], true);
    assert_eq!(house.kill.level(), KillLevel::Active);
}

#[test]
fn the_ninth_connection_is_told_that_there_are_eight() {
    let house = House::new(Disk::Works);
    let mut held: Vec<Client> = (0..8).map(|_| house.client()).collect();
    for client in &mut held {
        client.status().unwrap();
    }
    let mut ninth = String::new();
    let mut stream = UnixStream::connect(house.socket()).unwrap();
    stream.read_to_string(&mut ninth).unwrap();
    assert!(ninth.contains("8 connections are open"), "{ninth}");
    held[0].status().unwrap();
}

#[test]
fn the_socket_is_for_its_owner_alone_and_goes_with_the_server() {
    let house = House::new(Disk::Works);
    let socket = house.socket();
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(socket, house.data.path().canonicalize().unwrap().join("run/control.sock"));
    let data = house.data.path().to_owned();
    assert_eq!(house.server.address().pointer, None);
    let kept = house.end();
    assert!(!socket.exists());
    let error = Client::connect(&data).unwrap_err();
    assert!(matches!(error, ClientError::NotRunning { .. }), "{error}");
    drop(kept);
}

#[test]
fn a_socket_of_a_dead_process_is_no_trader_and_does_not_hinder_the_next() {
    let data = TempDir::new().unwrap();
    fs::create_dir(data.path().join("run")).unwrap();
    fs::set_permissions(data.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
    let socket = data.path().join("run/control.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let error = Client::connect(data.path()).unwrap_err();
    assert!(error.to_string().contains("no trader runs"), "{error}");
    assert!(Address::prepare(data.path(), data.path()).is_ok());
    assert!(!socket.exists());
    fs::write(&socket, "mine").unwrap();
    let error = Address::prepare(data.path(), data.path()).unwrap_err();
    assert!(matches!(error, AddressError::NotASocket { .. }), "{error}");
}

#[test]
fn a_data_directory_with_a_long_path_points_to_the_runtime_directory() {
    let room = TempDir::new().unwrap();
    let data = room.path().join("x".repeat(120));
    fs::create_dir(&data).unwrap();
    let runtime = room.path().join("runtime");
    let house = House::at(room, &data, &runtime, Disk::Works, ControlConfig::default());
    assert!(house.socket().starts_with(runtime.canonicalize().unwrap()));
    let pointer = data.join("control.addr");
    assert!(pointer.exists());
    assert!(Client::connect(&data).unwrap().status().unwrap().is_object());
    let kept = house.end();
    assert!(!pointer.exists());
    drop(kept);
}

#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let data = TempDir::new().unwrap();
    let run = data.path().join("run");
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
    let error = Address::prepare(data.path(), data.path()).unwrap_err();
    assert!(matches!(error, AddressError::Unsafe { mode: 0o755, .. }), "{error}");
}

#[test]
fn a_wish_is_answered_with_the_engines_own_word() {
    let house = House::new(Disk::Works);
    house.name_a_pair();
    let mut client = house.client();
    let made = json!({ "cmd": "add_target", "symbol": "newusdt", "price_max": "0.25" });
    let made = client.ask(&made).unwrap();
    assert_eq!((&made["state"], &made["on_disk"]), (&json!("done"), &json!(true)), "{made}");
    assert_eq!((&made["target"]["id"], &made["target"]["state"]), (&json!(7), &json!("ready")));
    let told = house.told.lock().unwrap().clone();
    let [Command::ByHand { wish: ByHand::AddTarget(wish), .. }] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(wish.cap, PriceCap::Max(Amount::parse(b"0.25").unwrap()));

    let buy = json!({ "cmd": "buy", "symbol": "NEWUSDT", "notional": "5", "price_max": "1" });
    let declined = client.ask(&buy).unwrap();
    let (state, why) = (&declined["state"], &declined["why"]);
    assert_eq!((state, why), (&json!("declined"), &json!("not_trading")), "{declined}");
    assert!(declined["message"].as_str().unwrap().contains("does not trade yet"), "{declined}");

    let refused = client.ask(&json!({ "cmd": "sell", "symbol": "NEWUSDT" })).unwrap();
    assert_eq!((&refused["state"], &refused["why"]), (&json!("refused"), &json!("A01")));
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("9 was asked, an order may have 1"), "{message}");
}

#[test]
fn a_wish_that_nobody_answers_is_not_taken_for_done_and_the_wait_ends() {
    let house = House::new(Disk::Fails);
    house.name_a_pair();
    let answer = house.client().ask(&json!({ "cmd": "forget", "symbol": "NEWUSDT" })).unwrap();
    assert_eq!(answer["state"], "unanswered", "{answer}");
}

#[test]
fn an_answer_that_is_not_on_disk_says_so() {
    let house = House::new(Disk::Fails);
    house.name_a_pair();
    let ask = json!({ "cmd": "add_target", "symbol": "NEWUSDT" });
    let answer = house.client().ask(&ask).unwrap();
    assert_eq!((&answer["state"], &answer["on_disk"]), (&json!("done"), &json!(false)));
}

#[test]
fn names_and_figures_that_mean_nothing_are_wrong_usage_and_reach_no_engine() {
    let house = House::new(Disk::Works);
    house.name_a_pair();
    let mut client = house.client();
    for (ask, expected) in [
        (
            json!({ "cmd": "buy", "symbol": "NEWUSDT", "notional": "-5", "price_max": "1" }),
            "\"-5\"",
        ),
        (json!({ "cmd": "buy", "symbol": "NEWUSDT", "notional": "5", "price_max": "x" }), "\"x\""),
        (json!({ "cmd": "forget", "symbol": "NOTUSDT" }), "no pair \"NOTUSDT\""),
        (json!({ "cmd": "forget", "symbol": "NEWUSDT", "account": "sub" }), "no account \"sub\""),
        (json!({ "cmd": "sell", "symbol": "NEWUSDT", "qty": "1", "now": true }), "leave one away"),
        (json!({ "cmd": "arm", "target": 9 }), "no target 9"),
        (json!({ "cmd": "cancel_order", "order": "abc" }), "no id of an order of ours"),
        (json!({ "cmd": "targets", "status": "flying" }), "the states are pending, ready"),
        (
            json!({ "cmd": "add_target", "symbol": "NEWUSDT", "price_max": "1", "reference": "1" }),
            "name one",
        ),
    ] {
        let error = client.ask(&ask).unwrap_err();
        assert!(matches!(error, ClientError::Usage(_)), "{ask}: {error:?}");
        assert!(error.to_string().contains(expected), "{ask}: {error}");
    }
    assert!(house.told.lock().unwrap().is_empty());
    let error = client.ask(&json!({ "cmd": "rehearse", "target": 9 })).unwrap_err();
    assert!(matches!(error, ClientError::Failed(_)), "{error:?}");
}

#[test]
fn lists_are_shown_and_the_status_says_why_nothing_trades() {
    let house = House::new(Disk::Works);
    house.name_a_pair();
    let mut client = house.client();
    for name in ["targets", "positions", "orders", "listings"] {
        let answer = client.ask(&json!({ "cmd": name })).unwrap();
        assert_eq!(answer[name], json!([]), "{answer}");
    }
    let status = client.status().unwrap();
    assert!(status["inaction"].as_str().unwrap().contains("Entries are blocked"), "{status}");
}

/// Whether what the loop records comes to be on disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disk {
    Works,
    Fails,
}

/// A data directory, the server on it, and a loop behind the server.
struct House {
    server: ControlServer,
    kill: KillFlag,
    board: Arc<Mutex<Board>>,
    told: Arc<Mutex<Vec<Command>>>,
    data: TempDir,
    folder: PathBuf,
    _looping: Looping,
}

/// The loop's thread, which ends when this is dropped.
struct Looping {
    stop: Arc<AtomicBool>,
    sender: InboxSender,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Looping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.sender.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl House {
    fn new(disk: Disk) -> Self {
        let latch_wait = match disk {
            Disk::Works => Duration::from_secs(30),
            Disk::Fails => Duration::from_millis(50),
        };
        Self::with(disk, ControlConfig { latch_wait, ..ControlConfig::default() })
    }

    fn with(disk: Disk, config: ControlConfig) -> Self {
        let data = TempDir::new().unwrap();
        let folder = data.path().to_owned();
        Self::at(data, &folder, &folder, disk, config)
    }

    fn at(data: TempDir, folder: &Path, runtime: &Path, disk: Disk, config: ControlConfig) -> Self {
        let board = Arc::new(Mutex::new(Board::new()));
        let kill = KillFlag::default();
        let (sender, receiver) = inbox(16);
        let told = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let machine = Recorder {
            board: Arc::clone(&board),
            kill: kill.clone(),
            told: Arc::clone(&told),
            disk,
            level: KillLevel::Active,
            seq: 0,
        };
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut machine, (writer, _reader)) = (machine, stats());
            let wait = Wait { policy: WaitPolicy::Park, ..Wait::default() };
            let config = LoopConfig { wait, ..LoopConfig::default() };
            run(&mut machine, &config, vec![], receiver, writer, &stopping, |_| {}).unwrap();
        });
        let desk = Desk::new(Arc::clone(&board), sender.clone(), kill.clone(), config);
        let server = ControlServer::start(folder, runtime, desk).unwrap();
        let _looping = Looping { stop, sender, thread: Some(thread) };
        Self { server, kill, board, told, data, folder: folder.to_owned(), _looping }
    }

    /// The board has heard of one pair.
    fn name_a_pair(&self) {
        let names = SymbolNames {
            name: Text::clipped("NEWUSDT"),
            base: Text::clipped("NEW"),
            quote: Text::clipped("USDT"),
            base_asset: AssetId(2),
            quote_asset: AssetId(1),
        };
        let event = Event::of(AccountId::NONE, SymbolId(3), Body::Symbol(names));
        let mut bytes = [0; 512];
        let mut out = Writer::new(&mut bytes);
        event.write(&mut out);
        let len = out.len();
        let mut board = self.board.lock().unwrap();
        board.on_record(Kind::INPUT, Family::Decisions, 0, runtime::Clock.now(), &bytes[..len]);
    }

    fn socket(&self) -> PathBuf {
        self.server.address().socket.clone()
    }

    fn client(&self) -> Client {
        Client::connect(&self.folder).unwrap()
    }

    /// Ends everything but the directory.
    fn end(self) -> TempDir {
        let Self { data, .. } = self;
        data
    }
}

/// The target that the recorder makes.
fn target() -> TargetRecord {
    let settings = Settings::demo(&[]).expect("the shipped plan is sound");
    let operator = Text::clipped("tester");
    let plans = settings
        .engine(settings::Identity {
            instance: 1,
            epoch: 1,
            operator,
            hashes: settings::Hashes::default(),
        })
        .plans;
    TargetRecord {
        id: TargetId(7),
        account: AccountId(0),
        symbol: SymbolId(3),
        state: TargetState::Ready,
        why: WhyNot::None,
        pattern: Pattern::ByHand,
        confidence: Confidence::default(),
        opens_at: VenueTime::from_millis(1_790_000_000_000),
        permit: None,
        slot: model::Slot(0),
        entry: plans.entry,
        exit: plans.exit,
    }
}

fn exchange(stream: &mut BufReader<UnixStream>, line: &str) -> Value {
    stream.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// The engine's part in a kill: it records the level, and the trader's flag follows.
struct Recorder {
    board: Arc<Mutex<Board>>,
    kill: KillFlag,
    told: Arc<Mutex<Vec<Command>>>,
    disk: Disk,
    level: KillLevel,
    seq: u64,
}

impl Recorder {
    /// The engine's word on a wish: made, declined, refused, or none at all.
    fn answer(&mut self, token: u64, wish: &ByHand) {
        let outcome = match wish {
            ByHand::AddTarget(_) => {
                self.record(Record::Target(target()));
                Outcome::Done { target: Some(target().id) }
            }
            ByHand::Buy(_) => WhyNot::NotTrading.into(),
            ByHand::Sell { .. } => {
                Refusal::NotionalAboveMax { asked: Amount::from_units(9), max: Amount::ONE }.into()
            }
            ByHand::Arm { .. }
            | ByHand::Disarm { .. }
            | ByHand::CancelTarget { .. }
            | ByHand::CancelOrder { .. }
            | ByHand::Adopt { .. }
            | ByHand::Forget
            | ByHand::Rehearse { .. } => return,
        };
        self.act(&Action::Note(Note::Answer { token, outcome }));
    }

    fn record(&mut self, record: Record) {
        self.act(&Action::Persist { token: 0, record });
    }

    fn act(&mut self, action: &Action<Request>) {
        let mut bytes = [0; 512];
        let mut out = Writer::new(&mut bytes);
        action.write(&mut out);
        let len = out.len();
        self.seq += 1;
        let mut board = self.board.lock().unwrap();
        board.on_record(Kind::OUTPUT, Family::Decisions, self.seq, Mono::ZERO, &bytes[..len]);
        if self.disk == Disk::Works {
            board.on_durable(self.seq);
        }
    }
}

impl Machine for Recorder {
    fn handle_event(&mut self, _: Mono, event: &Event) {
        let Body::Command(command) = event.body else { return };
        self.told.lock().unwrap().push(command);
        match command {
            Command::Kill { level, reason } if level > self.level => {
                self.level = level;
                self.record(Record::Kill { level, reason });
            }
            Command::Resume { reason } => {
                self.level = KillLevel::Active;
                self.kill.resume(self.kill.level(), KillLevel::Active);
                self.record(Record::Kill { level: self.level, reason });
            }
            Command::ByHand { token, wish } => self.answer(token, &wish),
            Command::Kill { .. }
            | Command::Reference { .. }
            | Command::CancelTarget { .. }
            | Command::Exit(_) => {}
        }
    }

    fn links(&self) -> usize {
        0
    }
    fn kind(&self, _: LinkId) -> LinkKind {
        LinkKind::Http
    }
    fn wants(&self, _: LinkId) -> bool {
        false
    }
    fn path(&self, _: LinkId) -> &str {
        ""
    }
    fn handle_open(&mut self, _: Mono, _: LinkId) {}
    fn handle_closed(&mut self, _: Mono, _: LinkId, _: Closed) {}
    fn handle_text(&mut self, _: Mono, _: LinkId, _: &mut [u8]) {}
    fn handle_binary(&mut self, _: Mono, _: LinkId, _: &[u8]) {}
    fn handle_bytes(&mut self, _: Mono, _: LinkId, _: &[u8]) {}
    fn handle_timeout(&mut self, _: Mono) {}
    fn poll_transmit(&mut self, _: Mono, _: LinkId) -> Option<&[u8]> {
        None
    }
    fn handle_transmitted(&mut self, _: Mono, _: LinkId, _: usize) {}
    fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        None
    }
    fn is_done(&self) -> bool {
        false
    }
}
