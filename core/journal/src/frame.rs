//! Bytes of a segment: a header of 128 bytes, then frames, each bound to all before it.
//!
//! ```text
//! header  magic 8 · version 2 · family 1 · flags 1 · number 4 · instance 4 · epoch 4 · first seq 8
//!         · frames before 8 · length of the segment before 8 · its last hash 32 · machine boot 16
//!         · hash of all these 32
//! frame   payload length 4 · kind 2 · family 1 · flags 1 · seq 8 · at 8 · check 8 · payload
//! ```
//! All little-endian. The chain's hash after a header is the header's hash; after a frame it is
//! `BLAKE3(hash before ‖ first 24 bytes ‖ payload)`, and `check` is its first 8 bytes. So one
//! changed bit is named at its own frame, and the full hash stands in each commit.

use model::Mono;

use crate::bytes::Fields;
use crate::payload::FORMAT_VERSION;
use crate::{Family, Kind, PAYLOAD_MAX, RecordView};

pub(crate) const HEADER_LEN: usize = 128;
pub(crate) const HEAD_LEN: usize = 32;
const HEAD_HASHED: usize = 24;
const MAGIC: [u8; 8] = *b"SHRKSEG\n";

/// The name of a family's segment `number`.
pub(crate) fn segment_name(family: Family, number: u32) -> String {
    format!("{}-{number:08}.shrike", family.name())
}

/// Family and number behind a segment's file name.
pub(crate) fn parse_segment_name(name: &str) -> Option<(Family, u32)> {
    let stem = name.strip_suffix(".shrike")?;
    let (family, digits) = [Family::Decisions, Family::Market].into_iter().find_map(|family| {
        let digits = stem.strip_prefix(family.name())?.strip_prefix('-')?;
        Some((family, digits))
    })?;
    let plain = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain)?;
    Some((family, number))
}

/// What stands at the front of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Which family.
    pub family: Family,
    /// Counted from 1 in each family.
    pub number: u32,
    /// Of the data directory.
    pub instance: u32,
    /// Of the process whose records these are.
    pub epoch: u32,
    /// The number of the first record, or of the next one when the segment holds none.
    pub first_seq: u64,
    /// Headers and frames of this family in all segments before.
    pub frames_before: u64,
    /// Bytes of the segment before that count; what follows them there was given up.
    pub prev_len: u64,
    /// The chain's hash at that point.
    pub prev_hash: [u8; 32],
    /// The machine's boot id; zero when the caller gave none.
    pub machine_boot: [u8; 16],
}

/// Why the front of a segment cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    Blank,
    Magic,
    Version(u16),
    Altered,
}

impl SegmentHeader {
    /// The bytes and the chain's hash after them.
    pub(crate) fn encode(&self) -> ([u8; HEADER_LEN], [u8; 32]) {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.push(self.family as u8);
        out.push(0);
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.instance.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.first_seq.to_le_bytes());
        out.extend_from_slice(&self.frames_before.to_le_bytes());
        out.extend_from_slice(&self.prev_len.to_le_bytes());
        out.extend_from_slice(&self.prev_hash);
        out.extend_from_slice(&self.machine_boot);
        let hash = *blake3::hash(&out).as_bytes();
        let mut bytes = [0; HEADER_LEN];
        bytes[..HEADER_LEN - 32].copy_from_slice(&out);
        bytes[HEADER_LEN - 32..].copy_from_slice(&hash);
        (bytes, hash)
    }

    /// Reads the bytes; the second value is the chain's hash after them.
    pub(crate) fn decode(bytes: &[u8; HEADER_LEN]) -> Result<(Self, [u8; 32]), HeaderError> {
        if bytes.iter().all(|&byte| byte == 0) {
            return Err(HeaderError::Blank);
        }
        let (body, claimed) = bytes.split_at(HEADER_LEN - 32);
        let hash = *blake3::hash(body).as_bytes();
        let mut fields = Fields(body);
        if fields.array() != Some(MAGIC) {
            return Err(HeaderError::Magic);
        }
        let version = fields.u16().ok_or(HeaderError::Altered)?;
        if hash != claimed {
            return Err(HeaderError::Altered);
        }
        if version != FORMAT_VERSION {
            return Err(HeaderError::Version(version));
        }
        Self::fields(&mut fields).map(|header| (header, hash)).ok_or(HeaderError::Altered)
    }

    fn fields(fields: &mut Fields<'_>) -> Option<Self> {
        let family = Family::from_u8(fields.u8()?)?;
        let _flags = fields.u8()?;
        Some(Self {
            family,
            number: fields.u32()?,
            instance: fields.u32()?,
            epoch: fields.u32()?,
            first_seq: fields.u64()?,
            frames_before: fields.u64()?,
            prev_len: fields.u64()?,
            prev_hash: fields.array()?,
            machine_boot: fields.array()?,
        })
    }
}

