//! `shrike inspect`: any captured payload or journal, decoded.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use journal::Reader;
use serde_json::Value;

use super::{CliError, Exit, Out, hex, input, records};
use crate::inspect::{self, InspectError};

/// Decode a captured payload or a journal
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A frame of the streams: binary (protobuf) or a control frame (JSON)
    #[command(after_help = "Example: shrike inspect frame deals.hex --hex --json")]
    Frame {
        /// The payload; standard input when missing or `-`
        file: Option<PathBuf>,
        /// The payload is written as hexadecimal digits
        #[arg(long)]
        hex: bool,
    },
    /// A body of REST or of the web pages
    #[command(
        after_help = "Example: curl -s HOST/api/v3/depth?symbol=MXUSDT | shrike inspect rest depth"
    )]
    Rest {
        /// Whose body it is, such as exchangeInfo, depth or order
        endpoint: String,
        /// The body; standard input when missing or `-`
        file: Option<PathBuf>,
    },
    /// The records of a capture of `shrike record`, each payload decoded
    #[command(after_help = "Ends with 1 when something in it cannot be decoded.\n\
                            Example: shrike inspect capture morning.jsonl --json")]
    Capture {
        /// The capture
        file: PathBuf,
        /// Show at most so many
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// The records of a journal
    #[command(after_help = "Example: shrike inspect journal data --from 1000 --limit 20")]
    Journal {
        /// A data directory, its journal folder, or one segment
        path: PathBuf,
        /// Begin with this record
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        from: u64,
        /// Show at most so many
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
}

pub(super) fn run(args: &InspectArgs, out: &mut Out) -> Result<Exit, CliError> {
    match &args.what {
        What::Frame { file, hex } => frame(file.as_deref(), *hex, out),
        What::Rest { endpoint, file } => rest(endpoint, file.as_deref(), out),
        What::Capture { file, limit } => capture(file, limit.unwrap_or(u64::MAX), out),
        What::Journal { path, from, limit } => journal(path, *from, *limit, out),
    }
}

fn frame(file: Option<&Path>, is_hex: bool, out: &mut Out) -> Result<Exit, CliError> {
    let mut bytes = input::read(file)?;
    if is_hex {
        bytes = hex::decode(&bytes).map_err(CliError::failed)?;
    }
    // No binary frame begins so: it would be a group of field 15, which the schema does not have.
    let shown = match bytes.trim_ascii_start().first() {
        Some(b'{') => inspect::control(&bytes),
        _ => inspect::frame(&bytes),
    };
    print(&shown.map_err(|error| not_decoded("frame", bytes.len(), &error))?, out)
}

fn rest(endpoint: &str, file: Option<&Path>, out: &mut Out) -> Result<Exit, CliError> {
    if !inspect::ENDPOINTS.contains(&endpoint) {
        // Told before anybody waits for a body on the standard input.
        return Err(match inspect::rest(endpoint, b"{}") {
            Err(error) => CliError::usage(error),
            Ok(_) => CliError::usage(format!("no endpoint {endpoint:?}")),
        });
    }
    let bytes = input::read(file)?;
    let shown = inspect::rest(endpoint, &bytes);
    print(&shown.map_err(|error| not_decoded(endpoint, bytes.len(), &error))?, out)
}

fn capture(file: &Path, limit: u64, out: &mut Out) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    let records = crate::record::capture::read(file)?;
    for record in records.take(usize::try_from(limit).unwrap_or(usize::MAX)) {
        let shown = record?.shown();
        if shown.get("error").is_some() {
            exit = Exit::Failed;
        }
        print(&shown, out)?;
    }
    Ok(exit)
}

fn not_decoded(what: &str, len: usize, error: &InspectError) -> CliError {
    CliError::failed(format!("{len} bytes are no {what}: {error}"))
}

fn print(shown: &Value, out: &mut Out) -> Result<Exit, CliError> {
    if out.is_json() {
        out.document(shown)?;
    } else {
        tree(shown, 0, out)?;
    }
    Ok(Exit::Done)
}

/// One field a line, indented; an entry of a list begins with a dash.
fn tree(value: &Value, depth: usize, out: &mut Out) -> Result<(), CliError> {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_leaf(value) {
                    out.line(format_args!("{indent}{name}: {}", leaf(value)))?;
                } else {
                    out.line(format_args!("{indent}{name}:"))?;
                    tree(value, depth + 1, out)?;
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if is_leaf(item) {
                    out.line(format_args!("{indent}- {}", leaf(item)))?;
                } else {
                    out.line(format_args!("{indent}-"))?;
                    tree(item, depth + 1, out)?;
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.line(format_args!("{indent}{}", leaf(value)))?;
        }
    }
    Ok(())
}

fn is_leaf(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

fn leaf(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.escape_debug().to_string())
}

fn journal(path: &Path, from: u64, limit: Option<u64>, out: &mut Out) -> Result<Exit, CliError> {
    let mut reader = Reader::open(path).map_err(CliError::failed)?;
    let mut left = limit.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(record) = reader.read().map_err(CliError::failed)? else { break };
        if record.seq < from {
            continue;
        }
        left -= 1;
        if out.is_json() {
            out.document(&records::document(&record))?;
        } else {
            out.line(records::line(&record))?;
        }
    }
    Ok(Exit::Done)
}
