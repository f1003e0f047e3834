//! Keys and the doctor, run as people run them, against the simulated exchange.

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use exchange::{Config, KeyConfig, Permission};
use keys::{Cost, Entry, Listed, Passphrase, Store};
use serde_json::Value;
use settings::Credentials;
use support::{Process, document, empty, said, shown, shrike, text, venue_at};
use tempfile::TempDir;

#[test]
fn a_key_is_added_listed_checked_and_removed() {
    let desk = Desk::new(|key| key.addresses = Some(vec!["127.0.0.2".parse().unwrap()]));
    let added = desk.add(&["keys", "add", "main", "--bound"], KEY, SECRET);
    let words = ["ok    list of withdrawals", "ok    withdrawals", "from 127.0.0.2"];
    said(&added, 0, &[&words[..], &["key = \"store:main\""]].concat());
    let again = desk.add(&["keys", "add", "main", "--offline"], "another", "another");
    said(&again, 2, &["has a key \"main\"", "--replace"]);
    let listed = document(&desk.run(&["keys", "list", "--json"]), 0);
    assert_eq!(
        (&listed["keys"][0]["name"], &listed["keys"][0]["bound"]),
        (&"main".into(), &true.into())
    );
    let checked = document(&desk.run(&["keys", "check", "main", "--json"]), 0);
    assert_eq!((&checked["ok"], &checked["may_withdraw"]), (&true.into(), &false.into()));
    said(&desk.run(&["keys", "remove", "other", "--yes"]), 2, &["no key \"other\"", "it has main"]);
    said(&desk.run(&["keys", "remove", "main", "--yes"]), 0, &["delete it at the exchange"]);
    said(&desk.run(&["keys", "list"]), 0, &["has no keys"]);
    said(&desk.run(&["keys", "check", "main"]), 2, &["no key \"main\""]);
}

#[test]
fn a_key_that_may_read_withdrawals_alone_is_kept_with_a_warning() {
    let desk = Desk::new(|key| key.permissions.push(Permission::SpotWithdrawRead));
    let warning = "may read withdrawals (SPOT_WITHDRAW_READ); a trading key does not need it";
    let words = ["warn  list of withdrawals", warning, "ok    withdrawals"];
    said(&desk.add(&["keys", "add", "main"], KEY, SECRET), 0, &[&words[..], &["added"]].concat());
    said(&desk.run(&["keys", "check", "main"]), 0, &words);
    let checked = document(&desk.run(&["keys", "check", "main", "--json"]), 0);
    assert_eq!((&checked["ok"], &checked["may_withdraw"]), (&true.into(), &false.into()));
    said(&desk.run(&["doctor"]), 0, &words);
}

#[test]
fn a_key_that_may_withdraw_is_refused_and_not_kept() {
    use Permission::{SpotWithdrawRead, SpotWithdrawWrite};
    for more in [&[SpotWithdrawWrite][..], &[SpotWithdrawRead, SpotWithdrawWrite]] {
        let desk = Desk::new(|key| key.permissions.extend(more));
        let added = desk.add(&["keys", "add", "main"], KEY, SECRET);
        said(&added, 3, &["FAIL  withdrawals", "SPOT_WITHDRAW_W", "never kept"]);
        said(&desk.run(&["keys", "list"]), 2, &["no key store"]);
        let added = desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET);
        assert_eq!(added.status.code(), Some(0), "{}", shown(&added));
        let checked = document(&desk.run(&["keys", "check", "main", "--json"]), 3);
        assert_eq!((&checked["ok"], &checked["may_withdraw"]), (&false.into(), &true.into()));
        said(&desk.run(&["doctor"]), 3, &["FAIL  withdrawals"]);
    }
}

