//! What the pure rooms may not touch. One list: clippy's files are generated from it, and the tidy
//! test searches the sources for the same words.

use std::fmt::Write as _;

/// Rooms that decide. Equal inputs must give equal outputs, byte for byte.
pub const PURE_ROOMS: [&str; 5] = ["model", "risk", "engine", "venue", "paper"];

/// Rooms that may open `unsafe`, each module with a reason.
pub const UNSAFE_ROOMS: [&str; 3] = ["host", "journal", "runtime"];

/// One thing that a pure room may not name.
#[derive(Clone, Copy, Debug)]
pub struct Ban {
    /// The word in the source, whole: `Instant` does not match `Instantly`.
    pub word: &'static str,
    /// Types that clippy refuses for it, in tests too; none leaves it to the tidy test, which
    /// looks at what ships.
    pub types: &'static [&'static str],
    /// Functions that clippy refuses for it, in tests too.
    pub methods: &'static [&'static str],
    /// Why, and what to do.
    pub mend: &'static str,
}

/// The list.
pub const BANS: &[Ban] = &[
    Ban {
        word: "std::time::Instant",
        types: &["std::time::Instant"],
        methods: &["std::time::Instant::now"],
        mend: "time is an argument: take `now: Mono`",
    },
    Ban {
        word: "SystemTime",
        types: &["std::time::SystemTime"],
        methods: &["std::time::SystemTime::now"],
        mend: "time is an argument: take a `VenueTime`",
    },
    Ban {
        word: "std::net",
        types: &["std::net::TcpStream", "std::net::TcpListener", "std::net::UdpSocket"],
        methods: &[],
        mend: "sockets live in runtime: take bytes, give bytes",
    },
    Ban {
        word: "std::fs",
        types: &[],
        methods: &[],
        mend: "files live in journal and tools: take the bytes as an argument",
    },
    Ban {
        word: "std::thread",
        types: &["std::thread::JoinHandle"],
        methods: &["std::thread::spawn", "std::thread::sleep"],
        mend: "threads live in runtime: one step, one caller",
    },
    Ban {
        word: "std::env",
        types: &[],
        methods: &["std::env::var", "std::env::vars", "std::env::args"],
        mend: "the environment is read by tools/settings: take the figure as an argument",
    },
    Ban {
        word: "HashMap",
        types: &["std::collections::HashMap"],
        methods: &[],
        mend: "its order differs from run to run: use a dense array or BTreeMap",
    },
    Ban {
        word: "HashSet",
        types: &["std::collections::HashSet"],
        methods: &[],
        mend: "its order differs from run to run: use a dense array or BTreeSet",
    },
    Ban {
        word: "f32",
        types: &[],
        methods: &[],
        mend: "money has no float: use Price, Qty, Amount or parts in ten-thousandths",
    },
    Ban {
        word: "f64",
        types: &[],
        methods: &[],
        mend: "money has no float: use Price, Qty, Amount or parts in ten-thousandths",
    },
];

/// The text of a pure room's `.clippy.toml`.
///
/// Clippy takes the first such file from the crate's folder upwards, so this one stands alone and
/// does not add to the workspace's.
pub fn clippy_toml(room: &str) -> String {
    let mut text = format!(
        "# What {room} may not touch. Written by `cargo xtask lists` from tools/xtask/src/bans.rs.\n"
    );
    table(&mut text, "disallowed-types", |ban| ban.types);
    table(&mut text, "disallowed-methods", |ban| ban.methods);
    text
}

fn table(text: &mut String, name: &str, paths: impl Fn(&Ban) -> &'static [&'static str]) {
    let _ = writeln!(text, "{name} = [");
    for ban in BANS {
        for path in paths(ban) {
            let _ = writeln!(text, "  {{ path = \"{path}\", reason = \"{}\" }},", ban.mend);
        }
    }
    text.push_str("]\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ban_of_a_clock_reaches_clippy() {
        let text = clippy_toml("engine");
        for path in ["std::time::Instant::now", "std::time::SystemTime::now"] {
            assert!(text.contains(&format!("path = \"{path}\"")), "{path} in\n{text}");
        }
    }

    #[test]
    fn no_word_stands_in_the_list_twice() {
        for (at, ban) in BANS.iter().enumerate() {
            assert!(BANS[at + 1..].iter().all(|other| other.word != ban.word), "{}", ban.word);
        }
    }
}
