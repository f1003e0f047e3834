//! `shrike exchange`: the simulated exchange alone.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use exchange::{Config, Server, ServerConfig, ServerError};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::{CliError, Exit, Out, input};

/// Serve the simulated MEXC: REST, streams and web pages on one address
#[derive(Debug, Args)]
#[command(
    after_help = "Prints `listening ADDR` when it is ready, and ends on SIGTERM or SIGINT.\n\
                        Example: shrike exchange --listen 127.0.0.1:8900 --seed 7"
)]
pub(super) struct ExchangeArgs {
    /// Where to serve; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8900")]
    listen: SocketAddr,
    /// Accounts, pairs, listings and faults as TOML; without it three pairs and one account
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Times of the scenario count from so many seconds after the start
    #[arg(long, value_name = "S", default_value_t = 0, requires = "scenario",
          value_parser = clap::value_parser!(u32).range(0..=86_400))]
    begin_in: u32,
    /// Serve TLS with a certificate made at start
    #[arg(long)]
    tls: bool,
    /// Where the certificate is written
    #[arg(long, value_name = "FILE", default_value = "shrike-exchange.pem", requires = "tls")]
    cert_out: PathBuf,
    /// Fixes everything that chance decides
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// API key of the first account
    #[arg(long, value_name = "K")]
    key: Option<String>,
    /// API secret of the first account
    #[arg(long, value_name = "S")]
    secret: Option<String>,
}

pub(super) fn run(args: &ExchangeArgs, out: &mut Out) -> Result<Exit, CliError> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(|error| {
            CliError::failed(format!("cannot listen for signal {signal}: {error}"))
        })?;
    }
    let mut scenario = match args.scenario.as_deref() {
        Some(path) => scenario(path)?,
        None => Config::default(),
    };
    if args.begin_in > 0 {
        scenario.origin_ms = Some(full_second_in(args.begin_in));
    }
    let config = ServerConfig {
        exchange: with_key(args, scenario),
        seed: args.seed,
        tls: args.tls,
        ..ServerConfig::default()
    };
    let server = Server::bind(args.listen, &config).map_err(|error| not_bound(args, &error))?;
    let certificate = match server.certificate_pem() {
        Some(pem) => Some(write_certificate(&args.cert_out, pem)?),
        None => None,
    };
    let addr = server.addr();
    if out.is_json() {
        out.document(&json!({ "listening": addr.to_string(), "certificate": certificate }))?;
    } else {
        out.line(format_args!("listening {addr}"))?;
        if let Some(path) = &certificate {
            out.line(format_args!("certificate {path}"))?;
        }
    }
    out.flush()?;
    server.run(&stop).map_err(CliError::failed)?;
    Ok(Exit::Done)
}

/// The full second `secs` after the next one, milliseconds since the epoch.
fn full_second_in(secs: u32) -> i64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let next = i64::try_from(wall.as_secs()).unwrap_or(i64::MAX / 2_000) + 1;
    (next + i64::from(secs)) * 1_000
}

/// Reads a scenario file.
///
/// # Errors
/// [`CliError`] of wrong usage, with the line, the value and what would do.
pub fn scenario(path: &Path) -> Result<Config, CliError> {
    let named = |error: &dyn std::fmt::Display| {
        CliError::usage(format!("scenario {}: {error}", path.display()))
    };
    let bytes = input::read(Some(path)).map_err(CliError::usage)?;
    let text = String::from_utf8(bytes).map_err(|error| named(&error))?;
    Config::from_toml(&text).map_err(|error| named(&error))
}

/// The half of the first account's key that is not given stays what it is.
fn with_key(args: &ExchangeArgs, config: Config) -> Config {
    if args.key.is_none() && args.secret.is_none() {
        return config;
    }
    let first = config.accounts.first().and_then(|account| account.keys.first());
    let (access, secret) = first.map_or(("", ""), |key| (key.access.as_str(), key.secret.as_str()));
    let access = args.key.clone().unwrap_or_else(|| access.to_owned());
    let secret = args.secret.clone().unwrap_or_else(|| secret.to_owned());
    config.with_key(&access, &secret)
}

fn not_bound(args: &ExchangeArgs, error: &ServerError) -> CliError {
    let listen = args.listen;
    match error {
        ServerError::Io(error) if error.kind() == io::ErrorKind::AddrInUse => CliError::failed(
            format!("{listen} is in use; stop who uses it, or take a free port: --listen {}:0", {
                listen.ip()
            }),
        ),
        ServerError::Io(error) => CliError::failed(format!("cannot serve on {listen}: {error}")),
        ServerError::Config(error) => CliError::usage(error),
        ServerError::Tls(_) | ServerError::Unbalanced(_) => CliError::failed(error),
    }
}

fn write_certificate(path: &Path, pem: &str) -> Result<String, CliError> {
    let shown = path.display().to_string();
    let written = std::fs::write(path, pem);
    written.map_err(|error| {
        CliError::failed(format!("cannot write {shown}: {error}; name another with --cert-out"))
    })?;
    Ok(shown)
}
