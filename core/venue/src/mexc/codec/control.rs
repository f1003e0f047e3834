//! Control frames: JSON text, both ways.
//!
//! A refusal carries `code` 0 like a success. Only the text tells, so a subscription counts as
//! taken when its topic is echoed in the accepted list, and on no other sign.

use core::fmt;

use model::Text;

use crate::mexc::json::{JsonError, JsonReader, Read, Value};

/// Reads control frames in memory that it keeps.
#[derive(Debug)]
pub struct ControlReader {
    json: JsonReader,
}

/// A control frame of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// The answer to a ping.
    Pong {
        /// Of the ping.
        id: u64,
    },
    /// The answer to a subscription or its end.
    Ack(Ack<'a>),
    /// Everything asked for is subscribed on this connection already.
    AlreadySubscribed {
        /// Of the request.
        id: u64,
    },
    /// A code other than 0, which no recorded frame has.
    Failed {
        /// Of the request.
        id: u64,
        /// The code.
        code: i32,
        /// Its words.
        text: &'a str,
    },
}

/// The answer to a subscription: which topics were taken and which were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ack<'a> {
    /// Of the request; 0 when it had none.
    pub id: u64,
    accepted: &'a str,
    refused: &'a str,
    reason: &'a str,
}

impl<'a> Ack<'a> {
    /// Topics taken.
    pub fn accepted(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        topics(self.accepted)
    }

    /// Topics refused.
    pub fn refused(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        topics(self.refused)
    }

    /// Why topics were refused, such as `Blocked!`; empty when none was.
    pub const fn reason(&self) -> &'a str {
        self.reason
    }

    /// Whether `topic` was taken.
    pub fn accepts(&self, topic: &str) -> bool {
        self.accepted().any(|accepted| accepted == topic) && !self.refuses(topic)
    }

    /// Whether `topic` was refused.
    pub fn refuses(&self, topic: &str) -> bool {
        self.refused().any(|refused| refused == topic)
    }
}

/// Why a text frame is not a control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlError {
    /// Not the JSON it should be.
    Json(JsonError),
    /// A push of the JSON service that ended on 2025-08-04.
    RetiredPush {
        /// Its channel, cut at 64 bytes.
        channel: Text<64>,
    },
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::RetiredPush { channel } => write!(f, "push of the retired channel {channel}"),
        }
    }
}

impl core::error::Error for ControlError {}

impl From<JsonError> for ControlError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl Default for ControlReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ControlReader {
    /// A reader with all of its memory.
    pub fn new() -> Self {
        Self { json: JsonReader::new(JsonReader::SMALL) }
    }

    /// Reads one text frame.
    ///
    /// # Errors
    /// [`ControlError::RetiredPush`] for a push of the retired service, [`ControlError::Json`] for
    /// anything else that is no control frame.
    pub fn read(&mut self, text: &[u8]) -> Result<Control<'_>, ControlError> {
        let document = self.json.parse(text)?;
        let root = document.root();
        if let (Some(channel), false) = (root.get("c").text(), root.get("d").is_null()) {
            return Err(ControlError::RetiredPush { channel: Text::clipped(channel) });
        }
        let msg = root.get("msg");
        let text = msg.text().ok_or(match msg.is_null() {
            true => JsonError::Missing { field: "msg" },
            false => JsonError::Type { field: "msg", expected: "a text" },
        })?;
        let id = number_or_zero(root.get("id"), "id")?;
        let code: i32 = number_or_zero(root.get("code"), "code")?;
        Ok(Control::of(id, code, text))
    }
}

impl<'a> Control<'a> {
    /// What a frame with these fields says.
    pub fn of(id: u64, code: i32, msg: &'a str) -> Self {
        match (code, msg.trim()) {
            (0, "PONG") => Self::Pong { id },
            (0, "") => Self::AlreadySubscribed { id },
            (0, _) => Self::Ack(ack(id, msg)),
            (_, _) => Self::Failed { id, code, text: msg },
        }
    }
}

fn number_or_zero<'a, T: Read<'a> + Default>(
    value: Value<'_, 'a>,
    field: &'static str,
) -> Result<T, JsonError> {
    if value.is_null() { Ok(T::default()) } else { T::read(value, field) }
}

const REFUSED: &str = "Not Subscribed";

/// Takes apart `Subscribed successful! [a,b]. Not Subscribed successfully! [c].  Reason： why `,
/// where either half may be missing; anything else is the list of topics that were taken.
fn ack(id: u64, text: &str) -> Ack<'_> {
    let Some((before, after)) = text.split_once(REFUSED) else {
        let accepted = if text.contains('[') { bracketed(text) } else { text };
        return Ack { id, accepted, ..Ack::default() };
    };
    let reason = after.rsplit_once("Reason").map_or("", |(_, reason)| reason);
    let reason = reason.trim_start_matches([':', '\u{ff1a}', ' ']).trim_end();
    Ack { id, accepted: bracketed(before), refused: bracketed(after), reason }
}

