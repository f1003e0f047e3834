//! A JSON body to a tree of borrowed text, in memory that is reused.
//!
//! simd-json turns numbers into floats where they have a point. Ours are money, so the reader's
//! own copy of the body, which simd-json needs anyway because it writes into its input, has every
//! number put in quotes: a number arrives as the text it was.

use core::{fmt, mem};

use simd_json::{Buffers, Node, StaticNode, Tape};

use super::{JsonError, Read};

/// Reads one body at a time. Its memory grows to the largest body seen and is reused.
pub struct JsonReader {
    bytes: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
    bytes_max: usize,
}

impl fmt::Debug for JsonReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonReader").field("bytes_max", &self.bytes_max).finish_non_exhaustive()
    }
}

impl JsonReader {
    /// Longest body of an order reply, refusal or control frame. The longest known is an order
    /// query of 500 bytes; the control frame that names 30 topics has 2,000.
    pub const SMALL: usize = 16 * 1024;
    /// Longest page: `exchangeInfo` of all pairs has several MB.
    pub const PAGE: usize = 32 * 1024 * 1024;
    /// Lists and objects inside each other; the venue's deepest page has seven.
    const DEPTH_MAX: usize = 32;

    /// A reader of bodies of at most `bytes_max`. Up to [`SMALL`](Self::SMALL) all of its memory
    /// is taken here.
    pub fn new(bytes_max: usize) -> Self {
        let taken = bytes_max.min(Self::SMALL);
        let mut reader = Self {
            bytes: Vec::with_capacity(taken * 2 + 2),
            buffers: Buffers::with_max_depth(taken * 2 + 2, Self::DEPTH_MAX),
            tape: Tape(Vec::with_capacity(taken)),
            bytes_max,
        };
        if taken == bytes_max {
            reader.warm_up();
        }
        reader
    }

    /// Parses the worst body for each buffer: nothing but structure, and nothing but numbers.
    fn warm_up(&mut self) {
        for unit in ["{},", "0,"] {
            let count = self.bytes_max / unit.len();
            let list = format!("[{}", unit.repeat(count));
            let body = list.strip_suffix(',').unwrap_or(&list);
            let mut body = body[..body.len().min(self.bytes_max)].to_owned();
            body.pop();
            // A body that was cut is no JSON, but every buffer has been filled by then.
            let _: Result<(), JsonError> = self.parse(body.as_bytes()).map(drop);
        }
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`JsonError::TooLong`] or [`JsonError::NotJson`].
    pub fn parse<'r>(&'r mut self, body: &[u8]) -> Result<Document<'r>, JsonError> {
        if body.len() > self.bytes_max {
            return Err(JsonError::TooLong { bytes: body.len(), max: self.bytes_max });
        }
        self.bytes.clear();
        quote_numbers(body, &mut self.bytes);
        let mut tape = mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        match simd_json::fill_tape(&mut self.bytes, &mut self.buffers, &mut tape) {
            Ok(()) => Ok(Document { tape, home: &mut self.tape }),
            Err(_) => {
                self.tape = tape.reset();
                Err(JsonError::NotJson)
            }
        }
    }
}

/// A body that was read. Text taken from it lives as long as the borrow of its reader.
#[derive(Debug)]
pub struct Document<'r> {
    tape: Tape<'r>,
    home: &'r mut Tape<'static>,
}

impl<'r> Document<'r> {
    /// Reads the body as a `T`.
    ///
    /// # Errors
    /// [`JsonError`] when a field is missing or not what it should be.
    pub fn read<T: Read<'r>>(&self) -> Result<T, JsonError> {
        T::read(self.root(), "body")
    }

    pub(crate) fn root(&self) -> Value<'_, 'r> {
        Value(&self.tape.0)
    }
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        *self.home = mem::replace(&mut self.tape, Tape(Vec::new())).reset();
    }
}

/// One value of a document.
#[derive(Clone, Copy, Debug)]
pub struct Value<'t, 'a>(&'t [Node<'a>]);

impl<'t, 'a> Value<'t, 'a> {
    /// Whether there is nothing.
    pub(crate) fn is_null(self) -> bool {
        matches!(self.0.first(), None | Some(Node::Static(StaticNode::Null)))
    }

    /// A text or a number as it was written.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self.0.first() {
            Some(Node::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn flag(self) -> Option<bool> {
        match self.0.first() {
            Some(Node::Static(StaticNode::Bool(flag))) => Some(*flag),
            _ => None,
        }
    }

    pub(crate) fn items(self) -> Option<Items<'t, 'a>> {
        match self.0.split_first() {
            Some((Node::Array { .. }, rest)) => Some(Items(rest)),
            _ => None,
        }
    }

    pub(crate) fn entries(self) -> Option<impl Iterator<Item = (&'a str, Value<'t, 'a>)>> {
        let Some((Node::Object { .. }, rest)) = self.0.split_first() else { return None };
        let mut rest = Items(rest);
        Some(core::iter::from_fn(move || {
            let key = rest.next()?.text()?;
            Some((key, rest.next()?))
        }))
    }

    /// The value under `key`, null when there is none.
    pub(crate) fn get(self, key: &str) -> Self {
        let found = self.entries().and_then(|mut entries| entries.find(|(name, _)| *name == key));
        found.map_or(Value(&[]), |(_, value)| value)
    }
}

/// The elements of a list.
#[derive(Clone, Debug)]
pub(crate) struct Items<'t, 'a>(&'t [Node<'a>]);

