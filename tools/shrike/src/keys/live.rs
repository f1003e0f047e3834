//! What is asked of every key before real money is traded with it.

use settings::Settings;
use venue::sign::Credentials;

use super::check::{Withdraw, examine};
use crate::cli::CliError;
use crate::findings::{Finding, Verdict};

/// What was found and does not keep the trader from starting.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// Lines for people.
    pub(crate) notes: Vec<String>,
    /// Whether entries must wait for an operator: a key of which it is not known that it may not
    /// withdraw. Exits go on.
    pub(crate) hold: bool,
}

/// Asks of each account's key what it may do. `keys` are in the order of the accounts.
///
/// # Errors
/// [`CliError`] with exit code 3 for a key that may withdraw.
pub(crate) fn before_trading(
    settings: &Settings,
    keys: &[Credentials],
) -> Result<Doubts, CliError> {
    let mut doubts = Doubts::default();
    for (account, key) in settings.accounts.iter().zip(keys) {
        let name = &account.name;
        let seen = examine(settings, Some(account), Some(key.clone())).map_err(CliError::usage)?;
        match &seen.withdraw {
            Withdraw::May { permission } => {
                return Err(CliError::refused(format_args!(
                    "the key of account {name:?} has {permission}, and nothing is traded with a \
                     key that may withdraw; make one that only trades, and delete this one"
                )));
            }
            Withdraw::Unknown { .. } => doubts.hold = true,
            Withdraw::No => {}
        }
        let lines = seen.findings.into_iter().filter(|one| one.verdict > Verdict::Ok);
        doubts.notes.extend(lines.map(|one| note(name, &one)));
    }
    Ok(doubts)
}

fn note(account: &str, finding: &Finding) -> String {
    let Finding { what, seen, mend, .. } = finding;
    format!("account {account}: {what}: {seen}; {mend}")
}
