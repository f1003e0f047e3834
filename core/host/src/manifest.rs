//! What a plug-in says about itself: TOML text in the module's custom section
//! [`abi::SECTION`].
//!
//! Nothing is guessed. A key that is not known, a value of another type or outside its bounds is an
//! error that names the key, what stood there and what to write.

use std::fmt;

use abi::{area, scene};
use toml::{Table, Value};

mod parameter;

pub use parameter::{Domain, Parameter, ValueError};

/// Bytes of a manifest, at most.
pub const TEXT_MAX: usize = 32_768;
/// Bytes of a name, of a plug-in or of a parameter, at most.
pub const NAME_MAX: usize = 32;
/// Bytes of a version, at most.
pub const VERSION_MAX: usize = 16;
/// Bytes of a sentence about something, at most.
pub const ABOUT_MAX: usize = 160;
/// Bytes of a unit, at most.
pub const UNIT_MAX: usize = 16;
/// Choices of a parameter, at most.
pub const CHOICES_MAX: usize = 32;

/// What a plug-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is shown events and leaves intents.
    Strategy,
    /// It is asked about buys and may allow, shrink or refuse them.
    RiskRule,
}

impl Kind {
    /// The word used in manifests and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strategy => "strategy",
            Self::RiskRule => "risk_rule",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The state that a plug-in saves and takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The plug-in's own version of it.
    pub version: u32,
    /// Bytes of its buffer, 1 to [`area::STATE_MAX`].
    pub bytes: u32,
}

/// What a plug-in says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The version of the contract that it was built for.
    pub abi: u32,
    /// What it is.
    pub kind: Kind,
    /// Its name: a small letter, then small letters, digits and underscores.
    pub name: String,
    /// Its version, in its author's own way of counting.
    pub version: String,
    /// What it does, in a sentence.
    pub about: String,
    /// Bit n set: it wants events of kind n, see [`scene::KINDS`]. Signals, timers and parameters
    /// are always set.
    pub events: u32,
    /// Its saved state; `None` when it has none.
    pub state: Option<State>,
    /// What an operator may set, in the order that the guest sees.
    pub parameters: Vec<Parameter>,
}

/// Kinds of events that come without being asked for.
const UNASKED: u32 = 1 << scene::SIGNALS | 1 << scene::TIMER | 1 << scene::PARAMETER;

impl Manifest {
    /// Reads TOML text.
    ///
    /// # Errors
    /// [`ManifestError`] at the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > TEXT_MAX {
            let mend = format!("write at most {TEXT_MAX} bytes");
            return Err(ManifestError::new("", format!("{} bytes", text.len()), mend));
        }
        let table = text.parse::<Table>().map_err(|error| {
            ManifestError::new("", error.message().to_owned(), "write the manifest as TOML")
        })?;
        let mut keys = Keys::new(&table, String::new());
        let manifest = Self {
            abi: abi_version(&mut keys)?,
            kind: kind(&mut keys)?,
            name: keys.name("name")?,
            version: keys.text("version", VERSION_MAX)?,
            about: keys.text("about", ABOUT_MAX)?,
            events: events(&mut keys)?,
            state: state(&mut keys)?,
            parameters: parameters(&mut keys)?,
        };
        keys.end()?;
        Ok(manifest)
    }

    /// Whether it wants events of a kind.
    #[must_use]
    pub const fn wants(&self, kind: u16) -> bool {
        self.events >> kind & 1 == 1
    }
}

fn abi_version(keys: &mut Keys<'_>) -> Result<u32, ManifestError> {
    let seen = keys.integer("abi")?;
    match u32::try_from(seen) {
        Ok(version) if version == abi::VERSION => Ok(version),
        Ok(_) | Err(_) => {
            let mend = format!("build it for version {}", abi::VERSION);
            Err(keys.wrong("abi", seen.to_string(), mend))
        }
    }
}

fn kind(keys: &mut Keys<'_>) -> Result<Kind, ManifestError> {
    let seen = keys.text("kind", NAME_MAX)?;
    match seen.as_str() {
        "strategy" => Ok(Kind::Strategy),
        "risk_rule" => Ok(Kind::RiskRule),
        _ => Err(keys.wrong("kind", seen, "write strategy or risk_rule")),
    }
}

fn events(keys: &mut Keys<'_>) -> Result<u32, ManifestError> {
    let mut mask = UNASKED;
    for word in keys.words("events")?.unwrap_or_default() {
        let Some((kind, _)) = scene::KINDS.iter().find(|(_, known)| *known == word) else {
            let known: Vec<&str> = scene::KINDS.iter().map(|(_, word)| *word).collect();
            return Err(keys.wrong("events", word, format!("choose from {}", known.join(", "))));
        };
        mask |= 1 << kind;
    }
    Ok(mask)
}

fn state(keys: &mut Keys<'_>) -> Result<Option<State>, ManifestError> {
    let Some(table) = keys.table("state")? else { return Ok(None) };
    let mut keys = Keys::new(table, "state.".to_owned());
    let version = keys.number("version", 0, u32::MAX)?;
    let bytes = keys.number("bytes", 1, area::STATE_MAX as u32)?;
    keys.end()?;
    Ok(Some(State { version, bytes }))
}

