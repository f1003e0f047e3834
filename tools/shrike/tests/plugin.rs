//! `shrike plugin`: from an empty folder to a module that would be taken, and what becomes of those
//! that would not.
#![expect(clippy::print_stderr, reason = "a test that is left out says why")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

mod support;

use support::{document, root, said, shown, shrike, text};

/// A run of `shrike plugin` in a folder.
fn plugin(folder: &Path, args: &[&str]) -> Output {
    let mut all = vec!["plugin"];
    all.extend(args);
    shrike(&all).current_dir(folder).output().unwrap()
}

/// What `shrike plugin check` says of a module, as its document.
fn checked(module: &[u8], code: i32) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("module.wasm"), module).unwrap();
    document(&plugin(folder.path(), &["check", "module.wasm", "--json"]), code)
}

fn strategies() -> PathBuf {
    root().join("strategies").canonicalize().unwrap()
}

/// Why nothing can be built for the sandbox here.
fn no_target() -> Option<String> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let library = Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown/lib");
    (!library.is_dir()).then(|| format!("left out: {} is not there", library.display()))
}

#[test]
fn a_new_strategy_and_a_new_rule_are_built_and_checked_as_their_author_would() {
    if let Some(why) = no_target() {
        return eprintln!("{why}");
    }
    for (name, kind) in [("dip_buyer", "strategy"), ("dear_orders", "risk_rule")] {
        let folder = tempfile::tempdir().unwrap();
        let sdk = strategies().join("sdk");
        let mut args = vec!["new", name, "--sdk", text(&sdk)];
        if kind == "risk_rule" {
            args.push("--rule");
        }
        said(&plugin(folder.path(), &args), 0, &["plugin.toml", "src/lib.rs", "cargo test"]);
        let built = plugin(folder.path(), &["build", name]);
        said(&built, 0, &["cargo rustc", "--profile plugin", "It would be taken", "plugin swap"]);
        let module = folder.path().join(name).join(format!("{name}.wasm"));
        let found = document(&plugin(folder.path(), &["check", text(&module), "--json"]), 0);
        assert_eq!((&found["name"], &found["kind"]), (&name.into(), &kind.into()));
        let bytes = std::fs::read(&module).unwrap();
        assert_eq!(found["size_bytes"].as_u64(), Some(bytes.len() as u64));
        assert!(bytes.len() < 16_384, "{}", bytes.len());
        let path = folder.path().canonicalize().unwrap();
        let here = text(&path).as_bytes();
        assert!(!bytes.windows(here.len()).any(|part| part == here), "a path of this machine");
        // Built from its own folder it is the same, byte for byte.
        std::fs::remove_file(&module).unwrap();
        let again = document(&plugin(&folder.path().join(name), &["build", "--json"]), 0);
        assert_eq!(again["check"]["hash"], found["hash"]);
        assert!(module.exists());
    }
}

#[test]
fn a_source_that_does_not_build_leaves_no_module() {
    if let Some(why) = no_target() {
        return eprintln!("{why}");
    }
    let folder = tempfile::tempdir().unwrap();
    let sdk = strategies().join("sdk");
    said(&plugin(folder.path(), &["new", "broken", "--sdk", text(&sdk)]), 0, &[]);
    let source = folder.path().join("broken/src/lib.rs");
    std::fs::write(&source, "compile_error!(\"not today\");").unwrap();
    said(&plugin(folder.path(), &["build", "broken"]), 1, &["not today", "does not build"]);
    assert!(!folder.path().join("broken/broken.wasm").exists());
}

#[test]
fn a_folder_that_is_no_plug_in_is_not_built() {
    let folder = tempfile::tempdir().unwrap();
    said(&plugin(folder.path(), &["build"]), 2, &["plugin.toml", "plugin new"]);
    said(&plugin(folder.path(), &["build", "no_such"]), 2, &["no_such"]);
    let sdk = strategies().join("sdk");
    said(&plugin(folder.path(), &["new", "one", "--sdk", text(&sdk)]), 0, &[]);
    let manifest = folder.path().join("one/plugin.toml");
    let said_before = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, said_before.replace("\"one\"", "\"two\"")).unwrap();
    said(&plugin(folder.path(), &["build", "one"]), 2, &["\"one\"", "\"two\""]);
    std::fs::write(&manifest, said_before + "\nspeed = 9\n").unwrap();
    said(&plugin(folder.path(), &["build", "one"]), 2, &["plugin.toml", "speed"]);
}

