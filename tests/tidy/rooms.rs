//! Who may know whom. A manifest that names another room or crate is a change of architecture, so
//! it has to change this table too, where a reviewer sees it.

use toml::{Table, Value};

use crate::finding::Finding;
use crate::tree::Tree;

/// One room: the rooms of ours and the outside crates that its `[dependencies]` may name.
struct Room {
    folder: &'static str,
    ours: &'static [&'static str],
    outside: &'static [&'static str],
}

#[rustfmt::skip]
const ROOMS: &[Room] = &[
    Room { folder: "core/abi", ours: &[], outside: &[] },
    Room { folder: "core/model", ours: &[], outside: &[] },
    Room { folder: "core/risk", ours: &["model"], outside: &[] },
    Room { folder: "core/engine", ours: &["model", "risk"], outside: &[] },
    Room {
        folder: "core/venue",
        ours: &["model", "risk"],
        outside: &["simd-json", "rust_decimal", "httparse", "hmac", "sha2"],
    },
    Room {
        folder: "core/host",
        ours: &["abi", "model"],
        outside: &["wasmtime", "wasmparser", "toml", "blake3", "rustix"],
    },
    Room { folder: "core/paper", ours: &["model", "risk", "venue"], outside: &[] },
    Room {
        folder: "core/journal",
        ours: &["model"],
        outside: &["blake3", "crc32fast", "memmap2", "libc"],
    },
    Room {
        folder: "core/runtime",
        ours: &["model", "risk", "engine", "venue", "journal", "paper"],
        outside: &[
            "mio", "tungstenite", "rustls", "rustls-pki-types", "webpki-roots", "libc", "socket2",
            "core_affinity", "crossbeam-channel", "hdrhistogram",
        ],
    },
    // No registry crate in a guest: what a plug-in is built of is all in this repository.
    Room { folder: "strategies/sdk", ours: &["abi"], outside: &[] },
    Room { folder: "strategies/hello", ours: &["sdk"], outside: &[] },
    Room { folder: "strategies/listing_sniper", ours: &["sdk"], outside: &[] },
    Room { folder: "strategies/momentum", ours: &["sdk"], outside: &[] },
    Room { folder: "strategies/exposure_cap", ours: &["sdk"], outside: &[] },
    Room { folder: "strategies/loss_streak", ours: &["sdk"], outside: &[] },
    Room {
        folder: "tools/archive",
        ours: &["model", "risk", "engine", "journal", "replay"],
        outside: &["rusqlite", "serde_json", "tracing"],
    },
    Room {
        folder: "tools/exchange",
        ours: &["model"],
        outside: &[
            "mio", "tungstenite", "rustls", "rustls-pki-types", "rcgen", "httparse", "hdrhistogram",
            "hmac", "sha2", "serde", "serde_json", "toml",
        ],
    },
    Room {
        folder: "tools/keys",
        ours: &["settings"],
        outside: &["aes-gcm", "argon2", "getrandom", "sha2", "zeroize"],
    },
    Room {
        folder: "tools/patterns",
        ours: &["model", "engine"],
        outside: &["fastrand", "serde_json"],
    },
    Room {
        folder: "tools/plugins",
        ours: &[
            "abi", "model", "host", "journal", "sdk", "settings", "exposure_cap", "hello", "listing_sniper",
            "loss_streak", "momentum",
        ],
        outside: &["minisign-verify", "tracing"],
    },
    Room {
        folder: "tools/replay",
        ours: &["model", "engine", "journal", "settings"],
        outside: &[],
    },
    Room {
        folder: "tools/scout",
        ours: &["model", "venue"],
        outside: &["rustls", "rustls-pki-types", "webpki-roots", "tracing"],
    },
    Room {
        folder: "tools/settings",
        ours: &["model", "risk", "engine", "host", "paper"],
        outside: &["blake3", "serde_json", "strsim", "toml", "zeroize"],
    },
    Room {
        folder: "tools/shrike",
        ours: &[
            "archive", "model", "risk", "engine", "venue", "journal", "paper", "runtime", "exchange", "scout",
            "sim", "replay", "settings", "keys", "host", "patterns", "plugins", "sdk",
        ],
        outside: &[
            "blake3", "clap", "serde", "serde_json", "toml", "tracing", "tracing-subscriber",
            "indicatif", "rustix", "signal-hook", "strsim", "tracing-appender", "hdrhistogram",
            "sha2", "tungstenite", "zeroize",
        ],
    },
    Room {
        folder: "tools/sim",
        ours: &[
            "model", "engine", "venue", "paper", "runtime", "journal", "exchange", "scout",
            "settings", "host", "plugins",
        ],
        outside: &[],
    },
    // The first thing that a fresh clone compiles.
    Room { folder: "tools/xtask", ours: &[], outside: &[] },
];

