//! Signatures of modules, as `minisign` makes them: ed25519 over the file's BLAKE2b hash, in a file
//! of four lines beside it.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use minisign_verify::{Error, PublicKey, Signature};

/// What a signature's file is called behind its module's name.
pub const ENDING: &str = "minisig";
/// Bytes of a signature's file that are read at most; a real one has some 300.
const FILE_MAX: u64 = 4_096;

/// A public key whose owner's word is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(PublicKey);

/// Why a module does not count as signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The text is no public key.
    BadKey {
        /// The text.
        seen: String,
    },
    /// No file with the signature.
    Missing {
        /// Where it would be.
        file: PathBuf,
    },
    /// The file with the signature cannot be read.
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        text: String,
    },
    /// It is no signature of minisign.
    BadFormat,
    /// It signs the file itself and not its hash, as minisign did before version 0.10.
    Legacy,
    /// Another key made it.
    WrongKey,
    /// It is not a signature of these bytes, or its comment was changed.
    WrongFile,
}

impl SignatureError {
    /// The word used in records and documents.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BadKey { .. } => "bad_key",
            Self::Missing { .. } => "signature_missing",
            Self::Unreadable { .. } => "signature_unreadable",
            Self::BadFormat => "signature_bad_format",
            Self::Legacy => "signature_legacy",
            Self::WrongKey => "signature_wrong_key",
            Self::WrongFile => "signature_wrong_file",
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadKey { seen } => write!(
                f,
                "{seen:?} is no public key: give the line of minisign.pub that begins with RW, 56 \
                 characters"
            ),
            Self::Missing { file } => write!(
                f,
                "it is not signed: there is no {}; sign it with `minisign -Sm` and its name",
                file.display()
            ),
            Self::Unreadable { file, text } => write!(f, "{}: {text}", file.display()),
            Self::BadFormat => {
                write!(f, "the signature is none of minisign's: sign the module again")
            }
            Self::Legacy => write!(
                f,
                "the signature is of minisign's old form: sign the module with version 0.10 or later"
            ),
            Self::WrongKey => {
                write!(f, "another key signed it: sign it with the one that is configured")
            }
            Self::WrongFile => {
                write!(f, "the signature is of other bytes: sign the module again after each build")
            }
        }
    }
}

impl std::error::Error for SignatureError {}

impl Key {
    /// Reads the 56 characters that begin with `RW`, or the two lines of a file `minisign.pub`.
    ///
    /// # Errors
    /// [`SignatureError::BadKey`].
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let line = text.trim().lines().next_back().unwrap_or_default().trim();
        match PublicKey::from_base64(line) {
            Ok(key) if line.starts_with("RW") => Ok(Self(key)),
            Ok(_) | Err(_) => Err(SignatureError::BadKey { seen: line.to_owned() }),
        }
    }

    /// Verifies a module against the text of its signature; gives the comment that was signed with
    /// it.
    ///
    /// # Errors
    /// [`SignatureError`] with the reason.
    pub fn verify(&self, module: &[u8], signature: &str) -> Result<String, SignatureError> {
        let signature = Signature::decode(signature).map_err(|_| SignatureError::BadFormat)?;
        match self.0.verify(module, &signature, false) {
            Ok(()) => Ok(signature.trusted_comment().to_owned()),
            Err(Error::UnexpectedKeyId) => Err(SignatureError::WrongKey),
            Err(Error::UnexpectedAlgorithm | Error::UnsupportedLegacyMode) => {
                Err(SignatureError::Legacy)
            }
            Err(Error::InvalidSignature) => Err(SignatureError::WrongFile),
            Err(Error::InvalidEncoding | Error::IoError(_) | Error::UnsupportedAlgorithm) => {
                Err(SignatureError::BadFormat)
            }
        }
    }

    /// Verifies a module against the signature in a file.
    ///
    /// # Errors
    /// [`SignatureError`] with the reason.
    pub fn verify_with(&self, module: &[u8], file: &Path) -> Result<String, SignatureError> {
        self.verify(module, &read(file)?)
    }
}

/// Where the signature of a module stands: `NAME.wasm.minisig` beside `NAME.wasm`.
#[must_use]
pub fn beside(module: &Path) -> PathBuf {
    let mut path = module.as_os_str().to_owned();
    path.push(".");
    path.push(ENDING);
    path.into()
}

fn read(file: &Path) -> Result<String, SignatureError> {
    let mut bytes = Vec::new();
    let opened = fs::File::open(file);
    match opened.and_then(|opened| opened.take(FILE_MAX).read_to_end(&mut bytes)) {
        Ok(_) => String::from_utf8(bytes).map_err(|_| SignatureError::BadFormat),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(SignatureError::Missing { file: file.to_owned() })
        }
        Err(error) => {
            Err(SignatureError::Unreadable { file: file.to_owned(), text: error.to_string() })
        }
    }
}