#[test]
fn what_is_wrong_with_a_key_is_named_with_its_code_and_mend() {
    type Change = fn(&mut KeyConfig);
    let cases: [(Change, &str, &[&str]); 6] = [
        (|key| key.access = "unknown".into(), SECRET, &["FAIL  key", "10072", "90 days"]),
        (|_| (), "another", &["FAIL  signature", "700002", "secret does not belong"]),
        (
            |key| key.addresses = Some(vec!["203.0.113.7".parse().unwrap()]),
            SECRET,
            &["FAIL  address binding", "700006", "it sees 127.0.0.2", "add 127.0.0.2"],
        ),
        (
            |key| key.permissions.retain(|one| *one != Permission::SpotAccountRead),
            SECRET,
            &["FAIL  permission SPOT_ACCOUNT_READ", "700007", "grant it"],
        ),
        (
            |key| key.permissions.retain(|one| *one != Permission::SpotDealWrite),
            SECRET,
            &["FAIL  permission SPOT_DEAL_WRITE", "700007", "grant it"],
        ),
        (
            |key| key.symbols = Some(vec![]),
            SECRET,
            &["FAIL  pairs open to the key", "name the pairs"],
        ),
    ];
    for (change, secret, words) in cases {
        let desk = Desk::new(change);
        said(&desk.add(&["keys", "add", "main"], KEY, secret), 1, words);
        said(&desk.run(&["keys", "list"]), 2, &["no key store"]);
    }
}

#[test]
fn an_exchange_that_is_not_there_and_an_address_that_is_not_ours_are_told() {
    let mut desk = Desk::new(|_| ());
    desk.set("SHRIKE__ACCOUNTS__0__SOURCE", "203.0.113.254");
    said(&desk.add(&["keys", "add", "main"], KEY, SECRET), 2, &["203.0.113.254", "ip address"]);
    desk.set("SHRIKE__ACCOUNTS__0__SOURCE", "0.0.0.0");
    said(&desk.run(&["keys", "list"]), 2, &["accounts.0.source", "an IP address, or \"any\""]);
    desk.set("SHRIKE__ACCOUNTS__0__SOURCE", "any");
    desk.end_exchange();
    said(
        &desk.add(&["keys", "add", "main"], KEY, SECRET),
        1,
        &["FAIL  exchange", "does not answer"],
    );
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
}

#[test]
fn a_store_that_cannot_be_opened_says_why() {
    let desk = Desk::new(|_| ());
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let store = desk.folder.path().join("keys");
    let check = || desk.run(&["keys", "check", "main"]);
    let good = fs::read(&store).unwrap();
    desk.write("passphrase", "not the passphrase");
    said(&check(), 2, &["passphrase does not open"]);
    desk.write("passphrase", PASSPHRASE);
    fs::set_permissions(desk.folder.path().join("passphrase"), fs::Permissions::from_mode(0o644))
        .unwrap();
    said(&check(), 2, &["passphrase has mode 644", "chmod 600"]);
    desk.write("passphrase", PASSPHRASE);
    fs::set_permissions(&store, fs::Permissions::from_mode(0o640)).unwrap();
    said(&check(), 2, &["mode 640", "chmod 600"]);
    fs::set_permissions(&store, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&store, &good[..good.len() - 1]).unwrap();
    said(&check(), 2, &["was cut", &format!("{} bytes of {}", good.len() - 1, good.len())]);
    let mut flipped = good.clone();
    flipped[100] ^= 1;
    fs::write(&store, flipped).unwrap();
    said(&check(), 2, &["is damaged"]);
    let mut newer = good;
    newer[8] = 9;
    fs::write(&store, newer).unwrap();
    said(&check(), 2, &["has version 9"]);
}

