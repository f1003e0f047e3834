//! Query strings in a buffer of fixed size.

use model::format_scaled;

/// A query string under construction; full is remembered, not ignored.
#[derive(Debug)]
pub(super) struct Query<'a> {
    buffer: &'a mut [u8],
    len: usize,
    start: usize,
    full: bool,
}

/// The query did not fit its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl<'a> Query<'a> {
    /// Appends to `buffer` from `len` on; the query's own first byte stands there.
    pub(super) fn new(buffer: &'a mut [u8], len: usize) -> Self {
        Self { buffer, len, start: len, full: false }
    }

    /// Bytes of the buffer in use, those before the query included.
    pub(super) fn finish(self) -> Result<usize, Full> {
        if self.full { Err(Full) } else { Ok(self.len) }
    }

    /// What was appended, to be signed.
    pub(super) fn text(&self) -> &[u8] {
        &self.buffer[self.start..self.len]
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        match self.buffer.get_mut(self.len..self.len + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.full = true,
        }
    }

    /// A parameter whose value needs no encoding.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.name(name);
        self.raw(value.as_bytes());
    }

    /// A parameter of any text: bytes that may not stand in a query become `%` and two
    /// upper-case digits. Names of pairs need it, some of which are not ASCII.
    pub(super) fn encoded(&mut self, name: &str, value: &str) {
        self.name(name);
        self.encode(value);
    }

    /// Text of a value that has begun.
    pub(super) fn encode(&mut self, value: &str) {
        for &byte in value.as_bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                self.raw(&[byte]);
            } else {
                let hex = b"0123456789ABCDEF";
                self.raw(&[b'%', hex[usize::from(byte >> 4)], hex[usize::from(byte & 15)]]);
            }
        }
    }

    /// A parameter with a decimal at a scale.
    pub(super) fn decimal(&mut self, name: &str, raw: i64, decimals: u8) {
        let mut buffer = [0; 40];
        let text = format_scaled(raw, decimals, &mut buffer);
        self.name(name);
        self.raw(text.as_bytes());
    }

    /// A parameter with a whole number.
    pub(super) fn number(&mut self, name: &str, value: i64) {
        self.decimal(name, value, 0);
    }

    fn name(&mut self, name: &str) {
        if self.len > self.start {
            self.raw(b"&");
        }
        self.raw(name.as_bytes());
        self.raw(b"=");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_joined_and_encoded_with_upper_case_digits() {
        let mut buffer = [0; 128];
        buffer[0] = b'?';
        let mut query = Query::new(&mut buffer, 1);
        query.encoded("symbol", "币A_USDT");
        query.decimal("price", 1_500, 4);
        query.number("timestamp", 1_644_489_390_087);
        let text = query.text().to_vec();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "symbol=%E5%B8%81A_USDT&price=0.15&timestamp=1644489390087"
        );
        assert_eq!(query.finish(), Ok(1 + 57));
    }

    #[test]
    fn a_query_that_does_not_fit_says_so() {
        let mut buffer = [0; 9];
        let mut query = Query::new(&mut buffer, 0);
        query.plain("symbol", "ABC");
        assert_eq!(query.finish(), Err(Full));
    }
}
