//! `shrike keys`: add, check, remove, list.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use keys::{Cost, Entry, Listed, Store, StoreError};
use serde_json::{Value, json};
use settings::{Account, Credentials, KeyRef, Settings};
use zeroize::Zeroizing;

use super::check::{RIGHT_TO_WITHDRAW, Withdraw, examine, key_age};
use super::keyring::{Keyring, new_passphrase, no_answer, passphrase, store_path, venue_key};
use super::terminal::Terminal;
use super::{date, no_dumps, wall_ms};
use crate::cli::{CliError, Exit, Out};
use crate::findings::{self, Finding, Verdict, worst};

/// API keys in an encrypted store
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    what: What,
    /// Configuration that says where the store and the exchange are
    #[arg(long, value_name = "FILE", default_value = "config/trader.toml", global = true)]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check a key and put it into the store; one that may withdraw is refused
    #[command(
        after_help = "Asks for key and secret, or reads them as two lines from a pipe; they \
                            never stand on the line.\nThe passphrase is asked for at the terminal, \
                            or comes from SHRIKE_PASSPHRASE_FILE,\nsystemd's credential \
                            shrike-passphrase, or SHRIKE_PASSPHRASE.\nExit code 3: the key may \
                            withdraw.\nExample: shrike keys add main --bound"
    )]
    Add(Add),
    /// Ask the exchange what a key may do; changes nothing there
    #[command(after_help = "NAME is a key of the store or an account of the configuration. Exit \
                            code 0: good, 1: something must be mended, 3: the key may withdraw.\n\
                            Example: shrike keys check main")]
    Check {
        /// Account or key
        name: String,
    },
    /// Take a key out of the store
    #[command(after_help = "The key stays valid at the exchange: delete it there too.\n\
                            Example: shrike keys remove main")]
    Remove {
        /// Key
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Names and ages of the keys in the store; needs no passphrase
    #[command(after_help = "Example: shrike keys list --json")]
    List,
}

#[derive(Debug, Args)]
struct Add {
    /// What the configuration will call it: `store:NAME`
    name: String,
    /// The key is bound to addresses at the exchange, so it does not end after 90 days
    #[arg(long)]
    bound: bool,
    /// Put it in the place of the key of this name
    #[arg(long)]
    replace: bool,
    /// Store it without asking the exchange; live trading asks at each start all the same
    #[arg(long)]
    offline: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]: usage for names, stores and passphrases, refused for a key that may withdraw.
pub fn run(args: &KeysArgs, out: &mut Out) -> Result<Exit, CliError> {
    no_dumps();
    let env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let settings =
        Settings::load(std::slice::from_ref(&args.config), &env, &[]).map_err(CliError::usage)?;
    match &args.what {
        What::Add(add_args) => add(&settings, add_args, out),
        What::Check { name } => check(&settings, name, out),
        What::Remove { name, yes } => remove(&settings, name, *yes, out),
        What::List => list(&settings, out),
    }
}

fn usage(error: StoreError) -> CliError {
    CliError::usage(error)
}

