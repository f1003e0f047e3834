//! `shrike doctor`: is this host fit to trade from, and is the account?

mod account;
mod certificate;
mod disk;
mod host;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use settings::Settings;

use crate::cli::{CliError, Exit, Out};
use crate::findings::{self, Finding, Verdict, worst};
use crate::keys::no_dumps;
use host::Host;

/// Check this host and the accounts: a line each, ok, warn or fail, with the mend
#[derive(Debug, Args)]
#[command(
    after_help = "Asks the exchange nothing that changes anything, and writes one small file into \
                        the data directory to time the disk.\nIn mode paper no key is read and \
                        nothing is signed; `shrike keys check NAME` asks about a key in any mode.\n\
                        Exit code 0: nothing must be mended \
                        (warnings may stand), 1: something must, 2: the configuration is wrong, \
                        3: a key may withdraw.\nExample: shrike doctor --host"
)]
pub struct DoctorArgs {
    /// Configuration
    #[arg(long, value_name = "FILE", default_value = "config/trader.toml")]
    config: PathBuf,
    /// Data directory instead of the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// This host alone: no key is read and the exchange is not asked
    #[arg(long)]
    host: bool,
    /// Where /sys, /proc and /run are looked for, as in a picture of another host
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]: usage for the configuration.
pub fn run(args: &DoctorArgs, out: &mut Out) -> Result<Exit, CliError> {
    no_dumps();
    let env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let settings =
        Settings::load(std::slice::from_ref(&args.config), &env, &[]).map_err(CliError::usage)?;
    let host = Host::new(&args.root, runtime::kernel_clock().ok()).check(&settings);
    let data = args.data.as_ref().unwrap_or(&settings.data_dir);
    let mut all = [host, disk::check(data, settings.runtime_dir.as_deref())].concat();
    if !out.is_json() {
        out.line("host")?;
        findings::print(&all, out)?;
        out.flush()?;
    }
    let mut document = json!({ "host": all, "accounts": [] });
    let mut may_withdraw = false;
    if !args.host {
        let (rows, found, refused) = accounts(&settings, out)?;
        document["accounts"] = Value::Array(rows);
        may_withdraw = refused;
        all.extend(found);
    }
    if out.is_json() {
        document["ok"] = json!(worst(&all) < Verdict::Fail);
        document["may_withdraw"] = json!(may_withdraw);
        out.document(&document)?;
    } else {
        let count = |verdict| all.iter().filter(|one| one.verdict == verdict).count();
        let [fine, warn, fail] = [Verdict::Ok, Verdict::Warn, Verdict::Fail].map(count);
        out.line(format_args!("{fine} ok, {warn} to look at, {fail} to mend"))?;
    }
    Ok(findings::exit(&all, may_withdraw))
}

/// Documents and lines of the accounts, and whether a key may withdraw.
fn accounts(
    settings: &Settings,
    out: &mut Out,
) -> Result<(Vec<Value>, Vec<Finding>, bool), CliError> {
    let (mut rows, mut all, mut may_withdraw) = (Vec::new(), Vec::new(), false);
    let mut ring = crate::keys::Keyring::new(settings);
    for account in &settings.accounts {
        let (found, refused) = account::check(settings, account, &mut ring)?;
        may_withdraw |= refused;
        if !out.is_json() {
            out.line(format_args!("account {}", account.name))?;
            findings::print(&found, out)?;
        }
        rows.push(json!({ "name": account.name, "findings": found }));
        all.extend(found);
    }
    Ok((rows, all, may_withdraw))
}
