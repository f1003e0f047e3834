//! Where an API key is. The configuration holds the place, never the key.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use crate::value::looks_secret;

/// The place of one account's API key and secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// `store:NAME`: an entry of the encrypted key store.
    Store(String),
    /// `credential:NAME`: a file of two lines in systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// `file:PATH`: a file that only its owner can read; first line the key, second the secret.
    File(PathBuf),
    /// `env:NAME`: the variables `NAME_KEY` and `NAME_SECRET`.
    Env(String),
    /// `demo`: the published key of the built-in exchange.
    Demo,
}

/// An API key and its secret. Neither is ever shown, and both are wiped when this is dropped.
#[derive(PartialEq, Eq)]
pub struct Credentials {
    /// Sent with each signed request.
    pub key: String,
    /// Signs them; never sent.
    pub secret: String,
}

/// Why a key could not be read. No variant holds any part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The variable is not set, or empty.
    NotSet {
        /// Its name.
        variable: String,
    },
    /// systemd gave this process no credentials.
    NoCredentials {
        /// The one that was asked for.
        name: String,
    },
    /// The key is in the encrypted store, which opens with its passphrase and not here.
    Sealed {
        /// Its name there.
        name: String,
    },
    /// The file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Others than the owner can read the file.
    Open {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not two lines of printable characters without spaces.
    Form {
        /// Which.
        path: PathBuf,
    },
}

/// The key that the built-in exchange gives its first account; published, worth nothing elsewhere.
const DEMO: (&str, &str) = ("demo-key", "demo-secret");
/// Where systemd puts the credentials of a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
const VARIABLE_MAX: usize = 64;
const STORE_NAME_MAX: usize = 32;
/// Bits of those who may not read a file of ours.
const OTHERS: u32 = 0o077;
/// The same where systemd grants a service its own file by an access list, which shows as group.
const WORLD: u32 = 0o007;
/// Far above any key: a larger file is not one.
const FILE_MAX: u64 = 4_096;

impl KeyRef {
    /// `None` for anything but the forms above, a pasted key above all.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "demo" {
            return Some(Self::Demo);
        }
        let (kind, name) = text.split_once(':')?;
        match kind {
            "env" => is_variable(name).then(|| Self::Env(name.into())),
            "store" => is_store_name(name).then(|| Self::Store(name.into())),
            "credential" => is_credential(name).then(|| Self::Credential(name.into())),
            "file" => {
                let good = !name.is_empty() && name.len() <= 4_096 && !name.contains('\0');
                good.then(|| Self::File(name.into()))
            }
            _ => None,
        }
    }

    /// Fetches the key; `variable` looks up the environment. A key of the store is not fetched
    /// here: [`KeyError::Sealed`].
    ///
    /// # Errors
    /// [`KeyError`], which names the place and never the content.
    pub fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, KeyError> {
        match self {
            Self::Demo => Ok(Credentials { key: DEMO.0.into(), secret: DEMO.1.into() }),
            Self::Env(name) => {
                let read = |suffix: &str| {
                    let name = format!("{name}_{suffix}");
                    let value = variable(&name).map(Zeroizing::new);
                    let value = value.map(|text| text.trim().to_owned());
                    value.filter(|text| !text.is_empty()).ok_or(KeyError::NotSet { variable: name })
                };
                Ok(Credentials { key: read("KEY")?, secret: read("SECRET")? })
            }
            Self::Credential(name) => {
                let folder = variable(CREDENTIALS).filter(|folder| !folder.is_empty());
                let folder =
                    folder.ok_or_else(|| KeyError::NoCredentials { name: name.clone() })?;
                read_two_lines(&Path::new(&folder).join(name), WORLD)
            }
            Self::File(path) => read_two_lines(path, OTHERS),
            Self::Store(name) => Err(KeyError::Sealed { name: name.clone() }),
        }
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(name) => write!(f, "store:{name}"),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Demo => f.write_str("demo"),
        }
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.key.zeroize();
        self.secret.zeroize();
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(not shown)")
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet { variable } => {
                write!(f, "the variable {variable} is not set; export it before the start")
            }
            Self::NoCredentials { name } => write!(
                f,
                "credential:{name} is systemd's to give and {CREDENTIALS} is not set; add \
                 LoadCredential={name}:PATH to the service"
            ),
            Self::Sealed { name } => {
                write!(f, "store:{name} is in the encrypted key store, which is closed")
            }
            Self::Unreadable { path, reason } => {
                write!(f, "{} cannot be read: {reason}", path.display())
            }
            Self::Open { path, mode } => {
                let path = path.display();
                write!(f, "{path} has mode {mode:o}, so others can read it; chmod 600 {path}")
            }
            Self::Form { path } => {
                write!(f, "{} is not two lines, the key and the secret", path.display())
            }
        }
    }
}

impl std::error::Error for KeyError {}

fn is_variable(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= VARIABLE_MAX
        && name.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
        && name.bytes().all(good)
}

fn is_store_name(name: &str) -> bool {
    let good =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=STORE_NAME_MAX).contains(&name.len()) && name.bytes().all(good) && !looks_secret(name)
}