/// Appends `record` to `out` and moves `chain` over it.
pub(crate) fn append(out: &mut Vec<u8>, chain: &mut [u8; 32], record: &RecordView<'_>) {
    let start = out.len();
    out.extend_from_slice(&(record.payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&record.kind.0.to_le_bytes());
    out.push(record.family as u8);
    out.push(0);
    out.extend_from_slice(&record.seq.to_le_bytes());
    out.extend_from_slice(&record.at.nanos().to_le_bytes());
    *chain = link(chain, &out[start..], record.payload);
    out.extend_from_slice(&chain[..8]);
    out.extend_from_slice(record.payload);
}

fn link(before: &[u8; 32], head: &[u8], payload: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    hasher.update(head);
    hasher.update(payload);
    *hasher.finalize().as_bytes()
}

/// The first 32 bytes of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    bytes: [u8; HEAD_LEN],
    pub(crate) len: usize,
    pub(crate) kind: Kind,
    family: u8,
    pub(crate) seq: u64,
    at: Mono,
}

impl Head {
    /// Takes the fields apart; nothing is checked before [`Head::verify`].
    pub(crate) fn split(bytes: [u8; HEAD_LEN]) -> Self {
        let mut fields = Fields(&bytes);
        let len = fields.u32().unwrap_or(0) as usize;
        let kind = Kind(fields.u16().unwrap_or(0));
        let family = fields.u8().unwrap_or(0);
        let _flags = fields.u8();
        let seq = fields.u64().unwrap_or(0);
        let at = Mono::from_nanos(fields.u64().unwrap_or(0));
        Self { bytes, len, kind, family, seq, at }
    }

    /// Whether nothing was ever written here: the unused end of a reserved segment.
    pub(crate) fn is_blank(&self) -> bool {
        self.bytes == [0; HEAD_LEN]
    }

    /// Whether the payload's length can be believed at all.
    pub(crate) const fn fits(&self) -> bool {
        self.len <= PAYLOAD_MAX
    }

    /// The chain's hash after this frame, when its check agrees.
    pub(crate) fn verify(&self, chain: &[u8; 32], payload: &[u8]) -> Option<[u8; 32]> {
        let hash = link(chain, &self.bytes[..HEAD_HASHED], payload);
        (hash[..8] == self.bytes[HEAD_HASHED..]).then_some(hash)
    }

    /// The record, when its family is one that exists.
    pub(crate) fn view<'a>(&self, payload: &'a [u8]) -> Option<RecordView<'a>> {
        let family = Family::from_u8(self.family)?;
        Some(RecordView { seq: self.seq, at: self.at, family, kind: self.kind, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_name_reads_back_and_others_are_not_ours() {
        let name = segment_name(Family::Market, 12);
        assert_eq!(name, "market-00000012.shrike");
        assert_eq!(parse_segment_name(&name), Some((Family::Market, 12)));
        for other in ["market-12.shrike", "reserve.shrike", "market-0000001x.shrike", "x"] {
            assert_eq!(parse_segment_name(other), None, "{other}");
        }
    }

    #[test]
    fn no_flipped_byte_of_a_header_is_taken() {
        let header = SegmentHeader {
            family: Family::Decisions,
            number: 1,
            instance: 2,
            epoch: 3,
            first_seq: 4,
            frames_before: 5,
            prev_len: 6,
            prev_hash: [7; 32],
            machine_boot: [8; 16],
        };
        let (bytes, hash) = header.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok((header, hash)));
        for at in 0..HEADER_LEN {
            let mut flipped = bytes;
            flipped[at] ^= 0x10;
            assert!(SegmentHeader::decode(&flipped).is_err(), "flip at {at}");
        }
    }
}