fn add(settings: &Settings, args: &Add, out: &mut Out) -> Result<Exit, CliError> {
    let name = &args.name;
    if !matches!(KeyRef::parse(&format!("store:{name}")), Some(KeyRef::Store(_))) {
        return Err(CliError::usage(
            "a key's name is 1 to 32 of a-z, 0-9, _ and -, and nothing that looks like a key",
        ));
    }
    let path = store_path(settings)?;
    let is_new = !path.exists();
    if let (false, false) = (is_new, args.replace) {
        let known = keys::list(&path).map_err(usage)?;
        if known.iter().any(|one| one.name == *name) {
            let fault = keys::Fault::Exists { name: name.clone() };
            return Err(usage(StoreError { path, fault }));
        }
    }
    let credentials = read_key()?;
    let key = venue_key(&credentials)?;
    let passphrase = match is_new {
        true => new_passphrase()?,
        false => passphrase("passphrase of the key store")?,
    };
    let mut store = Store::open_to_change(&path, &passphrase, Cost::USUAL).map_err(usage)?;
    let listed = Listed { name: name.clone(), added_ms: wall_ms(), bound: args.bound };
    store.add(Entry { listed, credentials }, args.replace).map_err(usage)?;
    let mut found = Vec::new();
    if !args.offline {
        let seen = examine(settings, named(settings, name), Some(key)).map_err(CliError::usage)?;
        found = seen.findings;
        if seen.withdraw == Withdraw::May || worst(&found) == Verdict::Fail {
            return not_added(name, &found, &seen.withdraw, out);
        }
    }
    store.save(&passphrase).map_err(|error| CliError::failed(&error))?;
    if out.is_json() {
        let store = path.display().to_string();
        out.document(&json!({ "added": name, "store": store, "findings": found }))?;
        return Ok(Exit::Done);
    }
    findings::print(&found, out)?;
    out.line(format_args!("added {name:?} to {}", path.display()))?;
    out.line(format_args!("in the configuration: key = \"store:{name}\""))?;
    Ok(Exit::Done)
}

fn not_added(
    name: &str,
    found: &[Finding],
    withdraw: &Withdraw,
    out: &mut Out,
) -> Result<Exit, CliError> {
    if out.is_json() {
        out.document(&json!({ "added": null, "findings": found }))?;
    } else {
        findings::print(found, out)?;
    }
    out.flush()?;
    match withdraw {
        Withdraw::May => Err(CliError::refused(format_args!(
            "{name:?} was not added: it has {RIGHT_TO_WITHDRAW}, and a key that may withdraw is never \
             kept; make one that only trades"
        ))),
        Withdraw::No | Withdraw::Unknown { .. } => Err(CliError::failed(format_args!(
            "{name:?} was not added; mend the lines that say FAIL, or add --offline to store it \
             unchecked"
        ))),
    }
}

fn check(settings: &Settings, name: &str, out: &mut Out) -> Result<Exit, CliError> {
    let mut ring = Keyring::new(settings);
    let account = named(settings, name);
    let stored = keys::list(&store_path(settings)?);
    let is_stored = stored.is_ok_and(|known| known.iter().any(|one| one.name == name));
    let place = match account {
        Some(account) if !is_stored => account.key.clone(),
        _ => KeyRef::Store(name.to_owned()),
    };
    let mut age = None;
    if let KeyRef::Store(entry) = &place {
        let listed = &ring.entry(entry)?.listed;
        age = Some(key_age(listed.added_ms, listed.bound, wall_ms()));
    }
    let key = venue_key(&ring.fetch(&place)?)?;
    let seen = examine(settings, account, Some(key)).map_err(CliError::usage)?;
    let mut found = seen.findings;
    found.extend(age);
    let may_withdraw = seen.withdraw == Withdraw::May;
    if out.is_json() {
        let known = !matches!(seen.withdraw, Withdraw::Unknown { .. });
        out.document(&json!({
            "name": name,
            "key": place.to_string(),
            "ok": worst(&found) < Verdict::Fail,
            "may_withdraw": known.then_some(may_withdraw),
            "findings": found,
        }))?;
    } else {
        findings::print(&found, out)?;
    }
    Ok(findings::exit(&found, may_withdraw))
}

/// The account of that name, or the one whose key it is.
fn named<'a>(settings: &'a Settings, name: &str) -> Option<&'a Account> {
    let accounts = &settings.accounts;
    let by_name = accounts.iter().find(|account| account.name == name);
    let is_its = |account: &&Account| matches!(&account.key, KeyRef::Store(key) if key == name);
    accounts.iter().find(is_its).or(by_name)
}