fn is_credential(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=VARIABLE_MAX).contains(&name.len())
        && name.bytes().all(good)
        && !name.starts_with('.')
        && !looks_secret(name)
}

/// A file of two lines, the key and the secret, that only its owner can read.
fn read_two_lines(path: &Path, denied: u32) -> Result<Credentials, KeyError> {
    let form = || KeyError::Form { path: path.to_owned() };
    let bytes = read_denied_to(denied, path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| form())?;
    let lines: Vec<&str> = text.lines().collect();
    let [key, secret] = lines[..] else { return Err(form()) };
    let good = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_graphic());
    if !good(key) || !good(secret) {
        return Err(form());
    }
    Ok(Credentials { key: key.into(), secret: secret.into() })
}

/// The bytes of a small file that only its owner can read; wiped when they are dropped.
///
/// # Errors
/// [`KeyError::Unreadable`], [`KeyError::Open`], and [`KeyError::Form`] above 4 KiB.
pub fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    read_denied_to(OTHERS, path)
}

/// The same of a credential that systemd handed over, whose access list may show as group.
///
/// # Errors
/// As [`read_private`].
pub fn read_credential(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    read_denied_to(WORLD, path)
}

fn read_denied_to(denied: u32, path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;

    let unreadable = |error: std::io::Error| KeyError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & denied != 0 {
        return Err(KeyError::Open { path: path.to_owned(), mode });
    }
    // Room for all of it, so that no piece is left behind where the bytes would have moved from.
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_MAX as usize + 1));
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(KeyError::Form { path: path.to_owned() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn every_form_is_read_and_a_pasted_key_is_not() {
        assert_eq!(KeyRef::parse("store:main"), Some(KeyRef::Store("main".into())));
        assert_eq!(KeyRef::parse("credential:mexc.1"), Some(KeyRef::Credential("mexc.1".into())));
        assert_eq!(KeyRef::parse("env:MEXC_MAIN"), Some(KeyRef::Env("MEXC_MAIN".into())));
        assert_eq!(KeyRef::parse("file:keys/main"), Some(KeyRef::File("keys/main".into())));
        assert_eq!(KeyRef::parse("demo"), Some(KeyRef::Demo));
        for text in ["mx0vglAbC123dEf456", "env:", "env:mx0vglabc123def456", "file:", "", "Demo"] {
            assert_eq!(KeyRef::parse(text), None, "{text}");
        }
        for text in ["store:mx0vglabc123def456", "store:A", "store:", "store:a/b", "vault:a"] {
            assert_eq!(KeyRef::parse(text), None, "{text}");
        }
        for text in ["credential:.a", "credential:a/b", "credential:mx0vglAbC123dEf456"] {
            assert_eq!(KeyRef::parse(text), None, "{text}");
        }
    }

    #[test]
    fn both_variables_must_be_set() {
        let place = KeyRef::Env("A".into());
        let whole = |name: &str| Some(format!("value of {name}"));
        let found = place.read(whole);
        assert_eq!(found.map(|found| found.key.clone()), Ok("value of A_KEY".into()));
        let half = |name: &str| (name == "A_KEY").then(|| "k".to_owned());
        assert_eq!(place.read(half), Err(KeyError::NotSet { variable: "A_SECRET".into() }));
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let path = std::env::temp_dir().join(format!("settings-key-{}", std::process::id()));
        let mut file = std::fs::File::create(&path).expect("a temporary file");
        file.write_all(b"the-key\nthe-secret\n").expect("a few bytes");
        let read = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("our own file");
            KeyRef::File(path.clone()).read(|_| None)
        };
        let open = read(0o644);
        let closed = read(0o600);
        std::fs::remove_file(&path).expect("our own file");
        assert_eq!(open, Err(KeyError::Open { path, mode: 0o644 }));
        let wanted = Credentials { key: "the-key".into(), secret: "the-secret".into() };
        assert_eq!(closed, Ok(wanted));
    }

    #[test]
    fn a_credential_of_systemd_is_read_from_its_folder_alone() {
        let place = KeyRef::Credential("mexc".into());
        let missing = place.read(|_| None).unwrap_err();
        assert!(missing.to_string().contains("LoadCredential=mexc:PATH"), "{missing}");
        let folder = std::env::temp_dir().join(format!("settings-cred-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let path = folder.join("mexc");
        std::fs::write(&path, "k\ns\n").expect("a temporary file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).expect("our own");
        let named =
            |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| folder.display().to_string());
        let found = place.read(named);
        std::fs::remove_dir_all(&folder).expect("our own folder");
        assert_eq!(found, Ok(Credentials { key: "k".into(), secret: "s".into() }));
    }

    #[test]
    fn a_key_of_the_store_is_not_read_here() {
        let found = KeyRef::Store("main".into()).read(|_| None);
        assert_eq!(found, Err(KeyError::Sealed { name: "main".into() }));
    }

    #[test]
    fn credentials_do_not_show_themselves() {
        let found = KeyRef::Demo.read(|_| None).expect("the published key");
        assert_eq!(format!("{found:?}"), "Credentials(not shown)");
    }
}
