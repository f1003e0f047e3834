//! The protobuf wire format: keys, varints, lengths, and the skipping of unknown fields.
//!
//! Accepts and refuses exactly what prost does (`tests/golden.rs` compares the two on mutated
//! frames), but borrows: a field is a part of the frame.

use core::fmt;

/// Nesting that prost allows: a group or message inside more than this many others is refused.
pub(crate) const DEPTH_MAX: u8 = 100;

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// A field needs more bytes than its message or the frame has.
    Truncated {
        /// Bytes needed.
        need: u64,
        /// Bytes left.
        have: u32,
    },
    /// A varint of more than 64 bits.
    LongVarint,
    /// A key of more than 32 bits.
    LongKey,
    /// Field number 0.
    FieldZero,
    /// A wire type that does not exist.
    NoSuchType {
        /// The type, 6 or 7.
        found: u8,
    },
    /// A known field in another wire type than the schema's.
    WrongType {
        /// The type seen.
        found: u8,
    },
    /// A group ends that did not begin.
    EndGroup,
    /// Groups inside groups beyond the depth that is read.
    TooDeep,
    /// A string that is not UTF-8.
    Utf8,
}

/// What is wrong with the bytes, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Offset in the frame.
    pub at: u32,
    /// What is wrong there.
    pub fault: WireFault,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: ", self.at)?;
        match self.fault {
            WireFault::Truncated { need, have } => write!(f, "needs {need} bytes, has {have}"),
            WireFault::LongVarint => f.write_str("varint of more than 64 bits"),
            WireFault::LongKey => f.write_str("key of more than 32 bits"),
            WireFault::FieldZero => f.write_str("field number 0"),
            WireFault::NoSuchType { found } => write!(f, "no wire type {found}"),
            WireFault::WrongType { found } => write!(f, "wire type {found} is not this field's"),
            WireFault::EndGroup => f.write_str("end of a group that did not begin"),
            WireFault::TooDeep => write!(f, "groups nested deeper than {DEPTH_MAX}"),
            WireFault::Utf8 => f.write_str("not UTF-8"),
        }
    }
}

/// Field number and wire type as they stand on the wire: `number << 3 | type`.
pub(crate) type Key = u32;

/// Wire type of integers and booleans.
pub(crate) const VARINT: u8 = 0;
/// Wire type of strings and messages.
pub(crate) const LEN: u8 = 2;

/// Reads one message front to back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Offset in the frame of the end of `rest`.
    end: u32,
}

impl<'a> Cursor<'a> {
    /// Over a whole frame, which must be shorter than 4 GiB.
    pub(crate) fn new(frame: &'a [u8]) -> Self {
        Self { rest: frame, end: frame.len() as u32 }
    }

    #[cold]
    fn fault(&self, fault: WireFault) -> WireError {
        WireError { at: self.end - self.rest.len() as u32, fault }
    }

    #[cold]
    fn truncated(&self, need: u64) -> WireError {
        self.fault(WireFault::Truncated { need, have: self.rest.len() as u32 })
    }

