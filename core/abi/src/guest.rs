//! One instance of a plug-in, whatever carries it: a sandbox, or the same source linked natively.

use core::fmt;

/// A call of one export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`SETUP`](crate::export::SETUP)
    Setup,
    /// [`ON_EVENT`](crate::export::ON_EVENT)
    OnEvent,
    /// [`JUDGE`](crate::export::JUDGE)
    Judge,
    /// [`SAVE`](crate::export::SAVE)
    Save,
    /// [`RESTORE`](crate::export::RESTORE)
    Restore {
        /// Version of the state, by the manifest that it was saved under.
        version: u32,
        /// Its bytes.
        len: u32,
    },
}

/// Why a call gave no number. Numbers are what records hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Trap {
    /// The guest gave up: `unreachable`, a panic, an abort.
    Unreachable = 1,
    /// An address outside its memory or table.
    OutOfBounds = 2,
    /// A division by zero, or a result that no integer holds.
    Arithmetic = 3,
    /// A call through a table that has nothing of that type there.
    BadCall = 4,
    /// More work than one call may do.
    OutOfFuel = 5,
    /// Too many calls inside each other. Depends on the machine code, so records treat it as an
    /// input.
    StackOverflow = 6,
    /// The sandbox itself failed.
    Host = 7,
    /// The export is not there.
    NoExport = 8,
}

impl Trap {
    /// The word used in records and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::OutOfBounds => "out_of_bounds",
            Self::Arithmetic => "arithmetic",
            Self::BadCall => "bad_call",
            Self::OutOfFuel => "out_of_fuel",
            Self::StackOverflow => "stack_overflow",
            Self::Host => "host",
            Self::NoExport => "no_export",
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One instance.
///
/// After a [`Trap`] nothing but dropping it makes sense: a guest that was interrupted has left its
/// own stack and its state where they were.
pub trait Guest: fmt::Debug + Send {
    /// Its area: [`area::SIZE`](crate::area::SIZE) bytes.
    fn area(&mut self) -> &mut [u8];

    /// Its buffer for the state, of as many bytes as the manifest says; empty when it has none.
    fn state(&mut self) -> &mut [u8];

    /// Calls an export and gives its number.
    ///
    /// # Errors
    /// [`Trap`] when the call did not come back.
    fn call(&mut self, call: Call) -> Result<i32, Trap>;

    /// The same in a step that has called before: what the calls before left of the work that one
    /// call may do, and a small part beside it.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    fn call_on(&mut self, call: Call) -> Result<i32, Trap> {
        self.call(call)
    }

    /// Bytes of memory that it holds beyond the program's own.
    fn memory_bytes(&self) -> usize;
}
