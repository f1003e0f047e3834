//! `shrike plugin new`: a folder from the template.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use sdk::template;
use serde_json::json;

use super::workspace;
use crate::cli::{CliError, Exit, Out};

/// Write a new plug-in from the template
#[derive(Debug, Args)]
#[command(
    after_help = "The folder NAME holds a manifest, a source and its test. Inside strategies/ of a \
                        clone it becomes a member of that workspace.\n\
                        Example: shrike plugin new dip_buyer"
)]
pub(super) struct NewArgs {
    /// Lower-case letters, digits and _, at most 32, a letter first
    name: String,
    /// A risk rule; otherwise a strategy
    #[arg(long)]
    rule: bool,
    /// Where the folder NAME is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The folder strategies/sdk of a clone; otherwise that of the clone which this folder or this
    /// program is in
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// Words that a crate may not be called, and crates that a plug-in has already.
const TAKEN: [&str; 47] = [
    "abi",
    "alloc",
    "as",
    "async",
    "await",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "sdk",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "yield",
];

pub(super) fn run(args: &NewArgs, out: &mut Out) -> Result<Exit, CliError> {
    let name = &args.name;
    if !is_name(name) {
        let text =
            "lower-case letters, digits and _, at most 32, a letter first, and no word of Rust";
        return Err(CliError::usage(format!("{name:?} is no name of a plug-in: {text}")));
    }
    let folder = workspace::inside(&args.dir, name);
    if folder.exists() {
        let text = format!("{} is there already: take another name", folder.display());
        return Err(CliError::failed(text));
    }
    let clone = workspace::clone_of(&args.dir);
    let (files, sdk) = match &clone {
        Some(top) => {
            let taken = ["core", "tools"].map(|rooms| top.join(rooms).join(name));
            if taken.iter().any(|room| room.exists()) {
                let text = format!("the workspace has a room named {name}: take another name");
                return Err(CliError::failed(text));
            }
            (template::member_files(name, args.rule), top.join("strategies/sdk"))
        }
        None => {
            let sdk = workspace::sdk(args.sdk.as_deref())?;
            (template::files(name, args.rule, &sdk.to_string_lossy()), sdk)
        }
    };
    for (path, text) in &files {
        write(&folder.join(path), text)?;
    }
    if let Some(top) = &clone {
        add_row(top, name)?;
    }
    let kind = if args.rule { "risk_rule" } else { "strategy" };
    if out.is_json() {
        let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        out.document(&json!({
            "name": name, "kind": kind, "folder": folder, "files": paths, "sdk": sdk,
            "member": clone.is_some(),
        }))?;
        return Ok(Exit::Done);
    }
    out.line(format_args!("{}: a {}", folder.display(), kind.replace('_', " ")))?;
    for (path, _) in &files {
        out.line(format_args!("  {path}"))?;
    }
    match &clone {
        Some(_) => {
            out.line(format_args!("It is a member of the workspace, with its row in {ROOMS}."))?;
            out.line(format_args!("Next: cargo test -p {name}"))?;
        }
        None => {
            out.line(format_args!("It is written against {}.", sdk.display()))?;
            out.line(format_args!("Next: cd {} && cargo test", folder.display()))?;
        }
    }
    out.line(format_args!("Then:  shrike plugin build {}", folder.display()))?;
    Ok(Exit::Done)
}

fn is_name(name: &str) -> bool {
    name.len() <= host::manifest::NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !TAKEN.contains(&name)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| CliError::failed(format!("cannot write {}: {error}", path.display())))
}

const ROOMS: &str = "tests/tidy/rooms.rs";

/// Says in the table of rooms that the plug-in knows the kit alone.
fn add_row(top: &Path, name: &str) -> Result<(), CliError> {
    let path = top.join(ROOMS);
    let text = fs::read_to_string(&path);
    let text =
        text.map_err(|error| CliError::failed(format!("cannot read {}: {error}", path.display())))?;
    let before = "    Room {\n        folder: \"tools/archive\",";
    let row =
        format!("    Room {{ folder: \"strategies/{name}\", ours: &[\"sdk\"], outside: &[] }},\n");
    write(&path, &text.replacen(before, &(row + before), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_that_a_crate_may_have() {
        for name in ["a", "dip_buyer", "x2", &"a".repeat(32)] {
            assert!(is_name(name), "{name}");
        }
        for name in
            ["", "2x", "_x", "Dip", "dip-buyer", "dip/../x", "sdk", "match", &"a".repeat(33)]
        {
            assert!(!is_name(name), "{name}");
        }
        assert!(TAKEN.is_sorted());
    }
}