    /// The next key, or `None` at the end of the message.
    #[inline(always)]
    pub(crate) fn key(&mut self) -> Result<Option<Key>, WireError> {
        match self.rest {
            [] => Ok(None),
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(Some(u32::from(*byte)))
            }
            [low, high, rest @ ..] if *high < 0x80 => {
                self.rest = rest;
                Ok(Some(u32::from(*low & 0x7f) | u32::from(*high) << 7))
            }
            _ => self.long_key().map(Some),
        }
    }

    #[cold]
    fn long_key(&mut self) -> Result<Key, WireError> {
        let start = *self;
        u32::try_from(self.varint()?).map_err(|_| start.fault(WireFault::LongKey))
    }

    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Result<u64, WireError> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    /// Times have six bytes, so eight at once are worth a look before the loop.
    #[inline]
    fn long_varint(&mut self) -> Result<u64, WireError> {
        if let Some((value, len)) = self.rest.first_chunk().and_then(|chunk| varint_of_8(*chunk)) {
            self.rest = &self.rest[len..];
            return Ok(value);
        }
        self.any_varint()
    }

    fn any_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for (at, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                if at == 9 && byte > 1 {
                    break;
                }
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        if self.rest.len() < 10 {
            return Err(self.truncated(self.rest.len() as u64 + 1));
        }
        Err(self.fault(WireFault::LongVarint))
    }

    /// A length and that many bytes.
    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let need = self.varint()?;
        match usize::try_from(need).ok().and_then(|need| self.rest.split_at_checked(need)) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.truncated(need)),
        }
    }

    /// The bytes of a string under the one-byte key `key`, if that is what comes next and it is
    /// shorter than 128 bytes: the form that the venue writes. Nothing is read otherwise.
    #[inline(always)]
    pub(crate) fn plain_text(&mut self, key: u8) -> Option<&'a [u8]> {
        let [found, len @ 0..0x80, rest @ ..] = self.rest else { return None };
        let (text, rest) = rest.split_at_checked(usize::from(*len))?;
        if *found != key {
            return None;
        }
        self.rest = rest;
        Some(text)
    }

    /// The integer under the one-byte key `key`, if that is what comes next. Nothing is read
    /// otherwise.
    #[inline(always)]
    pub(crate) fn plain_integer(&mut self, key: u8) -> Option<u64> {
        let [found, rest @ ..] = self.rest else { return None };
        let mut behind = Self { rest, end: self.end };
        if *found != key {
            return None;
        }
        let value = behind.varint().ok()?;
        *self = behind;
        Some(value)
    }

    /// Whether everything was read.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A string.
    #[inline(always)]
    pub(crate) fn text(&mut self) -> Result<&'a str, WireError> {
        let bytes = self.bytes()?;
        core::str::from_utf8(bytes).map_err(|_| self.fault(WireFault::Utf8))
    }

    /// A string left as bytes: the caller compares it, and needs no `str`.
    #[inline(always)]
    pub(crate) fn text_bytes(&mut self) -> Result<&'a [u8], WireError> {
        let bytes = self.bytes()?;
        if is_text(bytes) { Ok(bytes) } else { Err(self.fault(WireFault::Utf8)) }
    }

    /// A string that replaces `slot`, whose former bytes must have been UTF-8. The caller checks
    /// the last one: a decimal is UTF-8 by itself.
    #[inline(always)]
    pub(crate) fn text_into(&mut self, slot: &mut &'a [u8]) -> Result<(), WireError> {
        let bytes = self.bytes()?;
        if !slot.is_empty() && core::str::from_utf8(slot).is_err() {
            return Err(self.fault(WireFault::Utf8));
        }
        *slot = bytes;
        Ok(())
    }

    /// A message inside this one.
    #[inline(always)]
    pub(crate) fn message(&mut self) -> Result<Cursor<'a>, WireError> {
        let rest = self.bytes()?;
        Ok(Cursor { rest, end: self.end - self.rest.len() as u32 })
    }

    /// Refuses `key` when it belongs to a known field, whose wire type is then another; skips it
    /// when it does not.
    #[cold]
    #[inline(never)]
    pub(crate) fn unknown(&mut self, key: Key, known: &[u32], depth: u8) -> Result<(), WireError> {
        let (number, wire) = self.split(key)?;
        if known.contains(&number) {
            return Err(self.fault(WireFault::WrongType { found: wire }));
        }
        self.skip(number, wire, depth)
    }

    fn split(&self, key: Key) -> Result<(u32, u8), WireError> {
        let (number, wire) = (key >> 3, (key & 7) as u8);
        if wire > 5 {
            return Err(self.fault(WireFault::NoSuchType { found: wire }));
        }
        if number == 0 {
            return Err(self.fault(WireFault::FieldZero));
        }
        Ok((number, wire))
    }

    /// Skips the value of a field; `depth` is how many more levels may be entered.
    fn skip(&mut self, number: u32, wire: u8, depth: u8) -> Result<(), WireError> {
        if depth == 0 {
            return Err(self.fault(WireFault::TooDeep));
        }
        match wire {
            VARINT => self.varint().map(drop),
            1 => self.skip_bytes(8),
            LEN => self.bytes().map(drop),
            3 => self.skip_group(number, depth),
            5 => self.skip_bytes(4),
            _ => Err(self.fault(WireFault::EndGroup)),
        }
    }

    fn skip_bytes(&mut self, need: usize) -> Result<(), WireError> {
        self.rest = self.rest.get(need..).ok_or_else(|| self.truncated(need as u64))?;
        Ok(())
    }

    fn skip_group(&mut self, number: u32, depth: u8) -> Result<(), WireError> {
        loop {
            let Some(key) = self.key()? else { return Err(self.truncated(1)) };
            match self.split(key)? {
                (inner, 4) if inner == number => return Ok(()),
                (_, 4) => return Err(self.fault(WireFault::EndGroup)),
                (inner, wire) => self.skip(inner, wire, depth - 1)?,
            }
        }
    }

    /// The next message under `number`, other fields skipped. For bytes that were read once
    /// without a fault; a fault ends the search.
    pub(crate) fn find(&mut self, number: u32) -> Option<Cursor<'a>> {
        while let Ok(Some(key)) = self.key() {
            if key == number << 3 | u32::from(LEN) {
                return self.message().ok();
            }
            let (number, wire) = self.split(key).ok()?;
            self.skip(number, wire, DEPTH_MAX).ok()?;
        }
        None
    }
}

