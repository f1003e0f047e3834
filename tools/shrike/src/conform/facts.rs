//! What is known of the exchange's doubtful behaviours: the file, and what the trader relies on.
//!
//! `refused N` is a refusal with the exchange's code N, `answered S` a reply with the order status S.
//!
//! - `unknown_symbol`, of `exchangeInfo`: `empty`, `refused N`.
//! - `zero_balances`: assets of which nothing is held are `listed` by `account`, or `left_out`.
//! - `refused_topic`, `topic_beside_refused`: a channel that does not exist and a good one, asked for
//!   together: `named` as refused, `taken`, `unanswered`.
//! - `query_after_placement`: an order by our id is found `at_once`, `later`, `not_within_10s`.
//! - `duplicate_of_live_id`, `duplicate_of_ended_id`: an order id again, while its order rests and once
//!   it is cancelled: `accepted` as another order, `returned` the first one, `refused N`.
//! - `cancel_of_cancelled`, `cancel_of_unknown`, `cancel_of_filled`: `refused N`, `answered S`.
//! - `order_behind_window`, `order_inside_window`: an order 2 s old, with a window of 1 s and of 3 s;
//!   `order_two_seconds_early`, `order_half_second_early`: one from ahead: `accepted`, `refused N`.
//! - `ioc_without_match`, IMMEDIATE_OR_CANCEL far below the market, and `crossing_maker`, LIMIT_MAKER
//!   above the best ask: the last status, or `refused N`.
//! - `first_told`, `new_told`, `own_id_told`, of a deal on the private stream: `deal` or `order` comes
//!   first; status 1 is `told` before or `left_out`; our id stands in `both`, `order`, `deal`, `neither`.
//! - `listen_key_extended`: `same` or `another` key, `refused N`; `listen_key_deleted`: `done`,
//!   `refused N`.
//! - `stream_of_deleted_key`, `new_stream_of_deleted_key`: a private stream that was open, and one
//!   opened then: `closed`, `told and closed`, `told`, `open` after 5 s, `refused HTTP N`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::cli::CliError;
use crate::keys::date;

/// Its name in the data directory.
pub(crate) const FILE: &str = "venue_facts.toml";
/// Form of the file.
const FORM: u32 = 1;
/// Far more than it can have.
const LEN_MAX: u64 = 64 << 10;

const HEAD: &str = "\
# How the exchange behaves where its documentation does not say, as `shrike conform` saw it. A later run
# compares and ends with 3 on a difference; the trader does not start with real money on a fact that
# contradicts what it relies on. Written by `shrike conform --write`.
";

/// A behaviour that is probed.
#[derive(Debug)]
pub(crate) struct Known {
    /// Its name in the file.
    pub(crate) name: &'static str,
    /// Words that a value must begin with; empty when the trader takes any.
    trusted: &'static [&'static str],
    /// What the trader relies on, when it does.
    why: &'static str,
}

const fn any(name: &'static str) -> Known {
    Known { name, trusted: &[], why: "" }
}

const fn trusted(name: &'static str, trusted: &'static [&'static str], why: &'static str) -> Known {
    Known { name, trusted, why }
}

/// Every behaviour, in the order of the probes.
pub(crate) const KNOWN: &[Known] = &[
    any("unknown_symbol"),
    any("zero_balances"),
    trusted("refused_topic", &["named", "unanswered"], "a refused topic is never echoed as taken"),
    trusted("topic_beside_refused", &["taken"], "a topic beside a refused one is taken"),
    trusted(
        "query_after_placement",
        &["at_once", "later"],
        "an order that the exchange took is found within 10 s, or it counts as never accepted",
    ),
    any("duplicate_of_live_id"),
    any("duplicate_of_ended_id"),
    any("cancel_of_cancelled"),
    trusted("cancel_of_unknown", &["refused"], "what does not exist cannot be cancelled"),
    trusted(
        "order_behind_window",
        &["refused"],
        "an order that is older than its receive window is never taken: the fence of a lost reply",
    ),
    trusted("order_inside_window", &["accepted"], "an order within its receive window is taken"),
    trusted(
        "order_two_seconds_early",
        &["refused"],
        "a time stamp of more than a second ahead is never taken: the fence after a power cut",
    ),
    trusted("order_half_second_early", &["accepted"], "the exchange bears half a second ahead"),
    trusted(
        "ioc_without_match",
        &["CANCELED", "refused"],
        "an immediate order that finds nothing ends at once",
    ),
    any("crossing_maker"),
    trusted(
        "cancel_of_filled",
        &["refused", "answered FILLED"],
        "a filled order is not told as cancelled",
    ),
    any("first_told"),
    any("new_told"),
    trusted("own_id_told", &["both"], "private orders and deals carry our own order id"),
    trusted("listen_key_extended", &["same"], "an extended listen key stays the same"),
    trusted("listen_key_deleted", &["done"], "a listen key can be given back"),
    any("stream_of_deleted_key"),
    any("new_stream_of_deleted_key"),
];

/// Facts by name.
pub(crate) type Facts = BTreeMap<String, String>;

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pinned {
    form: u32,
    /// The exchange, as the configuration names it.
    venue: String,
    /// Where it was probed, without the port.
    host: String,
    /// On which pair.
    symbol: String,
    /// When, by the host's calendar.
    pub(crate) seen_on: String,
    /// The same in milliseconds since 1970.
    seen_ms: i64,
    /// What was seen.
    pub(crate) facts: Facts,
}

/// A fact that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) fact: String,
    pub(crate) pinned: String,
    pub(crate) seen: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: pinned {:?}, seen {:?}", self.fact, self.pinned, self.seen)
    }
}

