//! Why a JSON body is refused.

use core::fmt;

use model::{NumError, SymbolId, Text};

/// Why a JSON body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Longer than the reader takes.
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The longest that is read.
        max: usize,
    },
    /// Not JSON.
    NotJson,
    /// A field that cannot be missing or null is.
    Missing {
        /// The venue's name of it.
        field: &'static str,
    },
    /// A value of another type than the field's.
    Type {
        /// The venue's name of the field.
        field: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
    /// A number that cannot be taken.
    Number {
        /// The venue's name of the field.
        field: &'static str,
        /// What is wrong with it.
        cause: NumError,
    },
    /// A word or number without a meaning.
    Value {
        /// The venue's name of the field.
        field: &'static str,
        /// The word, cut at 24 bytes.
        found: Text<24>,
    },
    /// A pair that the symbol table does not have.
    UnknownSymbol {
        /// The pair, cut at 24 bytes.
        name: Text<24>,
    },
    /// A pair whose scales are not known.
    NoScale {
        /// The pair.
        symbol: SymbolId,
    },
}

impl JsonError {
    pub(crate) fn value(field: &'static str, found: &str) -> Self {
        Self::Value { field, found: Text::clipped(found) }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes, max } => write!(f, "{bytes} bytes, at most {max} are read"),
            Self::NotJson => f.write_str("not JSON"),
            Self::Missing { field } => write!(f, "{field} is missing"),
            Self::Type { field, expected } => write!(f, "{field} is not {expected}"),
            Self::Number { field, cause } => write!(f, "{field}: {cause}"),
            Self::Value { field, found } => write!(f, "{field}: no meaning for {found:?}"),
            Self::UnknownSymbol { name } => write!(f, "unknown pair {name:?}"),
            Self::NoScale { symbol } => write!(f, "symbol {} has no rules yet", symbol.0),
        }
    }
}

impl core::error::Error for JsonError {}
