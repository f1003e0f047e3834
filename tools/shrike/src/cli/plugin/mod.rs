//! `shrike plugin`: plug-ins, from an empty folder to a module that the trader takes.

mod build;
mod check;
mod new;
mod recorded;
mod report;
mod workspace;

use clap::{Args, Subcommand};

use self::build::BuildArgs;
use self::check::CheckArgs;
use self::new::NewArgs;
use super::{CliError, Exit, Out};

/// Make, build and check a plug-in
#[derive(Debug, Args)]
pub(super) struct PluginArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    New(NewArgs),
    Build(BuildArgs),
    Check(CheckArgs),
    /// Compile a module for the process that started this one: the module comes by the standard
    /// input, its machine code leaves by the standard output
    #[command(
        hide = true,
        after_help = "Example: shrike plugin compile < hello.wasm > hello.cwasm"
    )]
    Compile,
}

impl PluginArgs {
    /// Whether this process is the compiler of another one, and nothing else.
    pub(super) const fn is_compiler(&self) -> bool {
        matches!(self.what, What::Compile)
    }
}

pub(super) fn run(args: &PluginArgs, out: &mut Out) -> Result<Exit, CliError> {
    match &args.what {
        What::New(args) => new::run(args, out),
        What::Build(args) => build::run(args, out),
        What::Check(args) => check::run(args, out),
        // The front has done it.
        What::Compile => Ok(Exit::Done),
    }
}