#[test]
fn a_key_that_grows_old_is_told_by_check_list_and_doctor() {
    let desk = Desk::new(|_| ());
    let store = desk.folder.path().join("keys");
    let passphrase = Passphrase::given(PASSPHRASE.to_owned());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    for (days, words) in [(61, "61 days"), (81, "after 90, SOON")] {
        let mut open = Store::open_to_change(&store, &passphrase, Cost::LEAST).unwrap();
        let added_ms = i64::try_from(now).unwrap() - days * 86_400_000;
        let listed = Listed { name: "main".to_owned(), added_ms, bound: false };
        let credentials = Credentials { key: KEY.to_owned(), secret: SECRET.to_owned() };
        open.add(Entry { listed, credentials }, true).unwrap();
        open.save(&passphrase).unwrap();
        drop(open);
        said(&desk.run(&["keys", "check", "main"]), 0, &["warn  age of the key", words]);
        said(&desk.run(&["doctor"]), 0, &["warn  age of the key", words]);
        said(&desk.run(&["keys", "list"]), 0, &["main", "keys check"]);
    }
}

#[test]
fn keys_never_stand_on_the_line_and_odd_input_is_refused() {
    let desk = Desk::new(|_| ());
    said(&desk.run(&["keys", "add", "main", "the-key", "the-secret"]), 2, &["unexpected argument"]);
    for input in ["only one line\n", "", "a\nb\nc\n"] {
        said(&desk.fed(&["keys", "add", "main"], input), 2, &["two lines"]);
    }
    said(&desk.fed(&["keys", "add", "Main"], "k\ns\n"), 2, &["a-z, 0-9"]);
    said(&desk.fed(&["keys", "add", "mx0vglabc123def456"], "k\ns\n"), 2, &["looks like a key"]);
    desk.write("passphrase", "too short");
    said(&desk.add(&["keys", "add", "main"], KEY, SECRET), 2, &["9 characters", "12 or more"]);
}

#[test]
fn the_trader_takes_its_key_from_the_store_and_its_links_leave_from_its_source() {
    // The exchange serves this key to 127.0.0.2 alone, so that a link from elsewhere would show.
    let desk = Desk::new(|key| key.addresses = Some(vec!["127.0.0.2".parse().unwrap()]));
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let memory = tempfile::tempdir().unwrap();
    let mut trader = desk.trader(&[], memory.path());
    trader.wait_for(&desk, "every block to end", signs_and_waits_for_nothing);
    assert_eq!(trader.end(), Some(0), "{}", trader.said());
    assert!(!trader.said().contains("credentials"), "{}", trader.said());
}

#[test]
fn real_money_is_not_traded_with_a_key_that_may_withdraw() {
    let desk = Desk::live(|config| {
        config.accounts[0].keys[0].permissions.push(Permission::SpotWithdrawWrite);
    });
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let refused = desk.run(&["run", "--live", "--data", text(&desk.folder.path().join("data"))]);
    said(&refused, 3, &["account \"main\"", "SPOT_WITHDRAW_W", "nothing is traded"]);
    assert!(!desk.folder.path().join("data/journal").exists(), "a journal was begun");
}

#[test]
fn real_money_is_traded_with_a_key_that_may_only_read_withdrawals_and_that_is_told() {
    let desk = Desk::live(|config| {
        let permissions = &config.accounts[0].keys[0].permissions;
        assert!(permissions.contains(&Permission::SpotWithdrawRead), "{permissions:?}");
    });
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let mut trader = desk.trader(&["--live"], memory.path());
    trader.wait_for(&desk, "every block to end, without a halt", |status| {
        signs_and_waits_for_nothing(status) && status["kill"]["level"] == "active"
    });
    assert_eq!(trader.end(), Some(0), "{}", trader.said());
    let told = fs::read_to_string(trader.data.with_file_name("output")).unwrap();
    assert!(told.contains("account main: list of withdrawals: the key may read"), "{told}");
}