fn parameters(keys: &mut Keys<'_>) -> Result<Vec<Parameter>, ManifestError> {
    let Some(value) = keys.take("parameters") else { return Ok(Vec::new()) };
    let Value::Array(items) = value else {
        return Err(keys.wrong("parameters", kind_of(value), "write [[parameters]] for each"));
    };
    if items.len() > area::PARAMS {
        let mend = format!("declare at most {}", area::PARAMS);
        return Err(keys.wrong("parameters", format!("{} of them", items.len()), mend));
    }
    let mut found: Vec<Parameter> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let Value::Table(table) = item else {
            return Err(keys.wrong("parameters", kind_of(item), "write [[parameters]] for each"));
        };
        let mut inner = Keys::new(table, format!("parameters.{at}."));
        let parameter = Parameter::parse(&mut inner)?;
        if found.iter().any(|other| other.name == parameter.name) {
            return Err(inner.wrong("name", parameter.name, "give each a name of its own"));
        }
        found.push(parameter);
    }
    Ok(found)
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The key, with dots; empty when it is the whole text.
    pub key: String,
    /// What stood there.
    pub seen: String,
    /// What to write.
    pub mend: String,
}

impl ManifestError {
    fn new(key: impl Into<String>, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { key: key.into(), seen: seen.into(), mend: mend.into() }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, seen, mend } = self;
        if key.is_empty() {
            write!(f, "manifest: {seen}: {mend}")
        } else {
            write!(f, "manifest: `{key}` is {seen}: {mend}")
        }
    }
}

impl std::error::Error for ManifestError {}

/// The keys of a table, each taken once; what is left at the end is not known.
struct Keys<'a> {
    table: &'a Table,
    within: String,
    taken: Vec<&'static str>,
}

impl<'a> Keys<'a> {
    fn new(table: &'a Table, within: String) -> Self {
        Self { table, within, taken: Vec::new() }
    }

    fn wrong(&self, key: &str, seen: impl Into<String>, mend: impl Into<String>) -> ManifestError {
        ManifestError::new(format!("{}{key}", self.within), seen, mend)
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.taken.push(key);
        self.table.get(key)
    }

    fn need(&mut self, key: &'static str) -> Result<&'a Value, ManifestError> {
        self.take(key).ok_or_else(|| self.wrong(key, "missing", "write it"))
    }

    /// Nothing is left.
    fn end(&self) -> Result<(), ManifestError> {
        match self.table.keys().find(|key| !self.taken.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let mend = format!("take it out, or choose from {}", self.taken.join(", "));
                Err(self.wrong(key, "not known here", mend))
            }
        }
    }

    fn integer(&mut self, key: &'static str) -> Result<i64, ManifestError> {
        let value = self.need(key)?;
        let number = value.as_integer();
        number.ok_or_else(|| self.wrong(key, kind_of(value), "write a whole number"))
    }

    fn number(&mut self, key: &'static str, min: u32, max: u32) -> Result<u32, ManifestError> {
        let seen = self.integer(key)?;
        let number = u32::try_from(seen).ok().filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| {
            self.wrong(key, seen.to_string(), format!("write a number from {min} to {max}"))
        })
    }

    fn string(&mut self, key: &'static str) -> Result<&'a str, ManifestError> {
        let value = self.need(key)?;
        value.as_str().ok_or_else(|| self.wrong(key, kind_of(value), "write text in quotes"))
    }

    /// Text of 1 to `max` bytes without control characters.
    fn text(&mut self, key: &'static str, max: usize) -> Result<String, ManifestError> {
        let text = self.string(key)?;
        if text.trim().is_empty() {
            return Err(self.wrong(key, "empty", "write something"));
        }
        if text.len() > max {
            let mend = format!("write at most {max} bytes");
            return Err(self.wrong(key, format!("{} bytes", text.len()), mend));
        }
        if text.chars().any(char::is_control) {
            return Err(self.wrong(
                key,
                format!("{text:?}"),
                "write it without control characters",
            ));
        }
        Ok(text.to_owned())
    }

    fn name(&mut self, key: &'static str) -> Result<String, ManifestError> {
        let name = self.text(key, NAME_MAX)?;
        if is_name(&name) {
            Ok(name)
        } else {
            let mend = "begin with a small letter, then small letters, digits and underscores";
            Err(self.wrong(key, format!("{name:?}"), mend))
        }
    }

    fn words(&mut self, key: &'static str) -> Result<Option<Vec<String>>, ManifestError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let mend = "write a list of texts";
        let Value::Array(items) = value else {
            return Err(self.wrong(key, kind_of(value), mend));
        };
        let word = |item: &Value| {
            let text = item.as_str().map(str::to_owned);
            text.ok_or_else(|| self.wrong(key, format!("a list with {}", kind_of(item)), mend))
        };
        items.iter().map(word).collect::<Result<_, _>>().map(Some)
    }

    fn table(&mut self, key: &'static str) -> Result<Option<&'a Table>, ManifestError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(table)),
            Some(other) => Err(self.wrong(key, kind_of(other), "write a table")),
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a point",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests;
