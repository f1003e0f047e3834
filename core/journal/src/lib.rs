//! The journal: one sequence of records, bounded ring, hash-chained segments, reader.
//!
//! The thread that decides pushes into a [`Producer`]; the journal thread runs a [`Writer`] over
//! the [`Consumer`]; everybody else is a [`Reader`]. Payloads are opaque here.
//! **Absent:** engine, venue, threads, clocks, the meaning of a payload and of a checkpoint's
//! state.
#![warn(missing_docs)]

mod blobs;
mod bytes;
mod checkpoint;
mod data_dir;
mod disk;
mod frame;
mod payload;
mod reader;
mod record;
pub mod ring;
mod writer;

pub use blobs::{BLOB_MAX, BlobError, BlobHash, Blobs};
pub use checkpoint::Checkpoint;
pub use data_dir::{DataDir, DataDirError};
pub use disk::{Disk, DiskFile, HostDisk};
pub use frame::SegmentHeader;
pub use payload::{Boot, ChainHead, Commit, FORMAT_VERSION, Gap, Prune};
pub use reader::{
    Anchor, Broken, Fault, Lost, LostWhy, OpenError, Reader, Verified, verify, verify_against,
};
pub use record::{Family, Kind, PAYLOAD_MAX, RecordView};
pub use ring::{Consumer, Producer, PushError};
pub use writer::{
    DiskError, Health, Identity, Observer, Opened, Recovered, Status, SyncPolicy, Trouble, Writer,
    WriterError, WriterSettings,
};