#[test]
fn the_kit_is_found_from_inside_the_clone_and_otherwise_asked_for() {
    // A program outside of the clone: it finds the kit of the clone that the user stands in.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("shrike");
    if std::fs::hard_link(env!("CARGO_BIN_EXE_shrike"), &program).is_err() {
        std::fs::copy(env!("CARGO_BIN_EXE_shrike"), &program).unwrap();
    }
    let run = |from: &Path, args: &[&str]| {
        Command::new(&program).current_dir(from).args(args).output().unwrap()
    };
    let outside = run(folder.path(), &["plugin", "new", "lost"]);
    said(&outside, 2, &["strategies/sdk", "--sdk", text(folder.path())]);
    let to = folder.path().join("made");
    let inside = run(&root(), &["plugin", "new", "found", "--dir", text(&to)]);
    said(&inside, 0, &["found"]);
    let manifest = std::fs::read_to_string(to.join("found/Cargo.toml")).unwrap();
    assert!(manifest.contains(text(&strategies().join("sdk"))), "{manifest}");
    said(&run(&root(), &["plugin", "new", "found", "--dir", text(&to)]), 1, &["there already"]);
    let wrong = ["plugin", "new", "other", "--sdk", text(folder.path())];
    said(&run(&root(), &wrong), 2, &[text(folder.path()), "strategies/sdk"]);
    for bad in ["Dip", "dip-buyer", "../x", "sdk", "match"] {
        said(&run(&root(), &["plugin", "new", bad]), 2, &[bad, "letter"]);
    }
}

/// A clone with only what `shrike plugin new` looks at.
fn small_clone() -> TempDir {
    let clone = tempfile::tempdir().unwrap();
    for name in ["strategies/sdk/Cargo.toml", "tests/tidy/rooms.rs"] {
        let to = clone.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(root().join(name), to).unwrap();
    }
    clone
}

#[test]
fn inside_strategies_it_becomes_a_member_with_its_row() {
    let clone = small_clone();
    let strategies = clone.path().join("strategies");
    let made = document(&plugin(&strategies, &["new", "dip_buyer", "--json"]), 0);
    assert_eq!((&made["member"], &made["kind"]), (&true.into(), &"strategy".into()));
    let read = |name: &str| std::fs::read_to_string(clone.path().join(name)).unwrap();
    assert!(read("strategies/dip_buyer/Cargo.toml").contains("sdk = { workspace = true }"));
    assert!(!strategies.join("dip_buyer/.cargo").exists());
    assert!(read("tests/tidy/rooms.rs").contains("folder: \"strategies/dip_buyer\""));
    said(&plugin(&strategies, &["new", "sdk_2"]), 0, &["member"]);
}

