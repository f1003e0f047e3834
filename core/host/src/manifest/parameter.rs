//! What an operator may set, and how a value is read and shown.

use std::fmt;

use toml::Value;

use super::{ABOUT_MAX, CHOICES_MAX, Keys, ManifestError, NAME_MAX, UNIT_MAX, kind_of};

/// What values a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Whole numbers.
    Whole,
    /// Numbers with so many digits behind the point, 0 to 9; the guest sees the number without it.
    Decimal {
        /// Digits behind the point.
        decimals: u8,
    },
    /// 0 for false, 1 for true.
    Flag,
    /// The place of the word in the list, from 0.
    Choice {
        /// The words.
        choices: Vec<String>,
    },
    /// A span of time in milliseconds.
    Milliseconds,
}

impl Domain {
    /// The word used in manifests and documents.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Decimal { .. } => "decimal",
            Self::Flag => "flag",
            Self::Choice { .. } => "choice",
            Self::Milliseconds => "milliseconds",
        }
    }
}

/// What an operator may set. Values reach the guest as `i64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, which no other parameter of the plug-in has.
    pub name: String,
    /// What values it takes.
    pub domain: Domain,
    /// What one of it is; empty when there is no such thing.
    pub unit: String,
    /// Smallest value.
    pub min: i64,
    /// Largest value.
    pub max: i64,
    /// The value until somebody sets another.
    pub default: i64,
    /// What it does, in a sentence.
    pub about: String,
}

impl Parameter {
    pub(super) fn parse(keys: &mut Keys<'_>) -> Result<Self, ManifestError> {
        let name = keys.name("name")?;
        let domain = domain(keys)?;
        let unit = unit(keys, &domain)?;
        let about = keys.text("about", ABOUT_MAX)?;
        let (min, max) = match &domain {
            Domain::Flag => (0, 1),
            Domain::Choice { choices } => (0, choices.len() as i64 - 1),
            Domain::Whole | Domain::Decimal { .. } | Domain::Milliseconds => {
                (value(keys, "min", &domain)?, value(keys, "max", &domain)?)
            }
        };
        let default = value(keys, "default", &domain)?;
        keys.end()?;
        let parameter = Self { name, domain, unit, min, max, default, about };
        if min > max {
            let mend = format!("write at most max, which is {}", parameter.show(max));
            return Err(keys.wrong("min", parameter.show(min), mend));
        }
        if !(min..=max).contains(&default) {
            let mend =
                format!("write a value from {} to {}", parameter.show(min), parameter.show(max));
            return Err(keys.wrong("default", parameter.show(default), mend));
        }
        Ok(parameter)
    }

    /// Reads a value as an operator writes it.
    ///
    /// # Errors
    /// [`ValueError`] when it is none of the parameter's values.
    pub fn read(&self, text: &str) -> Result<i64, ValueError> {
        let text = text.trim();
        let wrong =
            || ValueError { name: self.name.clone(), seen: text.to_owned(), mend: self.values() };
        let value = read(&self.domain, text).ok_or_else(wrong)?;
        if (self.min..=self.max).contains(&value) { Ok(value) } else { Err(wrong()) }
    }

    /// A value as an operator reads it; [`read`](Self::read) takes it back.
    #[must_use]
    pub fn show(&self, value: i64) -> String {
        match &self.domain {
            Domain::Whole | Domain::Milliseconds => value.to_string(),
            Domain::Decimal { decimals } => show_decimal(value, *decimals),
            Domain::Flag => (value != 0).to_string(),
            Domain::Choice { choices } => usize::try_from(value)
                .ok()
                .and_then(|at| choices.get(at))
                .map_or_else(|| value.to_string(), Clone::clone),
        }
    }

    /// Which values there are, in words.
    fn values(&self) -> String {
        match &self.domain {
            Domain::Whole | Domain::Milliseconds => {
                format!("write a whole number from {} to {}", self.min, self.max)
            }
            Domain::Decimal { decimals } => format!(
                "write a number from {} to {} with at most {decimals} digits behind the point",
                self.show(self.min),
                self.show(self.max)
            ),
            Domain::Flag => "write true or false".to_owned(),
            Domain::Choice { choices } => format!("choose from {}", choices.join(", ")),
        }
    }
}

/// A value that a parameter does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// The parameter.
    pub name: String,
    /// What was given.
    pub seen: String,
    /// What to write.
    pub mend: String,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be {:?}: {}", self.name, self.seen, self.mend)
    }
}

impl std::error::Error for ValueError {}

