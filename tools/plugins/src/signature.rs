//! Signatures of plug-ins, in minisign's format.

use std::fmt;

use minisign_verify::{PublicKey, Signature};

/// Why a signature does not count.
#[derive(Debug)]
pub struct SignatureError(minisign_verify::Error);

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the signature does not count: {}", self.0)
    }
}

impl std::error::Error for SignatureError {}

/// Verifies a module against the text of its signature and a public key.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(module: &[u8], signature: &str, key: &str) -> Result<(), SignatureError> {
    let key = PublicKey::from_base64(key).map_err(SignatureError)?;
    let signature = Signature::decode(signature).map_err(SignatureError)?;
    key.verify(module, &signature, false).map_err(SignatureError)
}
