//! Pieces of JSON replies.

use core::fmt;

use model::{Price, Qty};

use crate::book::Scale;

/// Text in quotes, escaped.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
                other => fmt::Write::write_char(f, other)?,
            }
        }
        f.write_str("\"")
    }
}

/// Text in quotes, or null.
pub(crate) struct OrNull<'a>(pub(crate) Option<&'a str>);

impl fmt::Display for OrNull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => Quoted(text).fmt(f),
            None => f.write_str("null"),
        }
    }
}

/// A price in decimals.
pub(crate) struct PriceText(pub(crate) Price, pub(crate) Scale);

impl fmt::Display for PriceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(model::format_scaled(self.0.raw(), self.1.price, &mut [0; 40]))
    }
}

/// A quantity in decimals.
pub(crate) struct QtyText(pub(crate) Qty, pub(crate) Scale);

impl fmt::Display for QtyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(model::format_scaled(self.0.raw(), self.1.qty, &mut [0; 40]))
    }
}

/// Writes `items` with commas between them, in brackets.
pub(crate) fn list<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    mut one: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        one(out, item);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_reads_back_as_it_was() {
        for text in ["", "plain", "a\"b\\c", "tab\tand：colon"] {
            let read: String = serde_json::from_str(&Quoted(text).to_string()).unwrap();
            assert_eq!(read, text);
        }
    }
}
