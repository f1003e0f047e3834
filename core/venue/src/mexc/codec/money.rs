//! Money that is finer than ours. The venue's fees and balances have been seen with 19 decimals;
//! an [`Amount`] has 18. Refusing such a fill would lose a position over 1e-18 of a fee, so the
//! rest is rounded to the side that promises us less.

use model::{Amount, NumError};

/// Which side of the true value is the safe one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Safe {
    /// What we own: the next value below or equal, for values that are not negative.
    Less,
    /// What we owe: the next value above or equal.
    More,
}

/// Reads a plain decimal of any number of decimals.
pub(crate) fn amount(text: &[u8], safe: Safe) -> Result<Amount, NumError> {
    match Amount::parse(text) {
        Err(NumError::TooFine { scale, .. }) => rounded(text, usize::from(scale), safe),
        other => other,
    }
}

/// `text` is a plain decimal with a digit that is not zero beyond `scale`.
#[cold]
fn rounded(text: &[u8], scale: usize, safe: Safe) -> Result<Amount, NumError> {
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    let kept = text.get(..=point + scale).unwrap_or(text);
    let towards_zero = Amount::parse(kept)?;
    let negative = text.first() == Some(&b'-');
    let step = match (safe, negative) {
        (Safe::More, false) => 1,
        (Safe::Less, true) => -1,
        (Safe::More, true) | (Safe::Less, false) => 0,
    };
    towards_zero.plus(Amount::from_raw(step)).ok_or(NumError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_never_understated_and_a_balance_never_overstated() {
        let read = |text: &str, safe| amount(text.as_bytes(), safe).map(Amount::raw);
        let fee = "0.0003998377369698171";
        assert_eq!(read(fee, Safe::More), Ok(399_837_736_969_818));
        assert_eq!(read(fee, Safe::Less), Ok(399_837_736_969_817));
        assert_eq!(read("-0.0000000000000000019", Safe::More), Ok(-1));
        assert_eq!(read("-0.0000000000000000019", Safe::Less), Ok(-2));
        assert_eq!(read("1.5000000000000000000", Safe::More), Ok(1_500_000_000_000_000_000));
    }

    #[test]
    fn what_is_no_decimal_stays_an_error_however_fine_it_is() {
        for text in ["", "0.000000000000000000x", "1e-30", "0.0000000000000000001-", "--1"] {
            assert_eq!(amount(text.as_bytes(), Safe::More), Err(NumError::NotADecimal), "{text}");
        }
    }
}
