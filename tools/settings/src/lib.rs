//! The configuration: TOML files, then variables `SHRIKE__SECTION__KEY`, then overrides.
//!
//! Strict: an unknown key, a missing one and an impossible value are errors that name the key, the
//! value and the mend, all of them at once. There are no defaults in code; the shipped files hold
//! them. A secret never stands here, only the place where it is.
//!
//! [`Settings::engine`] and [`Settings::standing`] turn it into what the rooms of `core` are made from.
//!
//! **Absent:** the network, and the encrypted key store. Reads files only in [`Settings::load`],
//! [`KeyRef::read`], [`read_private`] and [`read_credential`], and never the environment by itself.
#![warn(missing_docs)]

mod build;
mod check;
mod key_ref;
mod plan;
mod problem;
mod schema;
mod show;
mod source;
#[cfg(test)]
mod tests;
mod types;
mod value;

use std::path::PathBuf;

use model::Mode;

pub use key_ref::{Credentials, KeyError, KeyRef, read_credential, read_private};
pub use plan::{Hashes, Identity};
pub use problem::{Fault, LoadError, Problem, Source};
pub use show::Shown;
pub use types::{
    Account, Endpoint, Entry, Exit, Limits, Loop, Paper, Period, Plugins, Scout, Slot, Targets,
    Venue, Wait,
};

use build::Places;
use source::Sayings;

/// A whole configuration. Every figure is inside its range and fits the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What money is at stake.
    pub mode: Mode,
    /// Folder of everything that must survive a restart.
    pub data_dir: PathBuf,
    /// Folder of the shared ring; `None` for the machine's usual tmpfs.
    pub runtime_dir: Option<PathBuf>,
    /// The encrypted file of API keys; `None` for the user's usual place.
    pub key_store: Option<PathBuf>,
    /// Where the exchange is.
    pub venue: Venue,
    /// 1 to 8; the index is the `AccountId`.
    pub accounts: Vec<Account>,
    /// Plug-ins in their places.
    pub slots: Vec<Slot>,
    /// Where plug-ins come from.
    pub plugins: Plugins,
    /// The hot thread.
    pub loop_: Loop,
    /// Periods of the slow sources.
    pub scout: Scout,
    /// Which openings are taken, and how large.
    pub targets: Targets,
    /// The opening entry.
    pub entry: Entry,
    /// The way out.
    pub exit: Exit,
    /// The venue of paper mode.
    pub paper: Paper,
    /// What no order may exceed.
    pub limits: Limits,
    table: check::Table,
}

/// The shipped files, by the names they have under config/.
const SHIPPED: [(&str, &str); 3] = [
    ("trader.toml", include_str!("../../../config/trader.toml")),
    ("limits.toml", include_str!("../../../config/limits.toml")),
    ("venues/mexc.toml", include_str!("../../../config/venues/mexc.toml")),
];

/// What the demo changes: the built-in exchange on this machine, whose listings are seconds away
/// when they are announced, and a time stop short enough to watch. The addresses are placeholders
/// until the exchange says where it listens.
const DEMO: [(&str, &str); 14] = [
    ("mode", "demo"),
    ("venue.rest", "127.0.0.1:8900"),
    ("venue.ws", "127.0.0.1:8900/ws"),
    ("venue.futures_ws", "127.0.0.1:8900/edge"),
    ("venue.web", "127.0.0.1:8900"),
    ("venue.tls", "false"),
    ("accounts", "[{ name = \"demo\", key = \"demo\", source = \"any\", budget = \"450\" }]"),
    ("scout.calendar_ms", "1000"),
    ("scout.calendar_near_ms", "1000"),
    ("scout.symbols_ms", "1000"),
    ("scout.symbols_near_ms", "1000"),
    ("scout.exchange_info_ms", "2000"),
    ("scout.exchange_info_near_ms", "2000"),
    ("exit.time_stop_s", "10"),
];

/// As problems call a text of [`Settings::canonical`].
const CANONICAL: &str = "canonical text";

impl Settings {
    /// Reads files, and those named in their `include`, relative to the file that names them.
    ///
    /// `env` is the environment as name and value; names without the prefix `SHRIKE__` are passed
    /// over. `overrides` are full key paths with values as text, such as
    /// `("risk.daily.max_buy", "300")`; text needs no quotes, a list of tables is written as TOML.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first thing.
    pub fn load(
        files: &[PathBuf],
        env: &[(String, String)],
        overrides: &[(String, String)],
    ) -> Result<Self, LoadError> {
        let texts = source::read_files(files);
        let texts = texts.map_err(|problem| LoadError { problems: vec![problem] })?;
        Self::from_texts(&texts, env, overrides)
    }

    /// The same from texts, each with the name that problems call it by; `include` is not followed.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first thing.
    pub fn from_texts(
        texts: &[(String, String)],
        env: &[(String, String)],
        overrides: &[(String, String)],
    ) -> Result<Self, LoadError> {
        let mut sayings = Sayings::default();
        for (name, text) in texts {
            sayings.add_file(name, text);
        }
        sayings.add_env(env);
        sayings.add_overrides(overrides);
        build::build(check::check(sayings)?, Places::Said)
    }

    /// The shipped configuration for `shrike demo`, without reading a file. `overrides` come on
    /// top, the addresses of the exchange above all.
    ///
    /// # Errors
    /// What is wrong with the overrides.
    pub fn demo(overrides: &[(String, String)]) -> Result<Self, LoadError> {
        let mut sayings = Sayings::default();
        for (name, text) in SHIPPED {
            sayings.add_file(name, text);
        }
        let changes = DEMO.map(|(key, value)| (key.to_owned(), value.to_owned()));
        sayings.add_overrides(&changes);
        sayings.add_overrides(overrides);
        build::build(check::check(sayings)?, Places::Said)
    }

    /// Settings that trade as those did whose [`canonical`](Self::canonical) text this is, the
    /// demo's too. Keys that only say where stand in no such text; they hold the examples of
    /// config/README.md, so the result is for replay and never for a connection.
    ///
    /// # Errors
    /// Everything that is wrong; also a text that [`canonical`](Self::canonical) would print in
    /// another way, since its hash would not be the recorded one.
    pub fn from_canonical(text: &str) -> Result<Self, LoadError> {
        let mut sayings = Sayings::default();
        sayings.add_file(CANONICAL, text);
        sayings.add_local_examples();
        let settings = build::build(check::check(sayings)?, Places::Examples)?;
        if settings.canonical() == text {
            return Ok(settings);
        }
        let rule = "the text is not in the form that is printed for the journal".to_owned();
        let source = Some(Source::File(CANONICAL.into()));
        let problem = Problem { source, key: String::new(), fault: Fault::Clash { rule } };
        Err(LoadError { problems: vec![problem] })
    }

    /// The JSON Schema of the configuration as one document.
    pub fn schema() -> String {
        show::json_schema()
    }
}