/// Crates of ours that only test or measure: they may name everything, and nobody may name them.
const TESTERS: [&str; 2] = ["tests", "benches"];

/// What a room may name for its tests beside what it ships with.
const FOR_TESTS: [&str; 6] = ["proptest", "prost", "rcgen", "serde_json", "tempfile", "wat"];

/// The manifests of the rooms against the table.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let known: Vec<&str> = tree.rooms().map(name_of).collect();
    let mut found = Vec::new();
    for folder in tree.rooms().filter(|folder| !TESTERS.contains(folder)) {
        let path = format!("{folder}/Cargo.toml");
        let text = tree.get(&path).unwrap_or_default();
        match ROOMS.iter().find(|room| room.folder == folder) {
            Some(room) => found.extend(check_room(room, &path, text, &known)),
            None => found.push(Finding::new(
                &path,
                0,
                "a room without a row",
                "say in tests/tidy/rooms.rs whom it may know",
            )),
        }
    }
    for room in ROOMS {
        if !tree.rooms().any(|folder| folder == room.folder) {
            let mend = "take its row out of tests/tidy/rooms.rs";
            found.push(Finding::new(room.folder, 0, "a row without a room", mend));
        }
    }
    found
}

fn name_of(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

fn check_room(room: &Room, path: &str, text: &str, known: &[&str]) -> Vec<Finding> {
    let Ok(manifest) = text.parse::<Table>() else {
        return vec![Finding::new(path, 0, "not TOML", "mend the manifest")];
    };
    let mut found = Vec::new();
    let mut blame = |name: &str, seen: String, mend: &str| {
        found.push(Finding::new(path, line_of(text, name), seen, mend));
    };
    let package = manifest.get("package").and_then(|package| package.get("name"));
    if package.and_then(Value::as_str) != Some(name_of(room.folder)) {
        blame("name", "a package named unlike its folder".into(), "give both one name");
    }
    for (name, value) in table(&manifest, "dependencies") {
        let allowed = if known.contains(&name.as_str()) { room.ours } else { room.outside };
        if !allowed.contains(&name.as_str()) {
            let seen = format!("{} names `{name}`", room.folder);
            blame(name, seen, "use what the room has, or argue for a row in tests/tidy/rooms.rs");
        }
        if !is_shared(value) {
            let mend = "write `{ workspace = true }`: versions stand in the root manifest alone";
            blame(name, format!("`{name}` with a version of its own"), mend);
        }
    }
    for (name, value) in table(&manifest, "dev-dependencies") {
        let ours = known.contains(&name.as_str());
        let beneath = room.folder.starts_with("core/") && !is_core(name);
        let shipped = room.outside.contains(&name.as_str());
        if ours && beneath {
            let mend = "core knows neither tools nor strategies; move the test to tests/";
            blame(name, format!("{} tests with `{name}`", room.folder), mend);
        } else if !ours && !shipped && !FOR_TESTS.contains(&name.as_str()) {
            let seen = format!("{} tests with `{name}`", room.folder);
            blame(name, seen, "use what the house tests with, see tests/tidy/rooms.rs");
        }
        if !is_shared(value) {
            blame(
                name,
                format!("`{name}` with a version of its own"),
                "write `{ workspace = true }`",
            );
        }
    }
    for section in ["build-dependencies", "target", "patch"] {
        if manifest.contains_key(section) {
            let seen = format!("a section [{section}]");
            blame(section, seen, "the rooms build without scripts and on one kind of machine");
        }
    }
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    if lints.and_then(Value::as_bool) != Some(true) {
        blame("[package]", "lints of its own".into(), "write [lints] workspace = true");
    }
    found
}

fn is_core(name: &str) -> bool {
    ROOMS.iter().any(|room| room.folder.strip_prefix("core/") == Some(name))
}

fn is_shared(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn table<'a>(manifest: &'a Table, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    manifest.get(name).and_then(Value::as_table).into_iter().flatten()
}

/// Where a line begins with `name`, from 1; 0 when none does.
fn line_of(text: &str, name: &str) -> usize {
    let starts = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_alphanumeric() || "_-".contains(c))
        })
    };
    text.lines().position(starts).map_or(0, |at| at + 1)
}

