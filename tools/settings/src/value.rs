//! One value: from what was written to what was meant.

use std::net::IpAddr;

use model::Amount;
use toml::Value as Raw;

use crate::key_ref::KeyRef;
use crate::problem::Fault;
use crate::schema::{Key, Kind};
use crate::types::Endpoint;

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Whole(u64),
    None,
    Money(Amount),
    Flag(bool),
    Text(String),
    Words(Vec<&'static str>),
}

/// What a text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    Folder,
    FolderOrAuto,
    Endpoint,
    Name,
    Asset,
    KeyRef,
    RootsOrPublic,
    SourceOrAny,
    Plugin,
    Parameters,
    SigningKeyOrNone,
}

/// Longest text, in bytes: a path of Linux.
const TEXT_MAX: usize = 4_096;
const NAME_MAX: usize = 16;
const PLUGIN_MAX: usize = 32;

impl Value {
    /// Reads what a file, a variable or a command line said.
    pub(crate) fn read(key: &Key, raw: &Raw) -> Result<Self, Fault> {
        let wrong = || Fault::WrongType {
            seen: seen(raw),
            wanted: key.kind.wanted(),
            example: key.example,
        };
        let outside = || Fault::OutOfRange { seen: seen(raw), range: key.kind.range() };
        match (key.kind, raw) {
            (Kind::Whole { min, max }, Raw::Integer(number)) => u64::try_from(*number)
                .ok()
                .filter(|number| (min..=max).contains(number))
                .map(Self::Whole)
                .ok_or_else(outside),
            (Kind::WholeOrNone { max }, Raw::Integer(number)) => u64::try_from(*number)
                .ok()
                .filter(|number| *number <= max)
                .map(Self::Whole)
                .ok_or_else(outside),
            (Kind::WholeOrNone { .. }, Raw::String(text)) if text == "none" => Ok(Self::None),
            (Kind::Money { above, max }, Raw::Integer(_) | Raw::String(_)) => {
                let amount = money(raw).ok_or_else(wrong)?;
                let good = amount > Amount::from_units(above) && amount <= Amount::from_units(max);
                good.then_some(Self::Money(amount)).ok_or_else(outside)
            }
            (Kind::Flag, Raw::Boolean(flag)) => Ok(Self::Flag(*flag)),
            (Kind::Word(of), Raw::String(text)) => {
                let known = of.contains(&text.as_str());
                known.then(|| Self::Text(text.clone())).ok_or_else(outside)
            }
            (Kind::Words { of, min }, Raw::Array(items)) => words(of, min, items, wrong, outside),
            (Kind::Text(kind), Raw::String(text)) => kind.read(text, outside),
            _ => Err(wrong()),
        }
    }

    /// As it is written in a file.
    pub(crate) fn toml(&self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::None => "\"none\"".into(),
            Self::Money(amount) => format!("\"{amount}\""),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(text) => Raw::String(text.clone()).to_string(),
            Self::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("[{}]", words.join(", "))
            }
        }
    }
}

/// A variable or a word of the command line as the file's value: they have no quotes.
pub(crate) fn from_text(key: &Key, text: &str) -> Raw {
    let literal = || {
        let document = format!("value = {text}").parse::<toml::Table>().ok()?;
        document.get("value").cloned()
    };
    let text_value = || Raw::String(text.into());
    match key.kind {
        Kind::Whole { .. } | Kind::Flag => literal().unwrap_or_else(text_value),
        Kind::WholeOrNone { .. } => text.parse().map_or_else(|_| text_value(), Raw::Integer),
        Kind::Money { .. } | Kind::Word(_) | Kind::Text(_) => text_value(),
        Kind::Words { .. } if text.trim_start().starts_with('[') => {
            literal().unwrap_or_else(text_value)
        }
        Kind::Words { .. } => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Raw::Array(words.map(|word| Raw::String(word.into())).collect())
        }
    }
}

fn money(raw: &Raw) -> Option<Amount> {
    match raw {
        Raw::Integer(units) => Some(Amount::from_units(*units)),
        Raw::String(text) => Amount::parse(text.as_bytes()).ok(),
        Raw::Float(_) | Raw::Boolean(_) | Raw::Datetime(_) | Raw::Array(_) | Raw::Table(_) => None,
    }
}

