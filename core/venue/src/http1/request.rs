//! Request heads. Every request of ours carries its parameters in the query string and no body,
//! so all that follows the query is the same for each request of a connection and is made once.

use core::fmt;

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Ask.
    Get,
    /// Make.
    Post,
    /// Renew.
    Put,
    /// Remove.
    Delete,
}

impl Method {
    /// The word with the space that follows it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET ",
            Self::Post => "POST ",
            Self::Put => "PUT ",
            Self::Delete => "DELETE ",
        }
    }
}

/// Everything from the space after the target to the empty line.
#[derive(Clone)]
pub struct Suffix {
    bytes: Vec<u8>,
}

impl Suffix {
    /// For requests without a body to `host`, with these further headers.
    ///
    /// `Content-Length: 0` stands in all of them, because servers want it on a POST and take it
    /// on any other method.
    ///
    /// # Errors
    /// [`SuffixError`] when a host, name or value would break out of its line.
    pub fn new(host: &str, headers: &[(&str, &str)]) -> Result<Self, SuffixError> {
        let mut bytes = b" HTTP/1.1\r\n".to_vec();
        let fixed = [
            ("Host", host),
            ("User-Agent", concat!("shrike/", env!("CARGO_PKG_VERSION"))),
            ("Accept", "application/json"),
            ("Content-Length", "0"),
        ];
        for (name, value) in fixed.iter().chain(headers) {
            let fits =
                |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            if name.is_empty() || value.is_empty() || !fits(name) || !fits(value) {
                return Err(SuffixError { header: header_index(headers, name) });
            }
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        Ok(Self { bytes })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn header_index(headers: &[(&str, &str)], name: &str) -> Option<usize> {
    headers.iter().position(|(known, _)| *known == name)
}

/// An access key stands in these bytes, so they are not printed.
impl fmt::Debug for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suffix({} bytes)", self.bytes.len())
    }
}

/// A header that is empty or has a line break or another character outside visible ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuffixError {
    /// Which of the further headers, from 0; `None` for the host.
    pub header: Option<usize>,
}

impl fmt::Display for SuffixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.header {
            Some(at) => write!(f, "header {at} is empty or not visible ASCII"),
            None => f.write_str("the host is empty or not visible ASCII"),
        }
    }
}

impl core::error::Error for SuffixError {}