/// Whether bytes are UTF-8. The venue's are ASCII, which is cheaper to see.
#[inline(always)]
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    bytes.is_ascii() || core::str::from_utf8(bytes).is_ok()
}

/// A varint that ends within eight bytes, and its length.
#[inline(always)]
fn varint_of_8(bytes: [u8; 8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(bytes);
    let ends = !word & 0x8080_8080_8080_8080;
    if ends == 0 {
        return None;
    }
    let len = ends.trailing_zeros() / 8 + 1;
    // Seven bits a byte, then pairs, fours and eights of bytes moved together.
    let bits = word & (u64::MAX >> (64 - 8 * len)) & 0x7f7f_7f7f_7f7f_7f7f;
    let pairs = bits & 0x007f_007f_007f_007f | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    let value = fours & 0x0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4;
    Some((value, len as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(bytes: &[u8]) -> Result<u64, WireFault> {
        Cursor::new(bytes).varint().map_err(|error| error.fault)
    }

    #[test]
    fn varints_hold_64_bits_and_not_one_more() {
        assert_eq!(varint(&[0x96, 0x01]), Ok(150));
        let mut longest = [0xff; 10];
        longest[9] = 1;
        assert_eq!(varint(&longest), Ok(u64::MAX));
        longest[9] = 2;
        assert_eq!(varint(&longest), Err(WireFault::LongVarint));
        assert_eq!(varint(&[0xff; 11]), Err(WireFault::LongVarint));
        assert_eq!(varint(&[0xff; 3]), Err(WireFault::Truncated { need: 4, have: 3 }));
        assert_eq!(varint(&[]), Err(WireFault::Truncated { need: 1, have: 0 }));
    }

    #[test]
    fn eight_bytes_at_once_are_the_same_number() {
        for shift in 0..64 {
            let value = 0xdead_beef_1234_5678_u64 >> shift;
            let mut bytes = Vec::new();
            let mut rest = value;
            while rest > 0x7f {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            let alone = varint(&bytes);
            bytes.extend_from_slice(&[0xff; 8]);
            assert_eq!((alone, varint(&bytes)), (Ok(value), Ok(value)), "{value:x}");
        }
    }

    #[test]
    fn a_length_beyond_the_message_says_what_it_needs_and_has() {
        let error = Cursor::new(&[5, b'a']).bytes().unwrap_err();
        assert_eq!(error, WireError { at: 1, fault: WireFault::Truncated { need: 5, have: 1 } });
    }

    #[test]
    fn groups_are_skipped_whole_and_only_to_the_depth_that_prost_reads() {
        let nested = |depth: usize| [vec![0x0b; depth], vec![0x0c; depth]].concat();
        let skip = |bytes: &[u8]| {
            let mut cursor = Cursor::new(bytes);
            let key = cursor.key()?.unwrap();
            cursor.unknown(key, &[], DEPTH_MAX)
        };
        assert!(skip(&nested(100)).is_ok());
        assert_eq!(skip(&nested(101)).unwrap_err().fault, WireFault::TooDeep);
        assert_eq!(skip(&[0x0b, 0x14]).unwrap_err().fault, WireFault::EndGroup);
        assert!(matches!(skip(&[0x0b]).unwrap_err().fault, WireFault::Truncated { .. }));
    }
}
