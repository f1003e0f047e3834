//! The few fields of an order's reply, scanned from its bytes without touching the heap.
//!
//! Bodies of three shapes arrive: accepted, cancelled, and an error whose text stands under `msg`
//! or `data`. Members may come in any order and unknown ones are passed over, but the body must be
//! one whole JSON object: a cut body settles nothing.

use model::Text;

/// Members that matter, as they stand in the body; absent and `null` are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply<'a> {
    /// `symbol`
    pub(super) symbol: Option<&'a [u8]>,
    /// `orderId`: text, or the digits of a number.
    pub(super) order_id: Option<&'a [u8]>,
    /// `origClientOrderId`
    pub(super) orig_client_order_id: Option<&'a [u8]>,
    /// `status`
    pub(super) status: Option<&'a [u8]>,
    /// `executedQty`
    pub(super) executed_qty: Option<&'a [u8]>,
    /// `transactTime` in milliseconds; 0 when absent.
    pub(super) transact_time_ms: i64,
    /// `code` as a number or as text; 0 when absent.
    pub(super) code: i32,
    /// `msg`, or `data` without one; still escaped.
    text: Option<&'a [u8]>,
}

/// The body is not one JSON object of the shape we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl<'a> Reply<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Unreadable> {
        let mut scanner = Scanner { body, at: 0 };
        let mut reply = Self::default();
        let mut data = None;
        scanner.space();
        scanner.expect(b'{')?;
        scanner.space();
        let mut more = !scanner.accept(b'}');
        while more {
            let key = scanner.string()?;
            scanner.space();
            scanner.expect(b':')?;
            scanner.space();
            let value = scanner.value()?;
            match key {
                b"symbol" => reply.symbol = value.scalar(),
                b"orderId" => reply.order_id = value.scalar(),
                b"origClientOrderId" => reply.orig_client_order_id = value.scalar(),
                b"status" => reply.status = value.scalar(),
                b"executedQty" => reply.executed_qty = value.scalar(),
                b"transactTime" => reply.transact_time_ms = value.integer()?.unwrap_or(0),
                b"code" => {
                    reply.code =
                        i32::try_from(value.integer()?.unwrap_or(0)).map_err(|_| Unreadable)?;
                }
                b"msg" => reply.text = value.scalar(),
                b"data" => data = value.scalar(),
                _ => {}
            }
            scanner.space();
            more = scanner.accept(b',');
            if more {
                scanner.space();
            } else {
                scanner.expect(b'}')?;
            }
        }
        scanner.space();
        if scanner.at != body.len() {
            return Err(Unreadable);
        }
        reply.text = reply.text.or(data);
        Ok(reply)
    }

    /// The message with its escapes undone, cut at 96 bytes at a character.
    pub(super) fn message(&self) -> Text<MESSAGE_MAX> {
        unescape(self.text.unwrap_or_default())
    }
}

/// Longest message kept; the figures stand in the first 64 bytes of all known ones.
pub(super) const MESSAGE_MAX: usize = 96;

#[derive(Clone, Copy)]
enum Value<'a> {
    /// A string's inside, or a number's digits.
    Scalar(&'a [u8]),
    /// `null`, a boolean, an object or an array.
    Other,
}

impl<'a> Value<'a> {
    fn scalar(self) -> Option<&'a [u8]> {
        match self {
            Self::Scalar(text) => Some(text),
            Self::Other => None,
        }
    }

    fn integer(self) -> Result<Option<i64>, Unreadable> {
        let Self::Scalar(text) = self else { return Ok(None) };
        let text = core::str::from_utf8(text).map_err(|_| Unreadable)?;
        text.parse().map(Some).map_err(|_| Unreadable)
    }
}

struct Scanner<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.accept(byte) { Ok(()) } else { Err(Unreadable) }
    }

    /// The inside of a string, escapes and all.
    fn string(&mut self) -> Result<&'a [u8], Unreadable> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek().ok_or(Unreadable)? {
                b'"' => break,
                b'\\' => self.at += 2,
                0..=0x1f => return Err(Unreadable),
                _ => self.at += 1,
            }
        }
        let inside = &self.body[start..self.at];
        self.at += 1;
        Ok(inside)
    }

    fn value(&mut self) -> Result<Value<'a>, Unreadable> {
        match self.peek().ok_or(Unreadable)? {
            b'"' => self.string().map(Value::Scalar),
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
                    self.at += 1;
                }
                Ok(Value::Scalar(&self.body[start..self.at]))
            }
            b'{' | b'[' => self.nested(),
            _ => {
                let rest = &self.body[self.at..];
                let word = ["null", "true", "false"]
                    .into_iter()
                    .find(|word| rest.starts_with(word.as_bytes()))
                    .ok_or(Unreadable)?;
                self.at += word.len();
                Ok(Value::Other)
            }
        }
    }

    /// Passes over an object or array; its inside is not checked beyond brackets and strings.
    fn nested(&mut self) -> Result<Value<'a>, Unreadable> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(Unreadable)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(Value::Other);
            }
        }
    }
}

