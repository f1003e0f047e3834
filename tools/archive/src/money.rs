//! Exact figures as decimal text: SQLite's own numbers have 64 bits or are floats, and neither
//! holds an amount at 1e-18. Text is exact, the same in every tool, and read back without loss.

use model::{Amount, format_scaled};

use crate::ArchiveError;

/// Bytes of the longest figure: a sign, 21 whole digits, a point, 18 digits.
const FIGURE_MAX: usize = 41;

/// A figure as text that needs no heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    bytes: [u8; FIGURE_MAX],
    begin: u8,
}

impl Figure {
    /// Digits, a point among them, a sign before them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.begin)..]
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// An integer at a scale as text.
pub(crate) fn scaled(raw: i64, decimals: u8) -> String {
    format_scaled(raw, decimals, &mut [0; 40]).to_owned()
}

/// An amount as text, without trailing zeros.
pub(crate) fn text(amount: Amount) -> String {
    figure(amount).as_str().to_owned()
}

/// The same, for a column.
pub(crate) fn figure(amount: Amount) -> Figure {
    const ONE: u128 = Amount::ONE.raw() as u128;
    let magnitude = amount.raw().unsigned_abs();
    let mut out = Backwards { bytes: [0; FIGURE_MAX], begin: FIGURE_MAX };
    let whole = magnitude / ONE;
    let mut rest = (magnitude - whole * ONE) as u64;
    if rest != 0 {
        let mut decimals = 18;
        while rest.is_multiple_of(10) {
            (rest, decimals) = (rest / 10, decimals - 1);
        }
        out.digits(rest, decimals);
        out.put(b'.');
    }
    match u64::try_from(whole) {
        Ok(whole) => out.digits(whole, 1),
        Err(_) => {
            out.digits((whole % ONE) as u64, 18);
            out.digits((whole / ONE) as u64, 1);
        }
    }
    if amount.raw() < 0 {
        out.put(b'-');
    }
    Figure { bytes: out.bytes, begin: out.begin as u8 }
}

/// A text that is written from its end.
struct Backwards {
    bytes: [u8; FIGURE_MAX],
    begin: usize,
}

impl Backwards {
    fn put(&mut self, byte: u8) {
        self.begin -= 1;
        self.bytes[self.begin] = byte;
    }

    /// A number with `least` digits or more.
    fn digits(&mut self, number: u64, least: usize) {
        let (mut left, mut count) = (number, 0);
        while left > 0 || count < least {
            self.put(b'0' + (left % 10) as u8);
            (left, count) = (left / 10, count + 1);
        }
    }
}

/// Reads an amount of `table`'s back.
///
/// # Errors
/// [`ArchiveError::Row`] for a text that [`text`] does not write.
pub(crate) fn amount(table: &'static str, text: &str) -> Result<Amount, ArchiveError> {
    Amount::parse(text.as_bytes()).map_err(|_| ArchiveError::Row { table, value: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_is_written_as_the_model_prints_it_and_reads_back() {
        let one = Amount::ONE.raw();
        let raws = [0, 1, -1, 10, one, -one, one + 1, one * 10, one / 2, one / 8, 123 * one + 450];
        let large = [i128::MAX / 10, -(i128::MAX / 10), 20 * one * one + 7];
        for raw in raws.into_iter().chain(large) {
            let amount_in = Amount::from_raw(raw);
            assert_eq!(text(amount_in), amount_in.to_string());
            assert_eq!(amount("fills", &text(amount_in)).unwrap(), amount_in);
        }
    }

    #[test]
    fn a_row_with_another_text_is_named() {
        let error = amount("fills", "1e5").unwrap_err();
        assert!(error.to_string().contains("a row of fills holds \"1e5\""), "{error}");
    }
}
