//! Records of a journal as a line or a document.

use std::fmt::Write as _;

use engine::Action;
use journal::{BlobHash, Boot, Kind, Prune, RecordView};
use model::wire::{Reader, Wire, WireError};
use model::{AccountId, Event, SymbolId};
use replay::Origin;
use serde_json::{Value, json};

use crate::modes::Promotion;

/// Number, time in seconds of the process's clock, family, kind and what it tells.
pub(super) fn line(record: &RecordView<'_>) -> String {
    let RecordView { seq, at, family, kind, .. } = record;
    let (secs, nanos) = (at.nanos() / 1_000_000_000, at.nanos() % 1_000_000_000);
    let text = value(record);
    format!("{seq:>8} {secs:>6}.{nanos:09} {family:<9} {:<10} {text}", kind.name())
}

/// The same as one document.
pub(super) fn document(record: &RecordView<'_>) -> Value {
    json!({
        "seq": record.seq,
        "at_ns": record.at.nanos(),
        "kind": record.kind.name(),
        "family": record.family.name(),
        "value": value(record),
    })
}

fn value(record: &RecordView<'_>) -> String {
    let payload = record.payload;
    match record.kind {
        Kind::INPUT => event(payload).unwrap_or_else(|error| unreadable(payload, &error)),
        Kind::OUTPUT => match Action::read(&mut Reader::new(payload)) {
            Ok(action) => format!("{action:?}"),
            Err(error) => unreadable(payload, &error),
        },
        Kind::BOOT => boot(payload).unwrap_or_else(|| bytes(payload)),
        Kind::CONFIG => config(payload).unwrap_or_else(|| bytes(payload)),
        Kind::PRUNE => {
            Prune::decode(payload).map_or_else(|| bytes(payload), |prune| format!("{prune:?}"))
        }
        Kind::PROMOTION => Promotion::decode(payload)
            .map_or_else(|| bytes(payload), |promotion| promotion.to_string()),
        Kind::TICK | Kind::STOP => String::new(),
        _ => bytes(payload),
    }
}

/// Symbol, account and stamp only where the event has them.
fn event(payload: &[u8]) -> Result<String, WireError> {
    let event = Event::read(&mut Reader::new(payload))?;
    let mut text = String::new();
    if event.symbol != SymbolId::NONE {
        let _ = write!(text, "s{} ", event.symbol.0);
    }
    if event.account != AccountId::NONE {
        let _ = write!(text, "a{} ", event.account.0);
    }
    if event.stamped.is_some() {
        let _ = write!(text, "@{} ", event.stamped.nanos());
    }
    let _ = write!(text, "{:?}", event.body);
    if !event.last {
        text.push_str(" ..");
    }
    Ok(text)
}

fn boot(payload: &[u8]) -> Option<String> {
    let boot = Boot::decode(payload)?;
    let mut text = format!("{:?} instance {:06x} epoch {}", boot.build, boot.instance, boot.epoch);
    let _ = write!(text, " wall {} venue {}", boot.wall_anchor, boot.venue_anchor);
    if let Some(origin) = Origin::decode(&boot.extra) {
        let (mode, operator) = (origin.mode.name(), origin.operator);
        let _ = write!(text, " mode {mode} operator {operator:?}");
        for (slot, plugin) in origin.running.iter().enumerate().filter(|(_, plugin)| *plugin != 0) {
            let _ = write!(text, " slot {slot} {plugin:032x}");
        }
    }
    Some(text)
}

fn config(payload: &[u8]) -> Option<String> {
    let (hash, text) = payload.split_first_chunk::<32>()?;
    Some(format!("hash {} {} bytes of text", BlobHash(*hash), text.len()))
}

fn bytes(payload: &[u8]) -> String {
    format!("{} bytes", payload.len())
}

fn unreadable(payload: &[u8], error: &WireError) -> String {
    format!("{} bytes that cannot be read: {error}", payload.len())
}
