//! Why a frame is refused.

use core::fmt;

use model::{NumError, SymbolId, Text};

use super::Channel;
use super::wire::WireError;

/// Why a frame is refused. A refused frame gives no event at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Longer than any frame of the venue.
    FrameTooLong {
        /// Its bytes.
        bytes: usize,
        /// The longest that is read.
        max: usize,
    },
    /// The bytes are not protobuf of this schema.
    Wire {
        /// Message of the schema.
        message: &'static str,
        /// Field number inside it; 0 when the key itself cannot be read.
        field: u32,
        /// What is wrong and where.
        error: WireError,
    },
    /// A price, quantity, amount or version that cannot be taken.
    Number {
        /// Field of the schema.
        field: &'static str,
        /// Offset of the text in the frame.
        at: u32,
        /// What is wrong with it.
        cause: NumError,
    },
    /// An enumerated field holds a number without a meaning.
    Value {
        /// Field of the schema.
        field: &'static str,
        /// The number.
        found: i64,
    },
    /// A field that cannot be missing is.
    Missing {
        /// Field of the schema.
        field: &'static str,
    },
    /// A push that ends before it begins.
    VersionsReversed {
        /// First version of the push.
        from: u64,
        /// Last version of the push.
        to: u64,
    },
    /// The body is not one of its channel.
    BodyMismatch {
        /// The channel named, `None` when the name is not known.
        channel: Option<Channel>,
        /// Field number of the body.
        body: u32,
    },
    /// A private push about a pair that the symbol table does not have.
    UnknownSymbol {
        /// The pair, cut at 24 bytes.
        name: Text<24>,
    },
    /// A private push about a pair whose scales are not known.
    NoScale {
        /// The pair.
        symbol: SymbolId,
    },
    /// More events than a frame may give.
    TooManyEvents {
        /// The most it may give.
        max: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameTooLong { bytes, max } => {
                write!(f, "frame of {bytes} bytes, at most {max} are read")
            }
            Self::Wire { message, field, error } => {
                write!(f, "{message}, field {field}, {error}")
            }
            Self::Number { field, at, cause } => write!(f, "{field}, byte {at}: {cause}"),
            Self::Value { field, found } => write!(f, "{field}: no meaning for {found}"),
            Self::Missing { field } => write!(f, "{field} is missing"),
            Self::VersionsReversed { from, to } => write!(f, "versions from {from} to {to}"),
            Self::BodyMismatch { channel: Some(channel), body } => {
                write!(f, "body {body} on channel {}", channel.name())
            }
            Self::BodyMismatch { channel: None, body } => {
                write!(f, "private body {body} on an unknown channel")
            }
            Self::UnknownSymbol { name } => write!(f, "private push for unknown pair {name:?}"),
            Self::NoScale { symbol } => {
                write!(f, "private push for symbol {} without rules", symbol.0)
            }
            Self::TooManyEvents { max } => write!(f, "more than {max} events"),
        }
    }
}

impl core::error::Error for DecodeError {}
