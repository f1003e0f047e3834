//! Where an API key is. The configuration holds the place, never the key.

use std::fmt;
use std::path::PathBuf;

/// The place of one account's API key and secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// `env:NAME`: the variables `NAME_KEY` and `NAME_SECRET`.
    Env(String),
    /// `file:PATH`: a file that only its owner can read; first line the key, second the secret.
    File(PathBuf),
    /// `demo`: the published key of the built-in exchange.
    Demo,
}

/// An API key and its secret. Neither is ever shown.
#[derive(Clone, PartialEq, Eq)]
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
const VARIABLE_MAX: usize = 64;
/// Far above any key: a larger file is not one.
const FILE_MAX: u64 = 4_096;

impl KeyRef {
    /// `None` for anything but the three forms, a pasted key above all.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "demo" {
            return Some(Self::Demo);
        }
        if let Some(name) = text.strip_prefix("env:") {
            return is_variable(name).then(|| Self::Env(name.into()));
        }
        let path = text.strip_prefix("file:")?;
        let good = !path.is_empty() && path.len() <= 4_096 && !path.contains('\0');
        good.then(|| Self::File(path.into()))
    }

    /// Fetches the key; `variable` looks up the environment.
    ///
    /// # Errors
    /// [`KeyError`], which names the place and never the content.
    pub fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, KeyError> {
        match self {
            Self::Demo => Ok(Credentials { key: DEMO.0.into(), secret: DEMO.1.into() }),
            Self::Env(name) => {
                let read = |suffix: &str| {
                    let name = format!("{name}_{suffix}");
                    let value = variable(&name).map(|text| text.trim().to_owned());
                    value.filter(|text| !text.is_empty()).ok_or(KeyError::NotSet { variable: name })
                };
                Ok(Credentials { key: read("KEY")?, secret: read("SECRET")? })
            }
            Self::File(path) => read_file(path),
        }
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Demo => f.write_str("demo"),
        }
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

fn read_file(path: &PathBuf) -> Result<Credentials, KeyError> {
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;

    let unreadable = |error: std::io::Error| KeyError::Unreadable {
        path: path.clone(),
        reason: error.to_string(),
    };
    let form = || KeyError::Form { path: path.clone() };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.clone(), mode });
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(form());
    }
    let text = String::from_utf8(bytes).map_err(|_| form())?;
    let lines: Vec<&str> = text.lines().collect();
    let [key, secret] = lines[..] else { return Err(form()) };
    let good = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_graphic());
    if !good(key) || !good(secret) {
        return Err(form());
    }
    Ok(Credentials { key: key.into(), secret: secret.into() })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_three_forms_are_read_and_a_pasted_key_is_not() {
        assert_eq!(KeyRef::parse("env:MEXC_MAIN"), Some(KeyRef::Env("MEXC_MAIN".into())));
        assert_eq!(KeyRef::parse("file:keys/main"), Some(KeyRef::File("keys/main".into())));
        assert_eq!(KeyRef::parse("demo"), Some(KeyRef::Demo));
        for text in ["mx0vglAbC123dEf456", "env:", "env:mx0vglabc123def456", "file:", "", "Demo"] {
            assert_eq!(KeyRef::parse(text), None, "{text}");
        }
    }

    #[test]
    fn both_variables_must_be_set() {
        let place = KeyRef::Env("A".into());
        let whole = |name: &str| Some(format!("value of {name}"));
        let found = place.read(whole);
        assert_eq!(found.map(|found| found.key), Ok("value of A_KEY".into()));
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
    fn credentials_do_not_show_themselves() {
        let found = KeyRef::Demo.read(|_| None).expect("the published key");
        assert_eq!(format!("{found:?}"), "Credentials(not shown)");
    }
}
