//! The front: what a user types, and how a command ends.
//!
//! Every command prints text for people, or with `--json` one document (lines of documents for a
//! stream). What goes wrong goes to the error output: what it was, the value seen, what to do.

mod backup;
mod config;
pub mod control;
mod end;
mod exchange;
mod export;
pub mod hands;
pub(crate) mod hex;
mod input;
mod inspect;
mod out;
mod patterns;
mod plugin;
mod progress;
mod records;
mod replay;
mod report;
mod verify;
mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_appender::non_blocking::WorkerGuard;

use self::control::{KillArgs, ResumeArgs, StatusArgs};
use crate::trader::run::{self, RunArgs};
use crate::trader::supervise;

pub use self::exchange::scenario;
pub use end::{CliError, Exit};
pub use out::Out;
pub use progress::watched;

/// What the line says.
#[derive(Debug, Parser)]
#[command(
    name = "shrike",
    version,
    about = "Trades new listings on MEXC in their first second",
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 refused by a \
                  safety rule.\nEach command shows an example: shrike COMMAND --help",
    arg_required_else_help = true,
    max_term_width = 100
)]
struct Cli {
    /// Print one JSON document instead of text (JSON lines where a command prints a stream)
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// A line here and one in [`dispatch`] for each command; the help keeps this order.
#[derive(Debug, Subcommand)]
enum Command {
    Demo(crate::demo::DemoArgs),
    Run(RunCommand),
    Trader(TraderCommand),
    Promote(crate::promote::PromoteArgs),
    Status(StatusArgs),
    Kill(KillArgs),
    Resume(ResumeArgs),
    Keys(crate::keys::KeysArgs),
    Doctor(crate::doctor::DoctorArgs),
    Listings(hands::ListingsArgs),
    Targets(hands::TargetsArgs),
    Buy(hands::BuyArgs),
    Exit(hands::ExitArgs),
    Positions(hands::PositionsArgs),
    Orders(hands::OrdersArgs),
    Exchange(exchange::ExchangeArgs),
    Inspect(inspect::InspectArgs),
    Record(crate::record::RecordArgs),
    Conform(crate::conform::ConformArgs),
    Config(config::ConfigArgs),
    Plugin(plugin::PluginArgs),
    Patterns(patterns::PatternsArgs),
    Why(why::WhyArgs),
    Export(export::ExportArgs),
    Report(report::ReportArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Verify(verify::VerifyArgs),
    Replay(replay::ReplayArgs),
}

/// Run the trader by configuration until Ctrl-C, and start it again when it dies
#[derive(Debug, clap::Args)]
#[command(after_help = PAPER_HELP)]
struct RunCommand {
    #[command(flatten)]
    args: RunArgs,
}

/// The trader alone, as `shrike run` starts it; for systemd and the like
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with 0 in order, 2 for a configuration, 3 when a rule of safety forbids it; \
                  anything else asks for a restart.\n\
                  Example: shrike trader --config config/trader.toml"
)]
struct TraderCommand {
    #[command(flatten)]
    args: RunArgs,
}

const PAPER_HELP: &str = "Paper mode sends orders to a simulated exchange on this machine and nowhere \
                          else; start one with `shrike exchange`.\n\
                          Example: shrike run --config config/trader.toml";

fn dispatch(command: Command, out: &mut Out) -> Result<Exit, CliError> {
    let json = out.is_json();
    match command {
        Command::Demo(args) => crate::demo::run(&args, out),
        Command::Run(RunCommand { args }) => supervise::run(&args, out),
        Command::Trader(TraderCommand { args }) => run::run(&args, out),
        Command::Promote(args) => crate::promote::run(&args, out),
        Command::Status(args) => Ok(control::status(&StatusArgs { json, ..args })),
        Command::Kill(args) => Ok(control::kill(&KillArgs { json, ..args })),
        Command::Resume(args) => Ok(control::resume(&ResumeArgs { json, ..args })),
        Command::Keys(args) => crate::keys::run(&args, out),
        Command::Doctor(args) => crate::doctor::run(&args, out),
        Command::Listings(args) => hands::listings(&args, out),
        Command::Targets(args) => hands::targets(&args, out),
        Command::Buy(args) => hands::buy(&args, out),
        Command::Exit(args) => hands::exit(&args, out),
        Command::Positions(args) => hands::positions(&args, out),
        Command::Orders(args) => hands::orders(&args, out),
        Command::Exchange(args) => exchange::run(&args, out),
        Command::Inspect(args) => inspect::run(&args, out),
        Command::Record(args) => crate::record::run(&args, out),
        Command::Conform(args) => crate::conform::run(&args, out),
        Command::Config(args) => config::run(&args, out),
        Command::Plugin(args) => plugin::run(&args, out),
        Command::Patterns(args) => patterns::run(&args, out),
        Command::Why(args) => why::run(&args, out),
        Command::Export(args) => export::run(&args, out),
        Command::Report(args) => report::run(&args, out),
        Command::Backup(args) => backup::take(&args, out),
        Command::Restore(args) => backup::restore(&args, out),
        Command::Verify(args) => verify::run(&args, out),
        Command::Replay(args) => replay::run(&args, out),
    }
}

/// What the slow threads have to say goes to the error output: everything of note under `run`, and
/// elsewhere, where the output is the result, only errors. `SHRIKE_LOG` says otherwise, and
/// `SHRIKE_LOG_FORMAT=json` makes a document of each line.
///
/// A thread of its own writes: a reader that does not read must not hold a thread of ours up, so
/// lines beyond its queue are dropped. It writes the rest when what is given back is dropped.
fn log_to_error_output(command: &Command) -> WorkerGuard {
    use tracing_subscriber::EnvFilter;
    let usual =
        if matches!(command, Command::Run(_) | Command::Trader(_)) { "info" } else { "error" };
    let filter = EnvFilter::try_from_env("SHRIKE_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let format = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    let format = format.with_writer(writer).with_ansi(false);
    if std::env::var("SHRIKE_LOG_FORMAT").is_ok_and(|format| format == "json") {
        format.json().flatten_event(true).init();
    } else {
        format.init();
    }
    guard
}

/// Reads the line, does it, and says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell when its output is closed.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()).into();
        }
    };
    if let Command::Plugin(args) = &cli.command
        && args.is_compiler()
    {
        return host::wasm::child();
    }
    let _log = log_to_error_output(&cli.command);
    let mut out = Out::stdout(cli.json);
    let end = dispatch(cli.command, &mut out);
    let flushed = out.flush();
    match end.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit.code().into(),
        Err(error) => error.report(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_line_is_defined_without_a_clash() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_units_for_systemd_start_commands_that_exist() {
        let host = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/host");
        let mut units = 0;
        for entry in std::fs::read_dir(host).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "service") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let start = text.lines().find_map(|line| line.strip_prefix("ExecStart="));
            let words = start.expect("a unit starts something").split_whitespace();
            Cli::try_parse_from(words)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            units += 1;
        }
        assert_eq!(units, 2);
    }

    #[test]
    fn every_command_shows_an_example() {
        let mut waiting = vec![Cli::command()];
        while let Some(command) = waiting.pop() {
            let below: Vec<_> = command.get_subcommands().cloned().collect();
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let shown = help.contains("Example") || !below.is_empty();
            assert!(shown, "{} has no example", command.get_name());
            waiting.extend(below.into_iter().filter(|command| command.get_name() != "help"));
        }
    }
}