/// The table of shared dependencies: each says why it is there, and somebody uses it.
pub(crate) fn check_workspace(tree: &Tree) -> Vec<Finding> {
    let text = tree.get("Cargo.toml").unwrap_or_default();
    let Ok(manifest) = text.parse::<Table>() else {
        return vec![Finding::new("Cargo.toml", 0, "not TOML", "mend the manifest")];
    };
    let mut found = Vec::new();
    for section in ["patch", "replace"] {
        if manifest.contains_key(section) {
            let mend = "depend on what was published";
            found.push(Finding::new("Cargo.toml", 0, format!("a section [{section}]"), mend));
        }
    }
    let shared = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    for (name, value) in shared.and_then(Value::as_table).into_iter().flatten() {
        let at = line_of(text, name);
        let line = text.lines().nth(at.saturating_sub(1)).unwrap_or_default();
        let reason = line.split_once('#').map_or("", |(_, reason)| reason.trim());
        if value.get("path").is_none() && reason.is_empty() {
            let mend = "say at the end of its line what it is for";
            found.push(Finding::new("Cargo.toml", at, format!("`{name}` without a reason"), mend));
        }
        if ["git", "registry"].iter().any(|other| value.get(other).is_some()) {
            let mend = "depend on what was published";
            found.push(Finding::new("Cargo.toml", at, format!("`{name}` from elsewhere"), mend));
        }
        let used = tree.rooms().any(|folder| {
            let manifest = tree.get(&format!("{folder}/Cargo.toml")).unwrap_or_default();
            line_of(manifest, name) > 0
        });
        if !used && value.get("path").is_none() {
            let mend = "take it out";
            found.push(Finding::new("Cargo.toml", at, format!("`{name}` that nobody names"), mend));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[package]\nname = \"risk\"\n[lints]\nworkspace = true\n";

    fn seen(folder: &str, manifest: &str) -> Vec<String> {
        let room = ROOMS.iter().find(|room| room.folder == folder).expect("a row");
        let known = ["model", "risk", "engine", "sim", "sdk"];
        let text = HEAD.replace("risk", name_of(folder)) + manifest;
        check_room(room, "Cargo.toml", &text, &known).into_iter().map(|one| one.seen).collect()
    }

    #[test]
    fn a_room_may_name_those_of_its_row_and_nobody_else() {
        let good = "[dependencies]\nmodel = { workspace = true }\n";
        assert_eq!(seen("core/risk", good), [""; 0]);
        for name in ["engine", "sim", "serde", "libc"] {
            let bad = format!("[dependencies]\n{name} = {{ workspace = true }}\n");
            assert_eq!(seen("core/risk", &bad), [format!("core/risk names `{name}`")]);
        }
    }

    #[test]
    fn core_does_not_test_with_tools_or_strategies() {
        let tests = |name: &str| format!("[dev-dependencies]\n{name} = {{ workspace = true }}\n");
        for name in ["sim", "sdk"] {
            assert_eq!(seen("core/risk", &tests(name)), [format!("core/risk tests with `{name}`")]);
        }
        assert_eq!(seen("core/risk", &tests("engine")), [""; 0]);
        assert_eq!(seen("core/risk", &tests("proptest")), [""; 0]);
        assert_eq!(seen("tools/replay", &tests("sim")), [""; 0]);
    }

    #[test]
    fn versions_scripts_and_lints_of_ones_own_are_refused() {
        assert_eq!(seen("core/venue", "[dependencies]\nhttparse = \"1\"\n").len(), 1);
        assert_eq!(seen("core/venue", "[build-dependencies]\ncc = \"1\"\n").len(), 1);
        assert_eq!(
            seen("core/venue", "[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n").len(),
            1
        );
        let room = &ROOMS[0];
        let bare = check_room(room, "Cargo.toml", "[package]\nname = \"abi\"\n", &[]);
        assert_eq!(bare[0].seen, "lints of its own");
    }

    #[test]
    fn a_room_without_a_row_and_a_row_without_a_room_are_both_found() {
        let tree = Tree::of(&[("core/novelty/Cargo.toml", "[package]\nname = \"novelty\"")]);
        let found = check(&tree);
        assert!(found.iter().any(|one| one.seen == "a room without a row"));
        assert!(found.iter().any(|one| one.path == "core/model"));
    }

    #[test]
    fn a_shared_dependency_needs_a_reason_and_a_user() {
        let root = "[workspace.dependencies]\nlog = \"1\" # why\nbare = \"1\"\n\
                    own = { path = \"x\" }\nidle = \"1\" # why\nfar = { git = \"x\" } # why\n";
        let room = "[dependencies]\nlog = 1\nbare = 1\nown = 1\nfar = 1\n";
        let tree = Tree::of(&[("Cargo.toml", root), ("core/a/Cargo.toml", room)]);
        let seen: Vec<String> = check_workspace(&tree).into_iter().map(|one| one.seen).collect();
        assert_eq!(
            seen,
            ["`bare` without a reason", "`far` from elsewhere", "`idle` that nobody names"]
        );
    }
}
