//! A saved state and the place in the decisions that it stands for, so that a recovery need not
//! read them from the beginning. One small file; without it, or when it does not fit the chain, the
//! recovery reads everything and comes to the same. Whoever else reads the decisions gains nothing
//! by it.

use std::io;
use std::path::Path;

use crate::bytes::Fields;
use crate::disk;
use crate::payload::ChainHead;

/// Beside the segments.
const NAME: &str = "checkpoint.shrike";
const MAGIC: [u8; 8] = *b"shrikeCP";
const VERSION: u16 = 1;
const LEN_MAX: u64 = 16 << 20;

/// What was known after a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The decisions segment in which reading goes on.
    pub segment: u32,
    /// The last record that the state holds.
    pub seq: u64,
    /// The chain of decisions up to that record.
    pub head: ChainHead,
    /// The monotonic clock's machine boot at that record; opaque here.
    pub machine_boot: [u8; 16],
    /// The state; opaque here.
    pub state: Vec<u8>,
}

impl Checkpoint {
    /// Replaces the checkpoint of a journal folder; it is on disk when this returns.
    ///
    /// # Errors
    /// What the operating system answers.
    pub fn write(&self, journal: &Path) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(self.state.len() + 128);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        self.head.write(&mut bytes);
        bytes.extend_from_slice(&self.machine_boot);
        bytes.extend_from_slice(&self.state);
        let hash = *blake3::hash(&bytes).as_bytes();
        bytes.extend_from_slice(&hash);
        disk::replace(journal, NAME, &bytes)
    }

    /// The checkpoint of a journal folder; `None` when there is none that can be believed, since
    /// the segments tell the same.
    ///
    /// # Errors
    /// What the operating system answers.
    pub fn read(journal: &Path) -> io::Result<Option<Self>> {
        let Some(bytes) = disk::read_small(&journal.join(NAME), LEN_MAX)? else { return Ok(None) };
        Ok(Self::decode(&bytes))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, claimed) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        let mut fields = Fields(body);
        let known = fields.array() == Some(MAGIC) && fields.u16() == Some(VERSION);
        if !known || blake3::hash(body).as_bytes() != claimed {
            return None;
        }
        let (segment, seq) = (fields.u32()?, fields.u64()?);
        let head = ChainHead { frames: fields.u64()?, seq: fields.u64()?, hash: fields.array()? };
        Some(Self { segment, seq, head, machine_boot: fields.array()?, state: fields.0.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_back_and_any_other_bytes_are_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Checkpoint::read(dir.path()).unwrap(), None);
        let checkpoint = Checkpoint {
            segment: 3,
            seq: 99,
            head: ChainHead { frames: 101, seq: 99, hash: [7; 32] },
            machine_boot: [9; 16],
            state: b"state".to_vec(),
        };
        checkpoint.write(dir.path()).unwrap();
        assert_eq!(Checkpoint::read(dir.path()).unwrap(), Some(checkpoint));
        let whole = std::fs::read(dir.path().join(NAME)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(Checkpoint::decode(&changed), None, "byte {at}");
            assert_eq!(Checkpoint::decode(&whole[..at]), None, "cut at {at}");
        }
    }
}
