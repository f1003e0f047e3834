//! Request signing: HMAC-SHA256 from a keyed state that is made once, and the key pair it belongs to.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use model::Text;
use sha2::Sha256;

/// Signs texts with one secret.
///
/// The secret itself is not kept: only the state that SHA-256 has after reading the padded key,
/// which is cloned for each signature and wiped when dropped.
#[derive(Clone)]
pub struct Signer {
    keyed: Hmac<Sha256>,
}

/// Characters of a signature.
pub const SIGNATURE_LEN: usize = 64;

impl Signer {
    /// Prepares to sign with `secret`, whose bytes the caller should wipe.
    ///
    /// # Errors
    /// [`KeyError::Empty`] without a secret.
    pub fn new(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::Empty);
        }
        let keyed = Hmac::new_from_slice(secret).map_err(|_| KeyError::Empty)?;
        Ok(Self { keyed })
    }

    /// The signature of `payload` in lower-case hexadecimal; the venue refuses upper case.
    pub fn sign(&self, payload: &[u8]) -> [u8; SIGNATURE_LEN] {
        let mut state = self.keyed.clone();
        state.update(payload);
        let digest = state.finalize().into_bytes();
        let mut text = [0; SIGNATURE_LEN];
        for (pair, byte) in text.chunks_exact_mut(2).zip(digest.iter()) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        text
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

/// An access key and the signer of its secret.
#[derive(Clone)]
pub struct Credentials {
    access_key: Text<128>,
    signer: Signer,
}

impl Credentials {
    /// Pairs the public half, which goes into a header, with the secret half.
    ///
    /// # Errors
    /// [`KeyError`] when either half is empty, or the access key cannot stand in a header.
    pub fn new(access_key: &str, secret: &[u8]) -> Result<Self, KeyError> {
        if access_key.is_empty() {
            return Err(KeyError::Empty);
        }
        if let Some(at) = access_key.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(KeyError::Character { at });
        }
        let access_key =
            Text::new(access_key).ok_or(KeyError::TooLong { found: access_key.len(), max: 128 })?;
        Ok(Self { access_key, signer: Signer::new(secret)? })
    }

    /// The half that goes into the header.
    pub fn access_key(&self) -> &str {
        self.access_key.as_str()
    }

    /// The half that signs.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// Why text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// There is none.
    Empty,
    /// Longer than a header field of ours holds.
    TooLong {
        /// Characters seen.
        found: usize,
        /// Characters held.
        max: usize,
    },
    /// A space, line break or other character that no access key has.
    Character {
        /// Where it stands.
        at: usize,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the key is empty"),
            Self::TooLong { found, max } => write!(f, "a key of {found} characters, {max} at most"),
            Self::Character { at } => write!(f, "character {at} cannot stand in a key"),
        }
    }
}

impl core::error::Error for KeyError {}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `tests/vectors/mexc/signing_vectors.json`: secret, payload, signature.
    const VECTORS: &[(&str, &str, &str)] = &[
        (
            "45d0b3c26f2644f19bfb98b07741b2f5",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000\
             &timestamp=1644489390087",
            "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a",
        ),
        (
            "45d0b3c26f2644f19bfb98b07741b2f5",
            "symbol=BTCUSDT&side=BUY&type=LIMITquantity=1&price=11&recvWindow=5000\
             &timestamp=1644489390087",
            "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592",
        ),
        (
            "testSecret",
            "timestamp=1234567890000",
            "856718dd1e03e8a58c22b41d37abbe1a8322ffcc0561c0b4098995c7949d9916",
        ),
        (
            "testSecret",
            "batchOrders=%5B%7B%22symbol%22%3A%22ATLASUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type\
             %22%3A%22LIMIT%22%2C%22quantity%22%3A%221000%22%2C%22price%22%3A%220.005%22%7D%5D\
             &timestamp=1701304049492&recvWindow=5000",
            "e7e0f4bf1d36bef131fc399371a4b0ca7ceaf7ab4605acfeb7bddcbd3222699b",
        ),
        (
            "testSecret",
            "mx0aBYs33eIilxBW5C1657186536762",
            "d52709912bd078ca61ffe6928a20175218a49f54acb65ae43dc1ee7bd59f1bab",
        ),
    ];

    #[test]
    fn signatures_are_those_of_the_documentation() {
        for (secret, payload, signature) in VECTORS {
            let signer = Signer::new(secret.as_bytes()).unwrap();
            for _ in 0..2 {
                assert_eq!(&signer.sign(payload.as_bytes()), signature.as_bytes(), "{payload}");
            }
        }
    }

    #[test]
    fn the_digest_that_the_documentation_prints_wrongly_is_not_ours() {
        let (secret, payload, _) = VECTORS[0];
        let wrong = b"323c96ab85a745712e95e63cad28903dd8292e4a905e99c4ee3932023843a117";
        assert_ne!(&Signer::new(secret.as_bytes()).unwrap().sign(payload.as_bytes()), wrong);
    }

    #[test]
    fn neither_half_of_a_key_is_ever_printed() {
        let credentials = Credentials::new("mx0visible", b"verysecret").unwrap();
        let text = format!("{credentials:?} {:?}", credentials.signer());
        assert!(!text.contains("visible") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn a_key_that_would_break_the_header_is_refused() {
        let secret = b"s";
        assert_eq!(Credentials::new("", secret).unwrap_err(), KeyError::Empty);
        assert_eq!(Credentials::new("a", b"").unwrap_err(), KeyError::Empty);
        assert_eq!(
            Credentials::new("mx0\r\nX: y", secret).unwrap_err(),
            KeyError::Character { at: 3 }
        );
        assert_eq!(
            Credentials::new(&"a".repeat(129), secret).unwrap_err(),
            KeyError::TooLong { found: 129, max: 128 }
        );
    }
}
