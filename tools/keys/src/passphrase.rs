//! The passphrase: held as short as it can be, wiped, never shown.

use std::fmt;

use zeroize::Zeroizing;

/// A passphrase of a store.
pub struct Passphrase(Zeroizing<String>);

/// A passphrase that is too short for a new store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooShort {
    /// Its characters.
    pub found: usize,
}

impl Passphrase {
    /// Fewest characters that a new store takes.
    pub const MIN: usize = 12;

    /// One for a store that exists. Line breaks at its end do not count.
    pub fn given(mut text: String) -> Self {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        Self(Zeroizing::new(text))
    }

    /// One for a new store.
    ///
    /// # Errors
    /// [`TooShort`] below [`Passphrase::MIN`] characters.
    pub fn chosen(text: String) -> Result<Self, TooShort> {
        let given = Self::given(text);
        match given.0.chars().count() {
            found if found < Self::MIN => Err(TooShort { found }),
            _ => Ok(given),
        }
    }

    /// Whether both are the same.
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(not shown)")
    }
}

impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, min) = (self.found, Passphrase::MIN);
        write!(f, "a passphrase of {found} characters; a new store needs {min} or more")
    }
}

impl std::error::Error for TooShort {}
