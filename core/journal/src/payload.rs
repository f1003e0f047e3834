//! Payloads that the journal itself must be able to read.

use crate::bytes::Fields;
use crate::{Family, RecordView};

/// Version of every format of this crate: ring, segment, frame, and the payloads here.
pub const FORMAT_VERSION: u16 = 4;

/// First record of a process: who writes, on which boot of the machine, and what its clocks said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Random per data directory, 24 bits.
    pub instance: u32,
    /// Starts since the data directory was made, 24 bits.
    pub epoch: u32,
    /// The machine's boot id. Another one than the last record's means that the ring is gone.
    pub machine_boot: [u8; 16],
    /// Monotonic clock at the anchor, in nanoseconds.
    pub mono_anchor: u64,
    /// Wall clock at the same moment, in nanoseconds since the epoch; 0 when unknown.
    pub wall_anchor: i64,
    /// Exchange's clock at the same moment, likewise.
    pub venue_anchor: i64,
    /// Version and build of the program, at most 255 bytes.
    pub build: String,
    /// Opaque: what the program wants to add.
    pub extra: Vec<u8>,
}

impl Boot {
    /// The record's payload.
    pub fn encode(&self) -> Vec<u8> {
        let build = &self.build.as_bytes()[..self.build.len().min(255)];
        let mut out = Vec::with_capacity(64 + build.len() + self.extra.len());
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&self.instance.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.machine_boot);
        out.extend_from_slice(&self.mono_anchor.to_le_bytes());
        out.extend_from_slice(&self.wall_anchor.to_le_bytes());
        out.extend_from_slice(&self.venue_anchor.to_le_bytes());
        out.push(build.len() as u8);
        out.extend_from_slice(build);
        out.extend_from_slice(&self.extra);
        out
    }

    /// Reads a payload; `None` when it is cut or of another format version.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut fields = Fields(payload);
        if fields.u16()? != FORMAT_VERSION {
            return None;
        }
        let instance = fields.u32()?;
        let epoch = fields.u32()?;
        let machine_boot = fields.array()?;
        let mono_anchor = fields.u64()?;
        let wall_anchor = fields.i64()?;
        let venue_anchor = fields.i64()?;
        let build_len = usize::from(fields.u8()?);
        let build = String::from_utf8_lossy(fields.take(build_len)?).into_owned();
        let extra = fields.0.to_vec();
        Some(Self {
            instance,
            epoch,
            machine_boot,
            mono_anchor,
            wall_anchor,
            venue_anchor,
            build,
            extra,
        })
    }
}

/// A point of a family's hash chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainHead {
    /// Headers and frames before this point, over all segments of the family.
    pub frames: u64,
    /// Number of the last record before this point; 0 when there is none.
    pub seq: u64,
    /// The chain's hash at this point.
    pub hash: [u8; 32],
}

impl ChainHead {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.frames.to_le_bytes());
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&self.hash);
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { frames: fields.u64()?, seq: fields.u64()?, hash: fields.array()? })
    }
}

/// End of a group of frames that went to disk together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The last number taken from the ring, of either family.
    pub through_seq: u64,
    /// Frames of this family that were on disk before this group.
    pub durable_frames: u64,
    /// The other family's chain as far as it was on disk.
    pub other: ChainHead,
}

impl Commit {
    /// Looked for when a chain is broken, to tell a torn tail from damage further up.
    pub(crate) const MAGIC: [u8; 8] = *b"shrkCmt1";
    pub(crate) const LEN: usize = 8 + 8 + 8 + 48 + 4;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::LEN);
        out.extend_from_slice(&Self::MAGIC);
        out.extend_from_slice(&self.through_seq.to_le_bytes());
        out.extend_from_slice(&self.durable_frames.to_le_bytes());
        self.other.write(&mut out);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a payload; `None` when it is not a whole and sound one.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let body = payload.get(..Self::LEN - 4)?;
        let mut fields = Fields(payload);
        if fields.array()? != Self::MAGIC {
            return None;
        }
        let through_seq = fields.u64()?;
        let durable_frames = fields.u64()?;
        let other = ChainHead::read(&mut fields)?;
        let sound = fields.u32()? == crc32fast::hash(body) && fields.0.is_empty();
        sound.then_some(Self { through_seq, durable_frames, other })
    }
}

/// Records of a family that were not kept, because the disk did not take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Whose.
    pub family: Family,
    /// The first number that may be missing.
    pub from: u64,
    /// The last one; [`Gap::OPEN`] until the family has a record again.
    pub to: u64,
}

impl Gap {
    /// Written when the end is not known yet, which is always so for market records.
    pub const OPEN: u64 = u64::MAX;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.family as u8];
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&self.to.to_le_bytes());
        out
    }

    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut fields = Fields(payload);
        Some(Self {
            family: Family::from_u8(fields.u8()?)?,
            from: fields.u64()?,
            to: fields.u64()?,
        })
    }
}

/// The oldest segments of a family were removed on purpose. The last one of a family never is: the
/// next start goes on from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prune {
    /// Whose.
    pub family: Family,
    /// The last segment that was removed, by its number; all before it are gone too.
    pub segment: u32,
    /// The last record's number in that segment.
    pub seq: u64,
}

impl Prune {
    /// The record's payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.family as u8];
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.seq.to_le_bytes());
        out
    }

    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut fields = Fields(payload);
        Some(Self {
            family: Family::from_u8(fields.u8()?)?,
            segment: fields.u32()?,
            seq: fields.u64()?,
        })
    }

    pub(crate) fn of(record: &RecordView<'_>) -> Option<Self> {
        if record.kind == crate::Kind::PRUNE { Self::decode(record.payload) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_reads_back_and_every_cut_before_its_extra_is_nothing() {
        let boot = Boot {
            instance: 7,
            epoch: 9,
            machine_boot: [3; 16],
            mono_anchor: 1,
            wall_anchor: -2,
            venue_anchor: 3,
            build: "shrike 0.1.0".into(),
            extra: vec![1, 2],
        };
        let bytes = boot.encode();
        assert_eq!(Boot::decode(&bytes), Some(boot));
        for end in 0..bytes.len() - 2 {
            assert_eq!(Boot::decode(&bytes[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_commit_reads_back_and_no_flip_of_it_does() {
        let other = ChainHead { frames: 3, seq: 4, hash: [5; 32] };
        let commit = Commit { through_seq: 1, durable_frames: 2, other };
        let bytes = commit.encode();
        assert_eq!(Commit::decode(&bytes), Some(commit));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(Commit::decode(&flipped), None, "flip at {at}");
        }
    }
}
