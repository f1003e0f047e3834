//! `shrike plugin`: plug-ins, from an empty folder to a module that the trader takes.

mod build;
mod check;
mod live;
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
    List(live::ListArgs),
    Swap(live::SwapArgs),
    /// Take the version before back in a slot of the running trader
    #[command(after_help = "Example:\n  shrike plugin rollback 0 --data data")]
    Rollback(live::SlotArgs),
    Shadow(live::ShadowArgs),
    Set(live::SetArgs),
    /// Make a slot's plug-in anew, after it failed or was stopped
    #[command(after_help = "Example:\n  shrike plugin again 0 --data data")]
    Again(live::SlotArgs),
    /// Take a slot's plug-in out of use; its targets stay under the engine's plans
    #[command(after_help = "Example:\n  shrike plugin stop 0 --data data")]
    Stop(live::SlotArgs),
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
        What::List(args) => live::list(args, out),
        What::Swap(args) => live::swap(args, out),
        What::Rollback(args) => live::of_slot("plugin_rollback", args, out),
        What::Shadow(args) => live::shadow(args, out),
        What::Set(args) => live::set(args, out),
        What::Again(args) => live::of_slot("plugin_again", args, out),
        What::Stop(args) => live::of_slot("plugin_stop", args, out),
        // The front has done it.
        What::Compile => Ok(Exit::Done),
    }
}
