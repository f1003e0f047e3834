//! The plug-ins of a running trader.
//!
//! Exit codes: 0 it is followed, 1 it came to nothing or waits, 2 wrong usage, 3 the plug-in may
//! not run or does not take it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::control::Place;
use crate::cli::{CliError, Exit, Out, hands};

/// Show what runs in each slot, and what it said of late
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  shrike plugin list --data data")]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) place: Place,
}

/// Put a plug-in in a slot of the running trader
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "It is checked, compiled in a child, tried on what happened of late and set \
                        up; then it takes the slot between two events. Armed targets keep their \
                        bounds under permits of the new plug-in, which are on disk before.\n\
                        Example:\n  shrike plugin swap 0 plugins/my_sniper.wasm --data data"
)]
pub(super) struct SwapArgs {
    /// The slot, 0 to 15
    pub(super) slot: u8,
    /// A file, or the name of a shipped plug-in or of a file in plugins.dir
    pub(super) plugin: String,
    /// Disarm armed targets of the slot instead of taking them over
    #[arg(long)]
    pub(super) disarm: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Let a candidate run beside a slot's plug-in: what it would have done is compared, never followed
#[derive(Args, Clone, Debug)]
#[command(after_help = "Without a plug-in the comparison ends.\n\
                        Example:\n  shrike plugin shadow 0 plugins/my_sniper.wasm --data data")]
pub(super) struct ShadowArgs {
    /// The slot, 0 to 15
    pub(super) slot: u8,
    /// A file or a name, as for a swap
    pub(super) plugin: Option<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Set a parameter of a slot's plug-in
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "It holds over swaps and restarts, as long as the plug-in has a parameter of \
                        that name.\n\
                        Example:\n  shrike plugin set 1 losses 3 --data data"
)]
pub(super) struct SetArgs {
    /// The slot, 0 to 15
    pub(super) slot: u8,
    /// The parameter, as the plug-in's manifest names it
    pub(super) parameter: String,
    /// Its value, as the manifest's type reads it
    pub(super) value: String,
    #[command(flatten)]
    pub(super) place: Place,
}

// Doc comments here would become the help text of every command that has these options.
#[derive(Args, Clone, Debug)]
pub(super) struct SlotArgs {
    /// The slot, 0 to 15
    pub(super) slot: u8,
    #[command(flatten)]
    pub(super) place: Place,
}

/// Runs `shrike plugin list`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub(super) fn list(args: &ListArgs, out: &mut Out) -> Result<Exit, CliError> {
    hands::list(&args.place, &json!({ "cmd": "plugins" }), "plugins", text, out)
}

/// Runs `shrike plugin swap`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub(super) fn swap(args: &SwapArgs, out: &mut Out) -> Result<Exit, CliError> {
    let (name, file) = named(&args.plugin)?;
    let ask = json!({
        "cmd": "plugin_swap", "slot": args.slot, "name": name, "file": file,
        "disarm": args.disarm,
    });
    hands::act(&args.place, &ask, out)
}

/// Runs `shrike plugin shadow`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub(super) fn shadow(args: &ShadowArgs, out: &mut Out) -> Result<Exit, CliError> {
    let (name, file) = match &args.plugin {
        Some(plugin) => named(plugin)?,
        None => (None, None),
    };
    let ask = json!({ "cmd": "plugin_shadow", "slot": args.slot, "name": name, "file": file });
    hands::act(&args.place, &ask, out)
}

/// Runs `shrike plugin set`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub(super) fn set(args: &SetArgs, out: &mut Out) -> Result<Exit, CliError> {
    let SetArgs { slot, parameter, value, place } = args;
    let ask = json!({
        "cmd": "plugin_set", "slot": slot, "parameter": parameter, "value": value,
    });
    hands::act(place, &ask, out)
}

/// Runs `shrike plugin rollback`, `again` or `stop`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub(super) fn of_slot(cmd: &str, args: &SlotArgs, out: &mut Out) -> Result<Exit, CliError> {
    hands::act(&args.place, &json!({ "cmd": cmd, "slot": args.slot }), out)
}

/// A path as the trader finds it from its own folder, or a name.
fn named(plugin: &str) -> Result<(Option<&str>, Option<PathBuf>), CliError> {
    let path = Path::new(plugin);
    if !plugin.ends_with(".wasm") && !plugin.contains('/') {
        return Ok((Some(plugin), None));
    }
    let full = path.canonicalize();
    let full = full.map_err(|error| CliError::usage(format_args!("{plugin}: {error}")))?;
    Ok((None, Some(full)))
}

fn text(rows: &[Value]) -> String {
    if rows.is_empty() {
        return "no plug-in".to_owned();
    }
    let mut text = String::new();
    for row in rows {
        let memory = row["memory_bytes"]
            .as_u64()
            .map_or_else(String::new, |bytes| format!("  {} KiB", bytes.div_ceil(1_024)));
        let cell = |name: &str| crate::board::render_cell(&row[name]);
        let state = match row["fault"].as_str() {
            Some(fault) => format!("{} ({fault})", cell("state")),
            None => cell("state"),
        };
        text.push_str(&format!(
            "{:>2}  {}  {state}  {}{memory}\n",
            cell("slot"),
            cell("plugin"),
            cell("hash")
        ));
        if !row["shadow"].is_null() {
            let (shadow, differs) = (cell("shadow"), cell("differs"));
            text.push_str(&format!("    candidate {shadow}, wished otherwise {differs} times\n"));
        }
        let lines = row["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
        for line in lines.iter().rev().take(5).rev() {
            text.push_str(&format!("    says {:?}\n", line.as_str().unwrap_or_default()));
        }
    }
    text
}