#[test]
fn every_shipped_module_would_be_taken() {
    let mut count = 0;
    for entry in strategies().read_dir().unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let file = folder.join(format!("{name}.wasm"));
        if !file.exists() {
            continue;
        }
        let found = document(&plugin(&folder, &["check", text(&file), "--json"]), 0);
        assert_eq!((&found["ok"], &found["name"]), (&true.into(), &name.as_str().into()));
        count += 1;
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn the_document_holds_what_scripts_rely_on() {
    let module = std::fs::read(strategies().join("momentum/momentum.wasm")).unwrap();
    let found = checked(&module, 0);
    assert_eq!((&found["ok"], &found["abi"]), (&true.into(), &1.into()));
    assert_eq!((&found["name"], &found["kind"]), (&"momentum".into(), &"strategy".into()));
    assert_eq!(found["reasons"], support::empty());
    let number = |path: &str| {
        found.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path}: {found}"))
    };
    assert!(number("/call_ns/p50") <= number("/call_ns/p99"));
    assert!(number("/memory_bytes") < 2_000_000);
    assert!(number("/fuel/most") > 0 && number("/fuel/most") < number("/fuel/budget"));
    assert!(number("/events/calls") > 0 && number("/events/scenes") > 3_000);
    assert_eq!(number("/size_bytes"), module.len() as u64);
    assert_eq!(found["hash"].as_str().map(str::len), Some(64));
    let names: Vec<&str> = found["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    for name in [
        "size",
        "signature",
        "markers",
        "imports",
        "exports",
        "memory",
        "compiler",
        "stack frames",
        "events",
        "fuel",
        "same twice",
        "latency",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}

#[test]
fn people_are_told_each_thing_that_was_looked_at() {
    let folder = strategies().join("hello");
    let told = plugin(&folder, &["check", "hello.wasm"]);
    said(&told, 0, &["strategy hello", "imports", "stack frames", "p99", "It would be taken."]);
}

#[test]
fn every_hostile_module_is_refused_by_its_name() {
    let folder = root().join("core/host/tests/wat/hostile");
    let mut count = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let source = std::fs::read_to_string(&path).unwrap();
        let end = source.lines().next().and_then(|line| line.strip_prefix(";; ")).unwrap();
        let module = wat::parse_str(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = checked(&module, 3);
        assert_eq!(found["ok"], false, "{name}");
        let reason = found["reasons"][0].as_str().unwrap_or_else(|| panic!("{name}: {found}"));
        let reasons: Vec<&str> = end.split(" or ").map(reason_of).collect();
        let named = |wanted: &&str| reason.starts_with(&format!("{wanted}: "));
        assert!(reasons.iter().any(named), "{name}: {reason}, not {end}");
        count += 1;
    }
    assert!(count >= 70, "{count}");
}

/// The name of the reason for an end as the host's own tests write it.
fn reason_of(end: &str) -> &str {
    match end.split_once(": ") {
        Some((_, "2147483647")) => "too_many_intents",
        Some((_, "-1")) => "gave_up",
        Some((_, name)) => name,
        None => end,
    }
}

#[test]
fn what_is_no_module_is_refused_and_what_is_not_there_is_an_error() {
    let said_of = |bytes: &[u8]| checked(bytes, 3)["reasons"][0].as_str().unwrap().to_owned();
    assert!(said_of(b"").starts_with("not_wasm: "));
    assert!(said_of(b"\x7fELF\x02\x01\x01").starts_with("not_wasm: "));
    assert!(said_of(b"\0asm\x0d\0\x01\0").starts_with("component: "));
    let folder = tempfile::tempdir().unwrap();
    said(&plugin(folder.path(), &["check", "no_such.wasm"]), 1, &["no_such.wasm"]);
    std::fs::write(folder.path().join("text.wasm"), "(module)").unwrap();
    let told = plugin(folder.path(), &["check", "text.wasm"]);
    said(&told, 3, &["no  markers", "It would be refused", "not_wasm"]);
}

#[test]
fn a_signature_is_demanded_when_a_key_is_given() {
    let folder = root().join("tools/plugins/tests/signed");
    let signed = plugin(&folder, &["check", "signed.wasm", "--key", "key.pub", "--json"]);
    let found = document(&signed, 0);
    assert_eq!(found["name"], "signed");
    let line = std::fs::read_to_string(folder.join("key.pub")).unwrap();
    let line = line.lines().nth(1).unwrap().to_owned();
    for (signature, code, word) in [
        ("signed.wasm.minisig", 0, "good"),
        ("by_another_key.minisig", 3, "signature_wrong_key"),
        ("forged.minisig", 3, "signature_wrong_file"),
        ("old_form.minisig", 3, "signature_legacy"),
        ("key.pub", 3, "signature_bad_format"),
        ("no_such.minisig", 3, "signature_missing"),
    ] {
        let args = ["check", "signed.wasm", "--key", &line, "--signature", signature];
        said(&plugin(&folder, &args), code, &[word]);
    }
    said(&plugin(&folder, &["check", "signed.wasm", "--key", "RWno"]), 2, &["RWno", "56"]);
    let hello = strategies().join("hello/hello.wasm");
    let unsigned = plugin(&folder, &["check", text(&hello), "--key", "key.pub"]);
    said(&unsigned, 3, &["signature_missing", "hello.wasm.minisig"]);
}

#[test]
fn a_journals_events_are_shown_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let demo = ["demo", "--headless", "--virtual", "--listings", "1", "--data", text(&data)];
    let ran = shrike(&demo).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", shown(&ran));
    let module = strategies().join("momentum/momentum.wasm");
    let args = ["check", text(&module), "--journal", text(&data), "--json"];
    let found = document(&plugin(folder.path(), &args), 0);
    assert!(found["events"]["recorded"].as_u64().is_some_and(|events| events > 50), "{found}");
    let nowhere = ["check", text(&module), "--journal", "no_such"];
    said(&plugin(folder.path(), &nowhere), 1, &["no_such"]);
}

#[test]
fn the_compiler_that_is_its_own_process_says_no_in_words() {
    let mut child = shrike(&["plugin", "compile"]);
    child.stdin(std::process::Stdio::null());
    said(&child.output().unwrap(), 3, &["not WebAssembly"]);
}