#[test]
fn with_real_money_a_plug_in_of_ones_own_must_be_signed() {
    let mut desk = Desk::live(|_| ());
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let signed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/tests/signed");
    let key = fs::read_to_string(signed.join("key.pub")).unwrap();
    desk.set("SHRIKE__PLUGINS__KEY", key.lines().last().unwrap());
    let own = |name: &str, signature: Option<&str>| {
        let file = desk.folder.path().join(format!("{name}.wasm"));
        fs::copy(signed.join("signed.wasm"), &file).unwrap();
        if let Some(signature) = signature {
            let beside = desk.folder.path().join(format!("{name}.wasm.minisig"));
            fs::copy(signed.join(signature), beside).unwrap();
        }
        file
    };
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let mut trader = desk.trader(&["--live"], memory.path());
    trader.wait_for(&desk, "every block to end", signs_and_waits_for_nothing);
    let swap = |file: &Path| desk.about(&trader, &["plugin", "swap", "5", text(file)]);
    said(&swap(&own("unsigned", None)), 3, &["unsigned.wasm", "minisig"]);
    said(&swap(&own("forged", Some("forged.minisig"))), 3, &["forged.wasm", "signature"]);
    let stranger = own("stranger", Some("by_another_key.minisig"));
    said(&swap(&stranger), 3, &["stranger.wasm", "key"]);
    let slots = desk.about(&trader, &["plugin", "list", "--json"]);
    assert!(!String::from_utf8_lossy(&slots.stdout).contains("\"slot\":5"), "{slots:?}");
    said(&swap(&own("signed", Some("signed.wasm.minisig"))), 0, &["slot 5"]);
    assert_eq!(trader.end(), Some(0), "{}", trader.said());
}

#[test]
fn entries_wait_for_a_person_while_it_is_not_known_that_a_key_may_not_withdraw() {
    let desk = Desk::live(|config| config.rules.weight_per_10s = 2);
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let mut trader = desk.trader(&["--live"], memory.path());
    trader.wait_for(&desk, "the halt", |status| status["kill"]["level"] == "halt");
    assert_eq!(trader.end(), Some(0), "{}", trader.said());
    let told = fs::read_to_string(trader.data.with_file_name("output")).unwrap();
    assert!(told.contains("account main: exchange: ") && told.contains("code 429"), "{told}");
    assert!(told.contains("entries are held back"), "{told}");
}

#[test]
fn the_doctor_says_a_line_each_with_value_and_mend() {
    let desk = Desk::new(|_| ());
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let root = desk.folder.path().join("host");
    fs::create_dir_all(root.join("proc")).unwrap();
    fs::write(root.join("proc/swaps"), "Filename\n/dev/sda2 partition 1 0 -2\n").unwrap();
    let host = ["doctor", "--json", "--root", text(&root)];
    let found = document(&desk.run(&[&host[..], &["--host"]].concat()), 0);
    let of = |found: &Value, list: &str, what: &str| {
        let rows = found.pointer(list).and_then(Value::as_array).expect("a list of lines");
        rows.iter().find(|row| row["what"] == what).unwrap_or_else(|| panic!("{what}")).clone()
    };
    assert_eq!(found["accounts"], empty());
    let swap = of(&found, "/host", "swap");
    assert_eq!((&swap["verdict"], &swap["seen"]), (&"warn".into(), &"/dev/sda2".into()));
    assert!(of(&found, "/host", "cores")["seen"].as_str().unwrap().contains("cannot be read"));
    let found = document(&desk.run(&host), 0);
    let list = "list of withdrawals";
    for what in
        ["exchange", "clock", "key", "permission SPOT_DEAL_WRITE", list, "withdrawals", "limits"]
    {
        let row = of(&found, "/accounts/0/findings", what);
        assert_eq!(row["verdict"], "ok", "{row}");
    }
    let money = of(&found, "/accounts/0/findings", "money for entries");
    assert!(money["seen"].as_str().unwrap().starts_with("10000 USDT free"), "{money}");
    said(&desk.run(&["doctor"]), 0, &["host\n", "account main\n", "0 to mend"]);
}

#[test]
fn the_doctor_reads_the_certificate_and_misses_money() {
    let desk = Desk::live(|config| {
        config.accounts[0].balances = [("USDT".to_owned(), "5".to_owned())].into();
    });
    said(&desk.add(&["keys", "add", "main", "--offline"], KEY, SECRET), 0, &["added"]);
    let found = desk.run(&["doctor"]);
    let money = "5 USDT free; one entry 10, budget 45";
    said(&found, 1, &["TLSv1_3", "certificate good until", "FAIL  money for entries", money]);
}