fn domain(keys: &mut Keys<'_>) -> Result<Domain, ManifestError> {
    let word = keys.text("type", NAME_MAX)?;
    match word.as_str() {
        "whole" => Ok(Domain::Whole),
        "decimal" => Ok(Domain::Decimal { decimals: keys.number("decimals", 0, 9)? as u8 }),
        "flag" => Ok(Domain::Flag),
        "choice" => Ok(Domain::Choice { choices: choices(keys)? }),
        "milliseconds" => Ok(Domain::Milliseconds),
        _ => {
            let mend = "write whole, decimal, flag, choice or milliseconds";
            Err(keys.wrong("type", word, mend))
        }
    }
}

fn choices(keys: &mut Keys<'_>) -> Result<Vec<String>, ManifestError> {
    let words = keys.words("choices")?.unwrap_or_default();
    if words.is_empty() || words.len() > CHOICES_MAX {
        let mend = format!("write 1 to {CHOICES_MAX} words");
        return Err(keys.wrong("choices", format!("{} words", words.len()), mend));
    }
    for (at, word) in words.iter().enumerate() {
        let plain = word.trim() == word && !word.chars().any(char::is_control);
        if word.is_empty() || word.len() > NAME_MAX || !plain {
            let mend = format!("write words of 1 to {NAME_MAX} bytes");
            return Err(keys.wrong("choices", format!("{word:?}"), mend));
        }
        if words[..at].contains(word) {
            return Err(keys.wrong("choices", format!("{word:?} twice"), "write each word once"));
        }
    }
    Ok(words)
}

fn unit(keys: &mut Keys<'_>, domain: &Domain) -> Result<String, ManifestError> {
    let given = keys.table.contains_key("unit");
    match domain {
        Domain::Whole | Domain::Decimal { .. } => keys.text("unit", UNIT_MAX),
        Domain::Milliseconds => {
            let unit = if given { keys.text("unit", UNIT_MAX)? } else { "ms".to_owned() };
            if unit == "ms" { Ok(unit) } else { Err(keys.wrong("unit", unit, "write ms")) }
        }
        Domain::Flag | Domain::Choice { .. } if given => keys.text("unit", UNIT_MAX),
        Domain::Flag | Domain::Choice { .. } => Ok(String::new()),
    }
}

fn value(keys: &mut Keys<'_>, key: &'static str, domain: &Domain) -> Result<i64, ManifestError> {
    let raw = keys.need(key)?;
    let (found, mend) = match domain {
        Domain::Whole => (raw.as_integer(), "write a whole number".to_owned()),
        Domain::Milliseconds => (
            raw.as_integer().filter(|value| *value >= 0),
            "write a whole number, at least 0".to_owned(),
        ),
        Domain::Decimal { decimals } => (
            raw.as_str().and_then(|text| read_decimal(text, *decimals)),
            format!("write a number in quotes with at most {decimals} digits behind the point"),
        ),
        Domain::Flag => (raw.as_bool().map(i64::from), "write true or false".to_owned()),
        Domain::Choice { choices } => (
            raw.as_str().and_then(|text| place(choices, text)),
            format!("choose from {}", choices.join(", ")),
        ),
    };
    found.ok_or_else(|| keys.wrong(key, shown(raw), mend))
}

fn shown(raw: &Value) -> String {
    match raw {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => kind_of(raw).to_owned(),
    }
}

fn place(choices: &[String], word: &str) -> Option<i64> {
    choices.iter().position(|choice| choice == word).map(|at| at as i64)
}

fn read(domain: &Domain, text: &str) -> Option<i64> {
    match domain {
        Domain::Whole | Domain::Milliseconds => read_decimal(text, 0),
        Domain::Decimal { decimals } => read_decimal(text, *decimals),
        Domain::Flag => match text {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        },
        Domain::Choice { choices } => place(choices, text),
    }
}

/// Digits with at most one point, scaled by ten to the power of `decimals`.
fn read_decimal(text: &str, decimals: u8) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let part = if digits.contains('.') { part } else { "" };
    if part.len() > usize::from(decimals) {
        return None;
    }
    let padded = whole.bytes().chain(part.bytes());
    let padded = padded.chain(std::iter::repeat_n(b'0', usize::from(decimals) - part.len()));
    // Summed below zero, where there is one number more.
    let mut sum: i64 = 0;
    for digit in padded {
        sum = sum.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if negative { Some(sum) } else { sum.checked_neg() }
}

fn show_decimal(value: i64, decimals: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let scale = 10_u64.pow(u32::from(decimals));
    let (whole, part) = (value.unsigned_abs() / scale, value.unsigned_abs() % scale);
    if decimals == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{part:0width$}", width = usize::from(decimals))
}
