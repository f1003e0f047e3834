//! Where keys come from: the places that the configuration names, and the passphrase of the store,
//! which is asked for once and only when a key of the store is wanted.

use std::path::PathBuf;

use keys::{Entry, Passphrase, Store, StoreError};
use settings::{Credentials, KeyError, KeyRef, Settings, read_credential, read_private};
use zeroize::Zeroizing;

use super::terminal::{NoAnswer, Terminal};
use crate::cli::CliError;

/// Names a file that holds the passphrase.
const PASSPHRASE_FILE: &str = "SHRIKE_PASSPHRASE_FILE";
/// Holds it.
const PASSPHRASE: &str = "SHRIKE_PASSPHRASE";
/// The name under which systemd hands it over.
const CREDENTIAL: &str = "shrike-passphrase";

/// The keys of a configuration.
#[derive(Debug)]
pub(crate) struct Keyring {
    path: Option<PathBuf>,
    store: Option<Store>,
}

impl Keyring {
    /// Nothing is read yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { path: store_path(settings).ok(), store: None }
    }

    /// Fetches a key.
    ///
    /// # Errors
    /// [`CliError`] with exit code 2: a place that has no key is the configuration's fault.
    pub(crate) fn fetch(&mut self, place: &KeyRef) -> Result<Credentials, CliError> {
        if let KeyRef::Store(name) = place {
            let kept = &self.entry(name)?.credentials;
            return Ok(Credentials { key: kept.key.clone(), secret: kept.secret.clone() });
        }
        place.read(variable).map_err(CliError::usage)
    }

    /// An entry of the store, which is opened now if it was not.
    ///
    /// # Errors
    /// [`CliError`] with exit code 2.
    pub(crate) fn entry(&mut self, name: &str) -> Result<&Entry, CliError> {
        if self.store.is_none() {
            let path = self.path.as_ref().ok_or_else(no_place)?;
            let usage = |error: StoreError| CliError::usage(error);
            // Damage is told before anybody types a passphrase.
            keys::list(path).map_err(usage)?;
            let passphrase = passphrase("passphrase of the key store")?;
            self.store = Some(Store::open(path, &passphrase).map_err(usage)?);
        }
        let Some(store) = &self.store else { return Err(no_place()) };
        store.get(name).map_err(CliError::usage)
    }
}

/// The store's file.
///
/// # Errors
/// [`CliError`] where the configuration says `auto` and there is no home folder.
pub(crate) fn store_path(settings: &Settings) -> Result<PathBuf, CliError> {
    if let Some(path) = &settings.key_store {
        return Ok(path.clone());
    }
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let config = folder("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| folder("HOME").map(|home| PathBuf::from(home).join(".config")));
    config.map(|config| config.join("shrike/keys")).ok_or_else(no_place)
}

fn no_place() -> CliError {
    CliError::usage(
        "key_store = \"auto\" needs $XDG_CONFIG_HOME or $HOME, and neither is set; name a file",
    )
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The passphrase: from the file or the credential that was prepared for a start without people,
/// from the variable, or from the terminal.
///
/// # Errors
/// [`CliError`] with exit code 2 when there is none.
pub(super) fn passphrase(question: &str) -> Result<Passphrase, CliError> {
    match prepared()? {
        Some(passphrase) => Ok(passphrase),
        None => {
            let mut answer = at_terminal()?.ask_secret(question).map_err(no_answer)?;
            filled(Passphrase::given(std::mem::take(&mut *answer)))
        }
    }
}

/// The same for a new store: long enough, and typed twice.
///
/// # Errors
/// [`CliError`] with exit code 2.
pub(super) fn new_passphrase() -> Result<Passphrase, CliError> {
    let short = |error: keys::TooShort| CliError::usage(error);
    if let Some(text) = prepared_text()? {
        return Passphrase::chosen(text).map_err(short);
    }
    let terminal = at_terminal()?;
    let mut first = terminal.ask_secret("passphrase for a new key store").map_err(no_answer)?;
    let first = Passphrase::chosen(std::mem::take(&mut *first)).map_err(short)?;
    let mut second = terminal.ask_secret("the same again").map_err(no_answer)?;
    match first.is(&Passphrase::given(std::mem::take(&mut *second))) {
        true => Ok(first),
        false => Err(CliError::usage("the two passphrases differ; nothing was changed")),
    }
}

fn prepared() -> Result<Option<Passphrase>, CliError> {
    prepared_text()?.map(|text| filled(Passphrase::given(text))).transpose()
}

fn filled(passphrase: Passphrase) -> Result<Passphrase, CliError> {
    match passphrase.is_empty() {
        true => Err(CliError::usage("the passphrase is empty")),
        false => Ok(passphrase),
    }
}

/// What was prepared for a start without people.
fn prepared_text() -> Result<Option<String>, CliError> {
    if let Some(path) = variable(PASSPHRASE_FILE) {
        return text_of(read_private(path.as_ref())).map(Some);
    }
    let folder = variable("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    if let Some(path) = folder.map(|folder| folder.join(CREDENTIAL)).filter(|path| path.exists()) {
        return text_of(read_credential(&path)).map(Some);
    }
    Ok(variable(PASSPHRASE))
}

fn text_of(read: Result<Zeroizing<Vec<u8>>, KeyError>) -> Result<String, CliError> {
    let bytes = read.map_err(|error| {
        if let KeyError::Form { path } = &error {
            return CliError::usage(format_args!("{} is no passphrase: too long", path.display()));
        }
        CliError::usage(error)
    })?;
    let text = std::str::from_utf8(&bytes).map(str::to_owned);
    text.map_err(|_| CliError::usage("the file of the passphrase is not text"))
}

fn at_terminal() -> Result<Terminal, CliError> {
    Terminal::open().ok_or_else(|| {
        CliError::usage(format_args!(
            "there is no terminal to ask for the passphrase at; name a file in {PASSPHRASE_FILE}, \
             give systemd's credential {CREDENTIAL}, or set {PASSPHRASE}"
        ))
    })
}

pub(super) fn no_answer(error: NoAnswer) -> CliError {
    match error {
        NoAnswer::GivenUp => CliError::failed("given up; nothing was changed"),
        NoAnswer::TooLong => CliError::usage("that is longer than any key or passphrase"),
        NoAnswer::NoText => CliError::usage("that is not text"),
        NoAnswer::Io(error) => CliError::failed(format_args!("the terminal: {error}")),
    }
}

/// The half that goes into headers and the signer of the other half.
///
/// # Errors
/// [`CliError`] with exit code 2 for what no key can be.
pub(crate) fn venue_key(credentials: &Credentials) -> Result<venue::sign::Credentials, CliError> {
    venue::sign::Credentials::new(&credentials.key, credentials.secret.as_bytes())
        .map_err(|error| CliError::usage(format_args!("the API key: {error}")))
}