#[test]
fn no_part_of_a_key_is_ever_seen() {
    let mut desk = Desk::new(|_| ());
    let mut seen = Seen::default();
    seen.output("add", &desk.add(&["keys", "add", "main"], KEY, SECRET));
    for args in [
        &["keys", "list"][..],
        &["keys", "list", "--json"],
        &["keys", "check", "main"],
        &["keys", "check", "main", "--json"],
        &["keys", "check", "nobody"],
        &["doctor"],
        &["doctor", "--json"],
        &["config", "show"],
        &["config", "show", "--json"],
        &["config", "check"],
    ] {
        seen.output(&args.join(" "), &desk.run(args));
    }
    seen.output("add twice", &desk.add(&["keys", "add", "main"], KEY, SECRET));
    seen.output("bad name", &desk.add(&["keys", "add", "Main"], KEY, SECRET));
    seen.output("three lines", &desk.fed(&["keys", "add", "x"], &format!("{KEY}\n{SECRET}\nx\n")));
    desk.set("SHRIKE__ACCOUNTS__0__KEY", KEY);
    seen.output("pasted key", &desk.run(&["config", "show"]));
    desk.set("SHRIKE__ACCOUNTS__0__KEY", "store:main");
    desk.write("passphrase", "not the passphrase");
    seen.output("wrong passphrase", &desk.run(&["keys", "check", "main"]));
    desk.write("passphrase", PASSPHRASE);

    let memory = tempfile::tempdir().unwrap();
    let mut trader = desk.trader(&["--json"], memory.path());
    trader.wait_for(&desk, "every block to end", signs_and_waits_for_nothing);
    let family = family(trader.process.id());
    assert!(family.len() >= 2, "a supervisor and its trader: {family:?}");
    for process in family {
        for name in ["cmdline", "environ", "comm", "status"] {
            seen.bytes(name, &fs::read(format!("/proc/{process}/{name}")).unwrap());
        }
    }
    for args in [&["status"][..], &["status", "--json"], &["kill", "reduce", "--reason", "a look"]]
    {
        seen.output(&args.join(" "), &desk.about(&trader, args));
    }
    assert_eq!(trader.end(), Some(0), "{}", trader.said());
    seen.folder(trader.data.parent().unwrap());
    let data = text(&trader.data).to_owned();
    for args in [&["inspect", "journal", &data][..], &["verify", &data], &["replay", &data]] {
        seen.output(&args.join(" "), &desk.run(args));
    }

    // A secret that is wrong, from the environment, with everything logged: the alarm's way out.
    desk.set("SHRIKE__ACCOUNTS__0__KEY", "env:CANARY");
    desk.set("CANARY_KEY", KEY);
    desk.set("CANARY_SECRET", OTHER_SECRET);
    seen.output("doctor of a wrong secret", &desk.run(&["doctor", "--json"]));
    let mut trader = desk.trader(&[], memory.path());
    trader.wait_for(&desk, "an alarm", |status| status["alarms"] != empty());
    seen.output("status of a wrong secret", &desk.about(&trader, &["status", "--json"]));
    assert_eq!(trader.end(), Some(0), "{}", trader.said());
    seen.folder(memory.path());
    fs::remove_file(desk.folder.path().join("passphrase")).unwrap();
    fs::remove_file(desk.folder.path().join("scenario.toml")).unwrap();
    seen.folder(desk.folder.path());
    assert!(seen.places > 40, "only {} places were searched", seen.places);
}

/// As long and as mixed as those of the exchange, and found nowhere else.
const KEY: &str = "mx0vglCANARYkey07";
const SECRET: &str = "c4n4ry5ecre7c4n4ry5ecre7c4n4ry55";
const OTHER_SECRET: &str = "0th3rc4n4ry0th3rc4n4ry0th3rc4n4r";
const PASSPHRASE: &str = "canary passphrase of this test";