fn bracketed(text: &str) -> &str {
    let inside = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    inside.map_or("", |(inside, _)| inside)
}

fn topics(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|topic| !topic.is_empty())
}

/// Appends a request for `topics`; the answer carries `id`.
pub fn write_subscribe<'t>(id: u64, topics: impl IntoIterator<Item = &'t str>, out: &mut Vec<u8>) {
    write_request("SUBSCRIPTION", id, topics, out);
}

/// Appends a request to end `topics`; the answer carries `id`.
pub fn write_unsubscribe<'t>(
    id: u64,
    topics: impl IntoIterator<Item = &'t str>,
    out: &mut Vec<u8>,
) {
    write_request("UNSUBSCRIPTION", id, topics, out);
}

/// Appends a ping. The answer is [`Control::Pong`].
pub fn write_ping(out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"method":"PING"}"#);
}

/// Appends a topic: the channel's name, then speed and symbol where they are not empty.
pub fn write_topic(channel: super::Channel, speed: &str, symbol: &str, out: &mut String) {
    out.push_str(channel.name());
    for part in [speed, symbol] {
        if !part.is_empty() {
            out.push('@');
            out.push_str(part);
        }
    }
}

fn write_request<'t>(
    method: &str,
    id: u64,
    topics: impl IntoIterator<Item = &'t str>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(br#"{"method":""#);
    out.extend_from_slice(method.as_bytes());
    out.extend_from_slice(br#"","params":["#);
    for (at, topic) in topics.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_text(topic, out);
    }
    out.extend_from_slice(br#"],"id":"#);
    write_number(id, out);
    out.push(b'}');
}

/// A JSON text; control characters, which no topic has, are left out.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes().filter(|byte| *byte >= 0x20) {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn write_number(number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = number;
    loop {
        out.push(b'0' + (rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEALS: &str = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT";

    #[test]
    fn an_echoed_topic_is_taken_and_no_other() {
        let mut reader = ControlReader::new();
        let text = format!(r#"{{"id":7,"code":0,"msg":"{DEALS},other"}}"#);
        let Ok(Control::Ack(ack)) = reader.read(text.as_bytes()) else { panic!("no ack") };
        assert_eq!(ack.id, 7);
        assert!(ack.accepts(DEALS) && ack.accepts("other"));
        assert!(!ack.accepts("spot@public.aggre.deals.v3.api.pb@100ms@BTCUSD"));
        assert_eq!(ack.refused().count(), 0);
    }

    #[test]
    fn a_refused_topic_is_noticed_although_its_code_is_zero() {
        let mut reader = ControlReader::new();
        let text = "{\"id\":0,\"code\":0,\"msg\":\"Subscribed successful! [a,b]. Not Subscribed \
                    successfully! [c].  Reason\u{ff1a} Blocked! \"}";
        let Ok(Control::Ack(ack)) = reader.read(text.as_bytes()) else { panic!("no ack") };
        assert!(ack.accepts("a") && ack.accepts("b") && ack.refuses("c") && !ack.accepts("c"));
        assert_eq!(ack.reason(), "Blocked!");
    }

    #[test]
    fn an_unknown_text_accepts_nothing_that_was_asked() {
        let mut reader = ControlReader::new();
        let Ok(Control::Ack(ack)) = reader.read(br#"{"id":0,"code":0,"msg":"busy"}"#) else {
            panic!("no ack")
        };
        assert!(!ack.accepts(DEALS));
        let failed = reader.read(br#"{"id":1,"code":5,"msg":"no"}"#);
        assert_eq!(failed, Ok(Control::Failed { id: 1, code: 5, text: "no" }));
    }

    #[test]
    fn what_is_no_control_frame_is_an_error() {
        let mut reader = ControlReader::new();
        for text in ["", "[]", "{}", r#"{"msg":[]}"#, r#"{"msg":null}"#, r#"{"msg":"","id":-1}"#] {
            assert!(reader.read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn requests_are_written_as_the_venue_documents_them() {
        let mut out = Vec::new();
        write_subscribe(12, [DEALS, "b"], &mut out);
        let expected = format!(r#"{{"method":"SUBSCRIPTION","params":["{DEALS}","b"],"id":12}}"#);
        assert_eq!(out, expected.as_bytes());
        out.clear();
        write_unsubscribe(0, ["a\"\n"], &mut out);
        assert_eq!(out, br#"{"method":"UNSUBSCRIPTION","params":["a\""],"id":0}"#);
        out.clear();
        write_ping(&mut out);
        assert_eq!(out, br#"{"method":"PING"}"#);
        let mut topic = String::new();
        write_topic(super::super::Channel::AggreDeals, "100ms", "BTCUSDT", &mut topic);
        assert_eq!(topic, DEALS);
    }
}
