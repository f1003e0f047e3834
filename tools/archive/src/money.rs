//! Exact figures as decimal text: SQLite's own numbers have 64 bits or are floats, and neither
//! holds an amount at 1e-18. Text is exact, the same in every tool, and read back without loss.

use model::{Amount, format_scaled};

use crate::ArchiveError;

/// An integer at a scale as text.
pub(crate) fn scaled(raw: i64, decimals: u8) -> String {
    format_scaled(raw, decimals, &mut [0; 40]).to_owned()
}

/// An amount as text, without trailing zeros.
pub(crate) fn text(amount: Amount) -> String {
    const ONE: u128 = Amount::ONE.raw() as u128;
    let raw = amount.raw();
    let magnitude = raw.unsigned_abs();
    // The rest is below 1e18 and fits the format's 64 bits; whole units mostly do too.
    let (whole, rest) = (magnitude / ONE, (magnitude % ONE) as u64);
    let sign = if raw < 0 { "-" } else { "" };
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let mut digits = [b'0'; 18];
    let (mut rest, mut len) = (rest, 18);
    for at in (0..18).rev() {
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if len == at + 1 && digits[at] == b'0' {
            len = at;
        }
    }
    let digits = core::str::from_utf8(&digits[..len]).unwrap_or_default();
    format!("{sign}{whole}.{digits}")
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
        let large = [i128::MAX / 10, -(i128::MAX / 10)];
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