fn remove(settings: &Settings, name: &str, yes: bool, out: &mut Out) -> Result<Exit, CliError> {
    let path = store_path(settings)?;
    let known = keys::list(&path).map_err(usage)?;
    if !known.iter().any(|one| one.name == name) {
        let known = known.into_iter().map(|one| one.name).collect();
        let fault = keys::Fault::NoSuchKey { name: name.to_owned(), known };
        return Err(usage(StoreError { path, fault }));
    }
    if !yes {
        confirm(name)?;
    }
    let passphrase = passphrase("passphrase of the key store")?;
    let mut store = Store::open_to_change(&path, &passphrase, Cost::USUAL).map_err(usage)?;
    store.remove(name).map_err(usage)?;
    store.save(&passphrase).map_err(|error| CliError::failed(&error))?;
    let used: Vec<&str> =
        settings.accounts.iter().filter(|account| uses(account, name)).map(name_of).collect();
    if out.is_json() {
        out.document(&json!({ "removed": name, "used_by": used }))?;
        return Ok(Exit::Done);
    }
    out.line(format_args!("removed {name:?}; delete it at the exchange too"))?;
    for account in used {
        out.line(format_args!("account {account:?} of the configuration names it still"))?;
    }
    Ok(Exit::Done)
}

fn uses(account: &Account, name: &str) -> bool {
    matches!(&account.key, KeyRef::Store(key) if key == name)
}

fn name_of(account: &Account) -> &str {
    &account.name
}

fn confirm(name: &str) -> Result<(), CliError> {
    let asked = Terminal::open().ok_or_else(|| {
        CliError::usage("there is no terminal to confirm at; say --yes to remove the key")
    })?;
    let question = format!("type {name} to remove it for good");
    let answer = asked.ask(&question).map_err(no_answer)?;
    match answer.as_str() == name {
        true => Ok(()),
        false => Err(CliError::failed("not confirmed; nothing was changed")),
    }
}

fn list(settings: &Settings, out: &mut Out) -> Result<Exit, CliError> {
    let path = store_path(settings)?;
    let known = keys::list(&path).map_err(usage)?;
    let now = wall_ms();
    if out.is_json() {
        let rows: Vec<Value> = known.iter().map(|one| row(one, now)).collect();
        out.document(&json!({ "store": shown(&path), "keys": rows }))?;
        return Ok(Exit::Done);
    }
    if known.is_empty() {
        out.line(format_args!("{} has no keys", shown(&path)))?;
    }
    for one in &known {
        let age = key_age(one.added_ms, one.bound, now);
        let mark = if age.verdict == Verdict::Ok { "" } else { "  (see `shrike keys check`)" };
        out.line(format_args!("{:<32} {}{mark}", one.name, age.seen))?;
    }
    Ok(Exit::Done)
}

fn row(one: &Listed, now: i64) -> Value {
    let age = key_age(one.added_ms, one.bound, now);
    json!({
        "name": one.name,
        "added": date(one.added_ms),
        "added_ms": one.added_ms,
        "bound": one.bound,
        "age": age.verdict,
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Longest input: two lines.
const INPUT_MAX: u64 = 4_096;

/// Key and secret, from the terminal or as two lines from a pipe.
fn read_key() -> Result<Credentials, CliError> {
    if io::stdin().is_terminal() {
        let terminal = Terminal::open()
            .ok_or_else(|| CliError::usage("there is no terminal; pipe the key in as two lines"))?;
        let mut key = terminal.ask_secret("API key").map_err(no_answer)?;
        let mut secret = terminal.ask_secret("secret").map_err(no_answer)?;
        let take = |text: &mut Zeroizing<String>| text.trim().to_owned();
        return Ok(Credentials { key: take(&mut key), secret: take(&mut secret) });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(INPUT_MAX as usize + 1));
    io::stdin().take(INPUT_MAX + 1).read_to_end(&mut bytes).map_err(|error| {
        CliError::failed(format_args!("cannot read the standard input: {error}"))
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| two_lines())?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next(), lines.next()) {
        (Some(key), Some(secret), None) => {
            Ok(Credentials { key: key.to_owned(), secret: secret.to_owned() })
        }
        _ => Err(two_lines()),
    }
}

fn two_lines() -> CliError {
    CliError::usage("the standard input is not two lines, the key and the secret")
}
