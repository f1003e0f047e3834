//! The archive: what the journal's decisions say, as tables of one SQLite file.
//!
//! A projection and nothing else: every row follows from the records, in their order. The file may
//! lag, be deleted or be made again, and nothing is lost. [`Archive`] writes it, one process at a
//! time; [`ArchiveThread`] does so behind a running trader; [`View`] reads it by the named
//! questions of [`query`].
#![warn(missing_docs)]

mod cache;
mod columns;
mod context;
mod database;
pub mod day;
mod dump;
mod error;
mod figures;
mod follow;
mod money;
mod project;
pub mod query;
pub mod report;
mod rows;
mod schema;
mod thread;
mod view;

pub use database::{FILE, file_of};
pub use dump::dump;
pub use error::ArchiveError;
pub use follow::{Archive, Stand};
pub use schema::{APPLICATION_ID, TABLES, VERSION};
pub use thread::{ArchiveThread, Gauge, Lag};
pub use view::{Rows, View};
