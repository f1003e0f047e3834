//! The encrypted store of API keys: one file, sealed with a key that a passphrase gives.
//!
//! Argon2id makes the file's key from the passphrase, AES-256-GCM seals each entry together with
//! its name, and a last seal covers the whole file, so that no entry can be swapped, renamed or
//! taken out. Every save takes a fresh salt and thus a fresh key: no nonce is ever used twice.
//!
//! What it cannot tell: that the whole file was replaced by an older copy of itself.
//!
//! **Absent:** the terminal, the environment, the exchange. Reads and writes one file, and asks the
//! system for random bytes and nothing else.
#![warn(missing_docs)]

mod crypt;
mod error;
mod file;
mod format;
mod passphrase;
mod store;

pub use crypt::Cost;
pub use error::{Fault, StoreError};
pub use format::{Listed, NAME_MAX};
pub use passphrase::{Passphrase, TooShort};
pub use store::{ENTRIES_MAX, Entry, Store, list};
