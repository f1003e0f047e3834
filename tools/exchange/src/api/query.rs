//! Parameters of a request: the query string first, then the form body.

use std::borrow::Cow;

/// The two parts as they were sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params<'a> {
    pub(crate) query: &'a str,
    pub(crate) body: &'a str,
}

impl<'a> Params<'a> {
    /// The value of a parameter, decoded; the query wins. Empty counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).map(decode).filter(|value| !value.is_empty())
    }

    /// The value of a parameter as it was sent.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        find(self.query, name).or_else(|| find(self.body, name))
    }

    /// An integer parameter: `None` when absent, `Err` when it is no integer.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, std::num::ParseIntError> {
        self.get(name).map(|text| text.parse()).transpose()
    }

    /// What was signed: query and body without the signature, in up to four pieces.
    pub(crate) fn signed_parts(&self) -> [&'a str; 4] {
        let [a, b] = without_signature(self.query);
        let [c, d] = without_signature(self.body);
        [a, b, c, d]
    }
}

fn find<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The text before and after `signature=...`, without the `&` that tied it in.
fn without_signature(text: &str) -> [&str; 2] {
    let mut start = 0;
    for pair in text.split('&') {
        let end = start + pair.len();
        if pair.starts_with("signature=") {
            return match start {
                0 => ["", text.get(end + 1..).unwrap_or_default()],
                _ => [&text[..start - 1], &text[end..]],
            };
        }
        start = end + 1;
    }
    [text, ""]
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut rest = bytes.clone();
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => {
                        out.push((high << 4 | low) as u8);
                        bytes = rest;
                    }
                    _ => out.push(byte),
                }
            }
            _ => out.push(byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_wins_over_the_body() {
        let params = Params { query: "a=1&b=", body: "a=2&c=3" };
        assert_eq!(params.get("a").as_deref(), Some("1"));
        assert_eq!(params.get("b"), None);
        assert_eq!(params.get("c").as_deref(), Some("3"));
    }

    #[test]
    fn the_signature_is_cut_out_wherever_it_stands() {
        let signed = |query, body| Params { query, body }.signed_parts().concat();
        assert_eq!(signed("a=1&b=2&signature=x", ""), "a=1&b=2");
        assert_eq!(signed("a=1&signature=x&b=2", ""), "a=1&b=2");
        assert_eq!(signed("signature=x&a=1&b=2", ""), "a=1&b=2");
        assert_eq!(signed("a=1", "b=2&signature=x"), "a=1b=2");
        assert_eq!(signed("signature=x", "b=2"), "b=2");
    }

    #[test]
    fn percent_signs_are_decoded_and_broken_ones_kept() {
        assert_eq!(decode("%5B%7b+%zz%5"), "[{ %zz%5");
    }
}
