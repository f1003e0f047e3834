//! From a passphrase to the file's key, and what is sealed with it.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::passphrase::Passphrase;

pub(crate) const SALT: usize = 16;
pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;

/// What Argon2id costs: whoever guesses passphrases pays it for each guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

/// Most memory that a file may ask for: 1 GiB. A changed file must not exhaust the machine.
const MEMORY_MAX_KIB: u32 = 1 << 20;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 8;

impl Cost {
    /// 64 MiB, three passes, one lane: a few tenths of a second and 64 MiB a guess.
    pub const USUAL: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 1 };
    /// Next to nothing, for tests.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// What a file says; `None` outside 8 KiB to 1 GiB a lane, 1 to 16 passes, 1 to 8 lanes.
    pub(crate) fn read(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        let good = (1..=LANES_MAX).contains(&lanes)
            && (8 * lanes..=MEMORY_MAX_KIB).contains(&memory_kib)
            && (1..=PASSES_MAX).contains(&passes);
        good.then_some(Self { memory_kib, passes, lanes })
    }
}

/// The key of one file.
pub(crate) struct FileKey(Aes256Gcm);

impl FileKey {
    pub(crate) fn derive(
        passphrase: &Passphrase,
        salt: &[u8; SALT],
        cost: Cost,
    ) -> Result<Self, Fault> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32));
        let params = params.map_err(|_| Fault::Cost)?;
        let mut key = Zeroizing::new([0_u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.bytes(), salt, &mut *key)
            .map_err(|_| Fault::Memory { kib: cost.memory_kib })?;
        Ok(Self(Aes256Gcm::new(<&Key<Aes256Gcm>>::from(&*key))))
    }

    /// `message` sealed, its tag at the end; `beside` is what it is sealed together with.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], beside: &[u8], message: &[u8]) -> Vec<u8> {
        let sealed = self.0.encrypt(&nonce.into(), Payload { msg: message, aad: beside });
        // Fails above 64 GiB alone, and an entry has a cap.
        sealed.unwrap_or_else(|_| unreachable!("{} bytes are too many to seal", message.len()))
    }

    /// What was sealed; `None` when a bit of it, of its nonce or of what stands beside it changed.
    pub(crate) fn open(
        &self,
        nonce: [u8; NONCE],
        beside: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let opened = self.0.decrypt(&nonce.into(), Payload { msg: sealed, aad: beside });
        opened.ok().map(Zeroizing::new)
    }
}

/// Bytes that nobody can foretell.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Fault::Random)?;
    Ok(bytes)
}
