//! Prints what the client reads: binary frames, control frames, bodies of REST and web pages.
//!
//! Field names are the venue's own. 64-bit integers are decimal text, as Google's protobuf prints
//! them; a field with its default value is left out. No number passes through a float.

mod rest;
mod tree;

use core::fmt;

use serde_json::{Map, Value};
use venue::mexc::codec::control::{Control, ControlError, ControlReader};
use venue::mexc::codec::{DecodeError, Wrapper};
use venue::mexc::json::JsonError;

pub use rest::{ENDPOINTS, rest};

/// Why something cannot be shown.
#[derive(Debug)]
pub enum InspectError {
    /// Not a frame of the schema.
    Frame(DecodeError),
    /// Not a control frame.
    Control(ControlError),
    /// Not a body of the endpoint.
    Body(JsonError),
    /// No such endpoint.
    Endpoint {
        /// The name asked for.
        asked: String,
        /// The known name most like it.
        nearest: &'static str,
    },
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::Control(error) => error.fmt(f),
            Self::Body(error) => error.fmt(f),
            Self::Endpoint { asked, nearest } => {
                write!(f, "no endpoint {asked:?}; did you mean {nearest:?}? Known:")?;
                ENDPOINTS.iter().try_for_each(|name| write!(f, " {name}"))
            }
        }
    }
}

impl std::error::Error for InspectError {}

/// Shows a binary frame, field by field.
///
/// # Errors
/// [`InspectError::Frame`] with the field and offset at which it cannot be read.
pub fn frame(bytes: &[u8]) -> Result<Value, InspectError> {
    let wrapper = Wrapper::decode(bytes).map_err(InspectError::Frame)?;
    Ok(tree::object(&wrapper))
}

/// Shows a control frame: its kind and what it says of each topic.
///
/// # Errors
/// [`InspectError::Control`]; a push of the retired JSON service is named.
pub fn control(text: &[u8]) -> Result<Value, InspectError> {
    let mut reader = ControlReader::new();
    let control = reader.read(text).map_err(InspectError::Control)?;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    match control {
        Control::Pong { id } => {
            set("kind", "pong".into());
            set("id", id.into());
        }
        Control::AlreadySubscribed { id } => {
            set("kind", "already_subscribed".into());
            set("id", id.into());
        }
        Control::Ack(ack) => {
            set("kind", "ack".into());
            set("id", ack.id.into());
            set("accepted", ack.accepted().collect());
            set("refused", ack.refused().collect());
            set("reason", ack.reason().into());
        }
        Control::Failed { id, code, text } => {
            set("kind", "failed".into());
            set("id", id.into());
            set("code", code.into());
            set("text", text.into());
        }
    }
    Ok(Value::Object(fields))
}
