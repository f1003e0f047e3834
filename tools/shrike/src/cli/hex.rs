//! Bytes written as hexadecimal digits.

use std::fmt;

/// Why a text is not hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HexError {
    /// Neither a digit nor white space.
    Digit { at: usize, byte: u8 },
    /// Half a byte at the end.
    Odd { digits: usize },
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digit { at, byte } => {
                let shown = byte.escape_ascii();
                write!(f, "'{shown}' at byte {at} is no hexadecimal digit; leave out --hex for raw")
            }
            Self::Odd { digits } => {
                write!(f, "{digits} hexadecimal digits are no whole number of bytes")
            }
        }
    }
}

/// The bytes that `text` spells; white space may stand anywhere.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, HexError> {
    let mut digits = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()) {
        let digit = char::from(*byte).to_digit(16);
        let digit = digit.and_then(|digit| u8::try_from(digit).ok());
        digits.push(digit.ok_or(HexError::Digit { at, byte: *byte })?);
    }
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(HexError::Odd { digits: digits.len() });
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// `bytes` as digits of lower case.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_both_cases_with_white_space_are_bytes() {
        assert_eq!(decode(b"0a fF\n1 2\n"), Ok(vec![0x0a, 0xff, 0x12]));
        assert_eq!(decode(b""), Ok(vec![]));
    }

    #[test]
    fn every_byte_comes_back_from_its_digits() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&all).as_bytes()), Ok(all));
    }

    #[test]
    fn another_character_and_half_a_byte_are_named() {
        assert_eq!(decode(b"0a 0x"), Err(HexError::Digit { at: 4, byte: b'x' }));
        assert_eq!(decode(b"0a1"), Err(HexError::Odd { digits: 3 }));
    }
}