/// Everything that was searched for canaries. Finding one fails at once.
#[derive(Default)]
struct Seen {
    places: usize,
}

impl Seen {
    fn output(&mut self, what: &str, output: &Output) {
        self.bytes(what, &output.stdout);
        self.bytes(what, &output.stderr);
    }

    /// Every file below `folder`, also what is no text: journal, blobs, store, logs.
    fn folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let about = entry.file_type().unwrap();
            if about.is_dir() {
                self.folder(&entry.path());
            } else if about.is_file() {
                self.bytes(text(&entry.path()), &fs::read(entry.path()).unwrap());
            }
        }
    }

    fn bytes(&mut self, what: &str, bytes: &[u8]) {
        self.places += 1;
        let canaries = [KEY, SECRET, OTHER_SECRET, PASSPHRASE].into_iter().flat_map(forms);
        let words = ["signature=", "X-MEXC-APIKEY"].map(|word| word.as_bytes().to_vec());
        let unwanted: Vec<Vec<u8>> = canaries.chain(words).collect();
        let shortest = unwanted.iter().map(Vec::len).min().unwrap();
        // None of them has a zero, and a journal has many: only what lies between is searched.
        for piece in bytes.split(|byte| *byte == 0).filter(|piece| piece.len() >= shortest) {
            for form in &unwanted {
                let found = piece.windows(form.len()).any(|window| window == form);
                assert!(!found, "{what} has {:?}", String::from_utf8_lossy(form));
            }
        }
    }
}