fn unescape(raw: &[u8]) -> Text<MESSAGE_MAX> {
    let mut bytes = [0_u8; MESSAGE_MAX];
    let mut len = 0;
    let mut rest = raw;
    let mut put = |part: &[u8]| match bytes.get_mut(len..len + part.len()) {
        Some(room) => {
            room.copy_from_slice(part);
            len += part.len();
            true
        }
        None => false,
    };
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let room = if byte != b'\\' {
            put(&[byte])
        } else if let Some((&kind, tail)) = rest.split_first() {
            rest = tail;
            let mut utf8 = [0; 4];
            match kind {
                b'u' => {
                    let digits = rest.get(..4).and_then(|four| core::str::from_utf8(four).ok());
                    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                    rest = rest.get(4..).unwrap_or_default();
                    let letter = code.and_then(char::from_u32).unwrap_or('?');
                    put(letter.encode_utf8(&mut utf8).as_bytes())
                }
                b'b' | b'f' | b'n' | b'r' | b't' => put(b" "),
                other => put(&[other]),
            }
        } else {
            false
        };
        if !room {
            break;
        }
    }
    let valid = match core::str::from_utf8(&bytes[..len]) {
        Ok(text) => text,
        Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    Text::clipped(valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! vector {
        ($name:literal) => {
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/mexc/", $name))
        };
    }

    #[test]
    fn an_accepted_order_is_read() {
        let reply = Reply::read(vector!("rest_order_new.json")).unwrap();
        assert_eq!(reply.order_id, Some(&b"06a480e69e604477bfb48dddd5f0b750"[..]));
        assert_eq!(reply.symbol, Some(&b"MXUSDT"[..]));
        assert_eq!(reply.transact_time_ms, 1_666_676_533_741);
        assert_eq!(reply.code, 0);
    }

    #[test]
    fn a_cancelled_order_is_read_although_its_id_is_a_number() {
        let reply = Reply::read(vector!("rest_order_cancel.json")).unwrap();
        assert_eq!(reply.order_id, Some(&b"4"[..]));
        assert_eq!(reply.orig_client_order_id, Some(&b"myOrder1"[..]));
        assert_eq!(reply.status, Some(&b"CANCELED"[..]));
        assert_eq!(reply.executed_qty, Some(&b"0.00000000"[..]));
    }

    #[test]
    fn a_passed_test_is_an_empty_object() {
        assert_eq!(Reply::read(vector!("rest_order_test.json")), Ok(Reply::default()));
    }

    /// The bodies of `rest_errors.json`, and the code as text.
    #[test]
    fn every_recorded_error_yields_code_and_text() {
        let cases = [
            (r#"{"code":10007,"msg":"symbol not support api"}"#, 10007, "symbol not support api"),
            (
                r#"{"msg":"api market order is disabled","code":30051}"#,
                30051,
                "api market order is disabled",
            ),
            (
                r#"{"code":-1128,"msg":"Combination of optional parameters invalid.","_extend":null}"#,
                -1128,
                "Combination of optional parameters invalid.",
            ),
            (
                r#"{"msg":"The minimum transaction volume cannot be less than：1USDT","code":30002}"#,
                30002,
                "The minimum transaction volume cannot be less than：1USDT",
            ),
            (r#"{"code":26,"data":"operation not allowed"}"#, 26, "operation not allowed"),
            (r#" { "code" : "30001" , "msg" : null } "#, 30001, ""),
            (r#"{"_extend":{"a":[1,"}"]},"msg":"a\u59d4\"b\n","code":1}"#, 1, "a委\"b "),
        ];
        for (body, code, text) in cases {
            let reply = Reply::read(body.as_bytes()).unwrap();
            assert_eq!((reply.code, reply.message().as_str()), (code, text), "{body}");
            assert_eq!(reply.order_id, None);
        }
    }

    #[test]
    fn every_cut_of_a_good_body_is_unreadable() {
        let bodies: [&[u8]; 3] = [
            vector!("rest_order_new.json"),
            vector!("rest_order_cancel.json"),
            vector!("rest_order_test.json"),
        ];
        for (at, body) in bodies.into_iter().enumerate() {
            let body = body.trim_ascii();
            for end in 0..body.len() {
                assert_eq!(Reply::read(&body[..end]), Err(Unreadable), "{at} cut at {end}");
            }
        }
    }

    #[test]
    fn what_is_no_object_is_unreadable() {
        for body in [
            "",
            "null",
            "[]",
            "<html>",
            "{}{}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":x}",
            "{\"code\":\"x\"}",
            "{\"code\":1e3}",
            "{\"code\":99999999999}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\",
            "{\"a\":[",
            "{\"transactTime\":\"\"}",
        ] {
            assert_eq!(Reply::read(body.as_bytes()), Err(Unreadable), "{body}");
        }
        let deep = [b"{\"a\":".to_vec(), b"[".repeat(100_000)].concat();
        assert_eq!(Reply::read(&deep), Err(Unreadable));
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let body = format!("{{\"msg\":\"{}\"}}", "委".repeat(100));
        let message = Reply::read(body.as_bytes()).unwrap().message();
        assert_eq!(message.as_str(), "委".repeat(32));
        let broken = [b"{\"msg\":\"ab\xff\"}".to_vec()].concat();
        assert_eq!(Reply::read(&broken).unwrap().message().as_str(), "ab");
    }
}