fn words(
    of: &'static [&'static str],
    min: usize,
    items: &[Raw],
    wrong: impl Fn() -> Fault,
    outside: impl Fn() -> Fault,
) -> Result<Value, Fault> {
    let mut found = Vec::new();
    for item in items {
        let Raw::String(text) = item else { return Err(wrong()) };
        let Some(word) = of.iter().find(|word| *word == text) else { return Err(outside()) };
        if found.contains(word) {
            return Err(outside());
        }
        found.push(*word);
    }
    if found.len() < min { Err(outside()) } else { Ok(Value::Words(found)) }
}

impl TextKind {
    pub(crate) const fn range(self) -> &'static str {
        match self {
            Self::Folder => "a path",
            Self::FolderOrAuto => "a path, or \"auto\"",
            Self::Endpoint => "host:port or host:port/path",
            Self::Name => "1 to 16 of a-z, 0-9, _ and -",
            Self::Asset => "1 to 16 of A-Z and 0-9",
            Self::KeyRef => "store:NAME, credential:NAME, file:PATH or env:NAME; demo in mode demo",
            Self::RootsOrPublic => "a path, or \"public\"",
            Self::SourceOrAny => "an IP address, or \"any\"",
            Self::Plugin => "1 to 32 of a-z, 0-9 and _, a letter first",
            Self::Parameters => "name=value, with spaces between",
            Self::SigningKeyOrNone => "56 characters of base64, or \"none\"",
        }
    }

    fn read(self, text: &str, outside: impl Fn() -> Fault) -> Result<Value, Fault> {
        let good = match self {
            Self::KeyRef => {
                return match KeyRef::parse(text) {
                    Some(_) => Ok(Value::Text(text.into())),
                    None => Err(Fault::NotAReference { characters: text.chars().count() }),
                };
            }
            Self::Folder | Self::FolderOrAuto | Self::RootsOrPublic => {
                !text.is_empty() && text.len() <= TEXT_MAX && !text.contains('\0')
            }
            Self::Endpoint => Endpoint::parse(text).is_some(),
            Self::SourceOrAny => text == "any" || source(text).is_some(),
            Self::Plugin => is_plugin(text),
            Self::Parameters => parameters(text).is_some(),
            Self::SigningKeyOrNone => text == "none" || is_signing_key(text),
            Self::Asset => {
                let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
                (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(known)
            }
            Self::Name => {
                let known = |byte: u8| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
                };
                (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(known)
            }
        };
        if !good {
            return Err(outside());
        }
        if matches!(self, Self::Endpoint | Self::Name | Self::Asset) && looks_secret(text) {
            return Err(Fault::LooksSecret { characters: text.chars().count() });
        }
        Ok(Value::Text(text.into()))
    }
}

/// A plug-in's or a parameter's name, as manifests have them.
fn is_plugin(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=PLUGIN_MAX).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(known)
}

/// `name=value` pairs, each name once.
pub(crate) fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in text.split_whitespace() {
        let (name, value) = pair.split_once('=')?;
        let twice = pairs.iter().any(|(known, _)| known == name);
        if !is_plugin(name) || value.is_empty() || twice {
            return None;
        }
        pairs.push((name.to_owned(), value.to_owned()));
    }
    (text.len() <= TEXT_MAX).then_some(pairs)
}

/// A public key of minisign: 42 bytes, which begin with the letters of its algorithm.
fn is_signing_key(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    text.len() == 56 && text.starts_with("RW") && text.bytes().all(known)
}

/// An address that a connection can leave from.
pub(crate) fn source(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    (!address.is_unspecified() && !address.is_multicast()).then_some(address)
}

/// The value for an error message, without what may be a secret.
pub(crate) fn seen(raw: &Raw) -> String {
    let text = raw.to_string();
    if looks_secret(&text) {
        return format!("({} characters that look like a secret)", text.chars().count());
    }
    if text.chars().count() > SEEN_MAX {
        let short: String = text.chars().take(SEEN_MAX).collect();
        return format!("{short}...");
    }
    text
}

const SEEN_MAX: usize = 80;
/// The exchange's API keys have 18 characters (`mx0vgl` and 12 more), its secrets 32.
const SECRET_MIN: usize = 16;

/// Whether a run of letters and digits is as long and as mixed as a key.
pub(crate) fn looks_secret(text: &str) -> bool {
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    runs.filter(|run| run.len() >= SECRET_MIN).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let letters = run.len() - digits;
        digits >= 2 && letters >= 2
    })
}