impl<'t, 'a> Iterator for Items<'t, 'a> {
    type Item = Value<'t, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let nodes = match self.0.first()? {
            Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
            Node::String(_) | Node::Static(_) => 1,
        };
        let (head, tail) = self.0.split_at_checked(nodes)?;
        self.0 = tail;
        Some(Value(head))
    }
}

/// Copies `body` with every well-formed number in quotes. A number in the place of a key is left
/// alone, so that it stays the fault it is.
fn quote_numbers(body: &[u8], out: &mut Vec<u8>) {
    let mut rest = body;
    while let Some(&byte) = rest.first() {
        let taken = match byte {
            b'"' => string_len(rest),
            b'-' | b'0'..=b'9' => {
                let len = rest.iter().take_while(|byte| is_number_byte(**byte)).count();
                let (number, behind) = rest.split_at(len);
                if is_number(number) && !is_key(behind) {
                    out.push(b'"');
                    out.extend_from_slice(number);
                    out.push(b'"');
                    rest = behind;
                    continue;
                }
                len
            }
            _ => rest.iter().take_while(|&&byte| byte != b'"' && !is_number_byte(byte)).count(),
        }
        .max(1);
        let (head, tail) = rest.split_at(taken);
        out.extend_from_slice(head);
        rest = tail;
    }
}

/// Bytes of the string at the start, quotes included; all of `text` when it does not end.
fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

const fn is_number_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_key(behind: &[u8]) -> bool {
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// JSON's grammar of a number.
fn is_number(token: &[u8]) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if len == 0 { None } else { text.get(len..) }
    }
    fn number(token: &[u8]) -> Option<()> {
        let token = token.strip_prefix(b"-").unwrap_or(token);
        let leading_zero = token.len() > 1 && token[0] == b'0' && token[1].is_ascii_digit();
        if leading_zero {
            return None;
        }
        let mut rest = digits(token)?;
        if let Some(fraction) = rest.strip_prefix(b".") {
            rest = digits(fraction)?;
        }
        if let [b'e' | b'E', exponent @ ..] = rest {
            let exponent = exponent.strip_prefix(b"+").unwrap_or(exponent);
            rest = digits(exponent.strip_prefix(b"-").unwrap_or(exponent))?;
        }
        rest.is_empty().then_some(())
    }
    number(token).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(body: &str) -> String {
        let mut out = Vec::new();
        quote_numbers(body.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_keep_every_digit_and_nothing_else_changes() {
        assert_eq!(
            quoted(r#"{"a":0.003000000000000000,"b":[-1,2E-7],"c 1":"5","d":true}"#),
            r#"{"a":"0.003000000000000000","b":["-1","2E-7"],"c 1":"5","d":true}"#
        );
        assert_eq!(quoted(r#"{"a\"1":1,"b":"\\"}"#), r#"{"a\"1":"1","b":"\\"}"#);
        assert_eq!(quoted(r#"["1"#), r#"["1"#);
    }

    #[test]
    fn what_is_not_json_stays_a_fault() {
        let mut reader = JsonReader::new(JsonReader::SMALL);
        let long = "[".repeat(200);
        for body in [
            "",
            " ",
            "{",
            "[1,]",
            "{1:2}",
            "[01]",
            "[1.]",
            "[.5]",
            "[+1]",
            "[1 2]",
            "[1\"a\"]",
            "[\"a\"1]",
            "{\"a\":1,}",
            "tru1",
            "[--1]",
            "[1e]",
            "\"",
            "{\"a\"}",
            "[1}",
            &long,
        ] {
            assert_eq!(reader.parse(body.as_bytes()).map(drop), Err(JsonError::NotJson), "{body}");
        }
        assert!(reader.parse(b"[1]").is_ok(), "the reader works on after a fault");
    }

    #[test]
    fn a_body_beyond_the_cap_is_refused_unread() {
        let mut reader = JsonReader::new(4);
        let error = reader.parse(b"[1,2]").map(drop);
        assert_eq!(error, Err(JsonError::TooLong { bytes: 5, max: 4 }));
    }

    #[test]
    fn values_are_found_behind_lists_and_objects() {
        let mut reader = JsonReader::new(JsonReader::SMALL);
        let body = br#"{"a":[[1,{"x":[]}],{}],"b":{"c":[1,2]},"d":null,"e":"\u00e9"}"#;
        let document = reader.parse(body).unwrap();
        let root = document.root();
        assert_eq!(root.get("a").items().unwrap().count(), 2);
        assert_eq!(root.get("b").get("c").items().unwrap().nth(1).unwrap().text(), Some("2"));
        assert!(root.get("d").is_null() && root.get("missing").is_null());
        assert_eq!(root.get("e").text(), Some("é"));
    }
}