/// A fact that the trader cannot trade with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Contradiction {
    pub(crate) fact: String,
    pub(crate) seen: String,
    pub(crate) relied_on: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fact, seen, relied_on } = self;
        write!(f, "{fact} is {seen:?}, but the trader relies on this: {relied_on}")
    }
}

impl Pinned {
    /// What was seen there now.
    pub(crate) fn new(settings: &Settings, symbol: &str, now_ms: i64, facts: Facts) -> Self {
        Self {
            form: FORM,
            venue: settings.venue.name.as_str().to_owned(),
            host: host(settings),
            symbol: symbol.to_owned(),
            seen_on: date(now_ms),
            seen_ms: now_ms,
            facts,
        }
    }

    /// Reads the file of a data directory; `None` when there is none.
    ///
    /// # Errors
    /// [`CliError`]: refused for a file that is damaged, with the place and the mend.
    pub(crate) fn read(data: &Path) -> Result<Option<Self>, CliError> {
        let path = path(data);
        let bad = |why: &dyn fmt::Display| {
            CliError::refused(format_args!(
                "{}: {why}; mend it, or probe again: shrike conform --write",
                path.display()
            ))
        };
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(bad(&error)),
            Ok(about) if about.len() > LEN_MAX => return Err(bad(&"is too long for facts")),
            Ok(_) => {}
        }
        let text = fs::read_to_string(&path).map_err(|error| bad(&error))?;
        let pinned: Self = toml::from_str(&text).map_err(|error| bad(&error))?;
        if pinned.form != FORM {
            return Err(bad(&format_args!("has form {}, and this program {FORM}", pinned.form)));
        }
        let unknown = |name: &&String| KNOWN.iter().all(|known| known.name != **name);
        if let Some(name) = pinned.facts.keys().find(unknown) {
            let near = |known: &&Known| strsim::damerau_levenshtein(known.name, name);
            let nearest = KNOWN.iter().min_by_key(near).map_or("", |known| known.name);
            return Err(bad(&format_args!("no fact {name:?}; did you mean {nearest:?}?")));
        }
        Ok(Some(pinned))
    }

    /// Writes it in the place of what was there, whole or not at all.
    ///
    /// # Errors
    /// [`CliError`]: failed.
    pub(crate) fn write(&self, data: &Path) -> Result<PathBuf, CliError> {
        let path = path(data);
        let text = toml::to_string(self).map_err(CliError::failed)?;
        let written = write_whole(&path, format!("{HEAD}{text}").as_bytes());
        written.map_err(|error| {
            CliError::failed(format_args!("cannot write {}: {error}", path.display()))
        })?;
        Ok(path)
    }

    /// Whether it is about the exchange of this configuration.
    pub(crate) fn is_of(&self, settings: &Settings) -> bool {
        self.venue == settings.venue.name.as_str()
            && self.host.eq_ignore_ascii_case(&host(settings))
    }

    /// Where it was seen.
    pub(crate) fn place(&self) -> String {
        format!("{} at {}", self.venue, self.host)
    }

    /// Facts of `seen` that are not as pinned.
    pub(crate) fn differences(&self, seen: &Facts) -> Vec<Difference> {
        let other = |(fact, seen): (&String, &String)| {
            let pinned = self.facts.get(fact).map_or("", String::as_str);
            (pinned != seen).then(|| Difference {
                fact: fact.clone(),
                pinned: pinned.to_owned(),
                seen: seen.clone(),
            })
        };
        seen.iter().filter_map(other).collect()
    }
}

fn host(settings: &Settings) -> String {
    settings.venue.rest.host.to_ascii_lowercase()
}

fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("toml.new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Facts that the trader cannot trade with.
pub(crate) fn contradictions(facts: &Facts) -> Vec<Contradiction> {
    let of = |known: &Known| {
        let seen = facts.get(known.name)?;
        let begins = |words: &&str| {
            seen.strip_prefix(*words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let is_good = known.trusted.is_empty() || known.trusted.iter().any(begins);
        (!is_good).then(|| Contradiction {
            fact: known.name.to_owned(),
            seen: seen.clone(),
            relied_on: known.why.to_owned(),
        })
    };
    KNOWN.iter().filter_map(of).collect()
}

/// What is said before real money is traded: notes for people.
///
/// # Errors
/// [`CliError`]: refused for a fact that contradicts what the trader relies on, and for a file that
/// cannot be read.
pub(crate) fn before_trading(settings: &Settings, data: &Path) -> Result<Vec<String>, CliError> {
    let Some(pinned) = Pinned::read(data)? else {
        return Ok(vec![format!(
            "there is no {FILE}: nobody has seen how this exchange behaves; run shrike conform --write"
        )]);
    };
    if !pinned.is_of(settings) {
        return Ok(vec![format!(
            "{FILE} is about {}, not about this exchange; run shrike conform --write",
            pinned.place()
        )]);
    }
    let wrong = contradictions(&pinned.facts);
    if let Some(first) = wrong.first() {
        let more = match wrong.len() {
            1 => String::new(),
            all => format!(" (and {} more)", all - 1),
        };
        return Err(CliError::refused(format_args!(
            "{FILE} of {}: {first}{more}; nothing is traded until shrike conform --write sees it \
             otherwise",
            pinned.seen_on
        )));
    }
    let missing =
        |known: &&Known| !known.trusted.is_empty() && !pinned.facts.contains_key(known.name);
    let missing: Vec<&str> = KNOWN.iter().filter(missing).map(|known| known.name).collect();
    Ok(match missing.is_empty() {
        true => Vec::new(),
        false => {
            vec![format!("{FILE} does not say {}; run shrike conform --write", missing.join(", "))]
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pinned_is_read_back_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::demo(&[]).unwrap();
        assert_eq!(Pinned::read(folder.path()).unwrap(), None);
        let pinned = pinned(&settings);
        pinned.write(folder.path()).unwrap();
        assert_eq!(Pinned::read(folder.path()).unwrap(), Some(pinned.clone()));
        assert!(pinned.is_of(&settings));
        let mut seen = pinned.facts.clone();
        assert!(pinned.differences(&seen).is_empty());
        seen.insert("unknown_symbol".into(), "refused 10007".into());
        let differences = pinned.differences(&seen);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].seen, "refused 10007");
    }

    #[test]
    fn a_fact_that_breaks_the_fence_refuses_and_a_missing_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::demo(&[]).unwrap();
        let notes = before_trading(&settings, folder.path()).unwrap();
        assert!(notes[0].contains("shrike conform --write"), "{notes:?}");
        let mut pinned = pinned(&settings);
        pinned.write(folder.path()).unwrap();
        assert_eq!(before_trading(&settings, folder.path()).unwrap(), Vec::<String>::new());
        pinned.facts.remove("order_behind_window");
        pinned.write(folder.path()).unwrap();
        let notes = before_trading(&settings, folder.path()).unwrap();
        assert!(notes[0].contains("order_behind_window"), "{notes:?}");
        for (fact, value) in [("order_behind_window", "accepted"), ("refused_topic", "taken")] {
            let mut worse = pinned.clone();
            worse.facts.insert(fact.into(), value.into());
            worse.write(folder.path()).unwrap();
            let error = before_trading(&settings, folder.path()).unwrap_err();
            assert_eq!(error.exit(), crate::cli::Exit::Refused);
            assert!(error.to_string().contains(fact), "{error}");
        }
    }

    #[test]
    fn facts_of_another_exchange_say_nothing_of_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::demo(&[]).unwrap();
        let mut other = pinned(&settings);
        other.host = "elsewhere".into();
        other.facts.insert("order_behind_window".into(), "accepted".into());
        other.write(folder.path()).unwrap();
        let notes = before_trading(&settings, folder.path()).unwrap();
        assert!(notes[0].contains("elsewhere"), "{notes:?}");
    }

    #[test]
    fn a_damaged_file_and_an_unknown_fact_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::demo(&[]).unwrap();
        let mut odd = pinned(&settings);
        odd.facts.insert("order_behind_windov".into(), "refused".into());
        odd.write(folder.path()).unwrap();
        let error = Pinned::read(folder.path()).unwrap_err();
        assert!(error.to_string().contains("order_behind_window"), "{error}");
        fs::write(folder.path().join(FILE), "form = ").unwrap();
        assert_eq!(Pinned::read(folder.path()).unwrap_err().exit(), crate::cli::Exit::Refused);
    }

    /// Everything as the trader wants it.
    fn pinned(settings: &Settings) -> Pinned {
        let good = |known: &Known| {
            let value = known.trusted.first().copied().unwrap_or("something");
            (known.name.to_owned(), format!("{value} 17"))
        };
        Pinned::new(settings, "BTCUSDT", 1_790_000_000_000, KNOWN.iter().map(good).collect())
    }
}
