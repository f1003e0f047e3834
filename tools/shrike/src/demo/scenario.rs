//! A demo on a scenario: its listings in the place of the demo's, and its end against what the file
//! expects.

use std::path::{Path, PathBuf};

use exchange::{Config, Ending, Expectation};
use serde_json::{Value, json};

use crate::cli::{self, CliError, Exit, Out};

/// A scenario file that was read.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    file: PathBuf,
    pub(super) config: Config,
}

impl Scenario {
    pub(super) fn read(file: &Path) -> Result<Self, CliError> {
        let config = cli::scenario(file)?;
        if config.expect.is_empty() {
            return Err(CliError::usage(format_args!(
                "scenario {} has 0 [expect.PAIR] tables, so that nobody knows when it is over; \
                 write one for each listing, or serve it with `shrike exchange`",
                file.display()
            )));
        }
        Ok(Self { file: file.to_owned(), config })
    }

    /// Key and secret of the account that trades.
    pub(super) fn keys(&self) -> Vec<(String, String)> {
        let key = self.config.accounts.first().and_then(|account| account.keys.first());
        key.map(|key| (key.access.clone(), key.secret.clone())).into_iter().collect()
    }

    /// When the last expectation is due, milliseconds after the origin.
    pub(super) fn last_ms(&self) -> u64 {
        let due = self.config.expect.values().map(|expectation| expectation.by_ms);
        u64::try_from(due.max().unwrap_or(0)).unwrap_or(0)
    }

    /// Whether every pair is where it stays, or `after_ms` is late enough to look at it.
    pub(super) fn is_over(&self, status: &Value, after_ms: u64) -> bool {
        self.config.expect.iter().all(|(pair, expectation)| {
            let due = i64::try_from(after_ms).unwrap_or(i64::MAX) >= expectation.by_ms;
            due || is_there(expectation, last_target(status, pair))
        })
    }

    /// Adds to the demo's document what differs from the file.
    pub(super) fn judge(
        &self,
        document: &mut Value,
        status: &Value,
        of_exchange: impl Fn(&str) -> Ending,
    ) {
        let mut differences = Vec::new();
        for (pair, expectation) in &self.config.expect {
            let ending = Ending {
                target: last_target(status, pair).map(state_and_reason),
                orders: orders_of(document, pair),
                ..of_exchange(pair)
            };
            let found = expectation.differences(&ending);
            differences.extend(found.into_iter().map(|found| format!("{pair}: {found}")));
        }
        document["scenario"] =
            json!({ "file": self.file.display().to_string(), "differences": differences });
    }
}

/// Says whether the scenario ended as its file expects.
pub(super) fn conclude(document: &Value, out: &mut Out) -> Result<Exit, CliError> {
    let differences = document["scenario"]["differences"].as_array().cloned().unwrap_or_default();
    if !out.is_json() {
        let file = document["scenario"]["file"].as_str().unwrap_or_default();
        for difference in &differences {
            out.line(format_args!("differs   {}", difference.as_str().unwrap_or_default()))?;
        }
        if differences.is_empty() {
            out.line(format_args!("\nevery pair ended as {file} expects"))?;
        }
    }
    Ok(if differences.is_empty() { Exit::Done } else { Exit::Failed })
}

fn last_target<'a>(status: &'a Value, pair: &str) -> Option<&'a Value> {
    let targets = status["targets"].as_array()?.iter();
    targets.filter(|target| target["symbol"] == *pair).max_by_key(|target| target["id"].as_u64())
}

fn state_and_reason(target: &Value) -> (String, String) {
    let text = |key: &str| target[key].as_str().unwrap_or("none").to_owned();
    (text("state"), text("why"))
}

fn is_there(expectation: &Expectation, target: Option<&Value>) -> bool {
    expectation.is_final() && target.is_some_and(|target| target["state"] == *expectation.state)
}

/// Entries and sales of a pair that have an id: what was sent.
fn orders_of(document: &Value, pair: &str) -> u32 {
    let targets = document["targets"].as_array().into_iter().flatten();
    let own = targets.filter(|target| target["symbol"] == *pair);
    let sent = |target: &Value| {
        let lists = [&target["attempts"], &target["exits"]].map(Value::as_array);
        let all = lists.into_iter().flatten().flatten();
        all.filter(|order| order["client_order_id"].is_string()).count()
    };
    own.map(|target| u32::try_from(sent(target)).unwrap_or(u32::MAX)).sum()
}