/// As it is, as hexadecimal digits, and as base64 at each of the three places it may begin.
fn forms(canary: &str) -> Vec<Vec<u8>> {
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![canary.into(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for skip in 0..3 {
        // Whole groups of three alone: what stands around them changes the others.
        let whole = &canary.as_bytes()[skip..];
        forms.push(base64(&whole[..whole.len() / 3 * 3]));
    }
    forms
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let whole = three.iter().fold(0, |whole, byte| whole << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| DIGITS[whole >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

#[test]
fn the_search_finds_a_canary_in_each_of_its_forms() {
    assert_eq!(base64(b"canary"), b"Y2FuYXJ5");
    for form in forms(SECRET) {
        let hidden = [b"around ", &form[..], b" around"].concat();
        let searched = std::panic::catch_unwind(|| Seen::default().bytes("a test", &hidden));
        assert!(searched.is_err(), "{}", String::from_utf8_lossy(&form));
    }
}

/// How long a process may take to get where it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a key store, and an exchange whose one account has the canary key.
struct Desk {
    folder: TempDir,
    exchange: Process,
    address: String,
    variables: Vec<(String, String)>,
}

impl Desk {
    /// In mode demo: every request of an account is signed with its key.
    fn new(change: impl FnOnce(&mut KeyConfig)) -> Self {
        let of_key = |key: &mut KeyConfig| {
            key.permissions.retain(|one| *one != Permission::SpotWithdrawRead);
            change(key);
        };
        let mut desk = Self::begin(|config| of_key(&mut config.accounts[0].keys[0]), &[]);
        desk.set("SHRIKE__MODE", "demo");
        let address = desk.address.clone();
        desk.reach(&address);
        desk.set("SHRIKE__VENUE__TLS", "false");
        desk.set("SHRIKE__ACCOUNTS__0__SOURCE", "127.0.0.2");
        desk
    }

    /// With real money at a tenth of the limits, as far as the trader can tell.
    fn live(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root.pem");
        let mut desk = Self::begin(change, &["--tls", "--cert-out", text(&root)]);
        let port = desk.address.rsplit(':').next().unwrap().to_owned();
        // Live mode refuses this machine by its usual names; a certificate has no capitals.
        desk.reach(&format!("LOCALHOST:{port}"));
        let kept = desk.folder.path().join("root.pem");
        fs::copy(&root, &kept).unwrap();
        desk.set("SHRIKE__VENUE__TLS", "true");
        desk.set("SHRIKE__VENUE__TLS_ROOTS", text(&kept));
        desk.set("SHRIKE__MODE", "live_min");
        desk
    }

    fn begin(change: impl FnOnce(&mut Config), more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default().with_key(KEY, SECRET);
        change(&mut config);
        let scenario = folder.path().join("scenario.toml");
        fs::write(&scenario, config.to_toml().unwrap()).unwrap();
        let (exchange, address) =
            support::exchange(&[&["--scenario", text(&scenario)], more].concat());
        let mut desk = Self { folder, exchange, address, variables: Vec::new() };
        desk.write("passphrase", PASSPHRASE);
        for (name, file) in
            [("SHRIKE_PASSPHRASE_FILE", "passphrase"), ("SHRIKE__KEY_STORE", "keys")]
        {
            let path = desk.folder.path().join(file);
            desk.set(name, text(&path));
        }
        desk.set("SHRIKE__ACCOUNTS__0__KEY", "store:main");
        desk.set("SHRIKE__RUNTIME_DIR", "/dev/shm/shrike-of-a-test");
        desk
    }

    fn reach(&mut self, address: &str) {
        for (name, value) in venue_at(address) {
            self.set(&name, &value);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// A file that nobody else reads.
    fn write(&self, name: &str, content: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn end_exchange(&mut self) {
        self.exchange.0.kill().unwrap();
        self.exchange.0.wait().unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = shrike(args);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().unwrap()
    }

    fn fed(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn add(&self, args: &[&str], key: &str, secret: &str) -> Output {
        self.fed(args, &format!("{key}\n{secret}\n"))
    }

    /// A trader with everything logged, whose ring is in the folder `memory`.
    fn trader(&self, more: &[&str], memory: &Path) -> Trader {
        let place = self.folder.path().join("traders");
        fs::create_dir_all(&place).unwrap();
        let place = place.join(fs::read_dir(&place).unwrap().count().to_string());
        fs::create_dir_all(&place).unwrap();
        let data = place.join("data");
        let mut command = self.command(&[&["run", "--data", text(&data)], more].concat());
        command.env("SHRIKE__RUNTIME_DIR", memory.join("ring")).env("SHRIKE_LOG", "trace");
        command.stdout(fs::File::create(place.join("output")).unwrap());
        command.stderr(fs::File::create(place.join("errors")).unwrap());
        Trader { process: Process(command.spawn().unwrap()), data }
    }

    /// A command about a trader.
    fn about(&self, trader: &Trader, args: &[&str]) -> Output {
        self.run(&[args, &["--data", text(&trader.data)]].concat())
    }
}

struct Trader {
    process: Process,
    data: PathBuf,
}

impl Trader {
    fn wait_for(&self, desk: &Desk, what: &str, is_so: impl Fn(&Value) -> bool) {
        let since = Instant::now();
        loop {
            let status = desk.about(self, &["status", "--json"]);
            match serde_json::from_slice::<Value>(&status.stdout) {
                Ok(status) if is_so(&status) => return,
                last => assert!(since.elapsed() < PATIENCE, "no {what}: {last:?} {}", self.said()),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn end(&mut self) -> Option<i32> {
        self.process.end()
    }

    /// What it wrote to its error output.
    fn said(&self) -> String {
        fs::read_to_string(self.data.with_file_name("errors")).unwrap()
    }
}

/// Whether the account is in step with the exchange, which only signed requests can bring about: on
/// paper there are none.
fn signs_and_waits_for_nothing(status: &Value) -> bool {
    assert_ne!(status["mode"], "paper");
    status["blocks"] == empty()
}

/// A process and its children.
fn family(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        // Behind the name in brackets: state, then the parent.
        let about = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let of: u32 = about.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        (process == parent || of == parent).then_some(process)
    });
    processes.collect()
}
