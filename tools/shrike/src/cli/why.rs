//! `shrike why SYMBOL`: why there is or is no target, why it does not execute, why it is stuck.

use archive::query::{self, Query};
use archive::{Rows, View, day};
use clap::Args;
use model::wire::{Reader, Wire};
use model::{TargetState, WhyNot};
use serde_json::{Map, Value, json};

use super::control::Place;
use super::export::{data_of, view_of};
use super::{CliError, Exit, Out};
use crate::board::said;
use crate::control::Client;

/// Newest rows of each kind that are told.
const NEWEST: i64 = 5;

/// Say why a pair has or has no target, why it does not execute, why it is stuck
#[derive(Debug, Args)]
#[command(after_help = "\
From the running trader what each target waits for at this moment, and from the archive how it came \
to that; without a trader from the archive alone. Exit code 1 for a pair that nothing is known of.\n\n\
Example: shrike why NEWUSDT --data data")]
pub(super) struct WhyArgs {
    /// The pair as the exchange names it
    symbol: String,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &WhyArgs, out: &mut Out) -> Result<Exit, CliError> {
    let symbol = args.symbol.to_ascii_uppercase();
    let status = Client::connect(&data_of(&args.place)?).ok();
    let status = status.and_then(|mut client| client.status().ok());
    let view = view_of(&args.place)?;
    let found = answer(&view, &symbol, status.as_ref())?;
    let known = found["listings"] != json!([])
        || found["signals"] != json!([])
        || found["targets"] != json!([])
        || found["live"] != json!([]);
    if out.is_json() {
        out.document(&found)?;
    } else {
        print(&found, known, out)?;
    }
    Ok(if known { Exit::Done } else { Exit::Failed })
}

/// Everything that answers the question, as one document.
fn answer(view: &View, symbol: &str, status: Option<&Value>) -> Result<Value, CliError> {
    let ask = |query: &Query, params: (&str, i64, i64)| {
        view.ask(query, params).map(Rows::objects).map(Iterator::collect::<Vec<_>>)
    };
    let newest = |query: &Query| {
        let rows = view.ask(query, (symbol, NEWEST)).map(Rows::objects);
        rows.map(Iterator::collect::<Vec<_>>).map_err(CliError::failed)
    };
    let paged = |query: &Query| ask(query, (symbol, i64::MAX, NEWEST)).map_err(CliError::failed);
    let live = status.map_or(Vec::new(), |status| live(status, symbol));
    let mut targets = Vec::new();
    for row in paged(&query::TARGETS_BY_SYMBOL)? {
        targets.push(target(view, row, status.is_some())?);
    }
    Ok(json!({
        "symbol": symbol,
        "running": status.is_some(),
        "kill": kill(view, status)?,
        "live": live,
        "listings": newest(&query::LISTINGS_BY_SYMBOL)?,
        "signals": newest(&query::SIGNALS_BY_SYMBOL)?,
        "declined": paged(&query::RISK_BY_SYMBOL)?
            .into_iter()
            .filter(|event| event["event"] == "declined")
            .collect::<Vec<_>>(),
        "targets": targets,
        "alerts": paged(&query::ALERTS_BY_SYMBOL)?,
    }))
}

/// What the running trader's targets of the pair wait for.
fn live(status: &Value, symbol: &str) -> Vec<Value> {
    let targets = status["targets"].as_array().into_iter().flatten();
    let own = targets.filter(|target| target["symbol"] == symbol);
    let kept = ["id", "account", "state", "why", "waits_for", "since", "opens_at"];
    own.map(|target| kept.iter().map(|name| ((*name).to_owned(), target[*name].clone())).collect())
        .map(|kept: Map<_, _>| Value::Object(kept))
        .collect()
}

fn kill(view: &View, status: Option<&Value>) -> Result<Value, CliError> {
    if let Some(status) = status {
        return Ok(json!({ "level": status["kill"]["level"], "reason": status["kill"]["reason"] }));
    }
    let rows = view.ask(&query::STATE, ["kill"]).map_err(CliError::failed)?;
    let row = rows.objects().next().unwrap_or_default();
    let level = row.get("status").cloned().unwrap_or_else(|| "active".into());
    Ok(json!({ "level": level, "reason": row.get("reason") }))
}

/// A target with its trail, its orders and what the gate refused, and a sentence about it.
fn target(view: &View, row: Map<String, Value>, running: bool) -> Result<Value, CliError> {
    let id = row["id"].as_i64().unwrap_or(0);
    let all = |query: &Query| {
        let rows = view.ask(query, [id]).map(Rows::objects);
        rows.map(Iterator::collect::<Vec<_>>).map_err(CliError::failed)
    };
    let refusals = view.ask(&query::RISK_OF_TARGET, (id, NEWEST)).map(Rows::objects);
    let refusals: Vec<_> = refusals.map(Iterator::collect).map_err(CliError::failed)?;
    let execution = all(&query::EXECUTION)?.into_iter().next();
    let position = all(&query::POSITION)?.into_iter().next();
    let sentence = sentence(&row, execution.as_ref(), position.as_ref(), running);
    Ok(json!({
        "sentence": sentence,
        "trail": all(&query::TARGET_CHANGES)?,
        "orders": all(&query::ORDERS_OF_TARGET)?,
        "refusals": refusals,
        "execution": execution,
        "position": position,
        "target": row,
    }))
}

fn sentence(
    row: &Map<String, Value>,
    execution: Option<&Map<String, Value>>,
    position: Option<&Map<String, Value>>,
    running: bool,
) -> String {
    let word = |name: &str| row.get(name).and_then(Value::as_str);
    let (Some(state), why) = (state_of(word("state")), why_of(word("why"))) else {
        return "The archive knows a state that this program does not.".to_owned();
    };
    let mut text = match state {
        TargetState::Completed => {
            let position = |name: &str| {
                position.and_then(|position| position[name].as_str()).unwrap_or("-").to_owned()
            };
            let (closed, realised) = (position("closed"), position("realised"));
            format!("Bought and sold; the last of it by {closed}, result {realised}.")
        }
        TargetState::Open | TargetState::Closing => {
            let held = position.and_then(|position| position["qty"].as_str()).unwrap_or("-");
            format!("Holds {held}.")
        }
        TargetState::Armed | TargetState::Executing if why == WhyNot::None => {
            "Armed: fires at the planned opening or at the first deal.".to_owned()
        }
        TargetState::Pending
        | TargetState::Ready
        | TargetState::Armed
        | TargetState::Executing
        | TargetState::Failed
        | TargetState::Cancelled
        | TargetState::Expired
        | TargetState::Missed
        | TargetState::Blocked => said(state, why).to_owned(),
    };
    if let Some(run) = execution {
        let count = |name: &str| run[name].as_i64().unwrap_or(0);
        text.push_str(&format!(
            " {} entry orders: {} taken, {} refused, {} without an answer.",
            count("attempts"),
            count("accepted"),
            count("refused"),
            count("unknown"),
        ));
    }
    if let Some(error) = word("error") {
        text.push_str(&format!(" Last, {error}."));
    }
    if !running && !state.is_final() {
        text.push_str(" No trader runs here: nothing goes on until one is started.");
    }
    text
}

/// A state by its word.
fn state_of(word: Option<&str>) -> Option<TargetState> {
    by_name(word?, TargetState::name)
}

/// A reason by its code; none where there is no complaint, or one that this program does not know.
fn why_of(code: Option<&str>) -> WhyNot {
    code.and_then(|code| by_name(code, WhyNot::name)).unwrap_or_default()
}

/// The value of a journaled enum that has this name.
fn by_name<T: Wire + Copy>(name: &str, of: impl Fn(T) -> &'static str) -> Option<T> {
    (0..=u8::MAX).filter_map(|tag| T::read(&mut Reader::new(&[tag])).ok()).find(|v| of(*v) == name)
}

fn print(found: &Value, known: bool, out: &mut Out) -> Result<(), CliError> {
    let symbol = text(&found["symbol"]);
    if !known {
        return out.line(format_args!(
            "{symbol}: no witness named it, nothing was seen and no target was made; is it written \
             as the exchange does, such as NEWUSDT?"
        ));
    }
    if found["kill"]["level"] != "active" {
        let (level, reason) = (text(&found["kill"]["level"]), text(&found["kill"]["reason"]));
        out.line(format_args!("The kill switch stands at {level} ({reason})."))?;
    }
    for target in items(&found["live"]) {
        let (id, state) = (&target["id"], text(&target["state"]));
        out.line(format_args!("target {id} {state}: {}", text(&target["waits_for"])))?;
    }
    for listing in items(&found["listings"]).take(1) {
        let opens = moment(&listing["opens_at"]);
        out.line(format_args!("listing  {}, opens {opens}", text(&listing["state"])))?;
    }
    for signal in items(&found["signals"]).take(1) {
        out.line(format_args!(
            "signal   {} at {} of 100: {}{}",
            text(&signal["pattern"]),
            signal["confidence"],
            text(&signal["execution_status"]),
            reason(&signal["execution_reason"]),
        ))?;
    }
    if found["targets"] == json!([]) {
        let declined = items(&found["declined"]).next();
        let why = declined.map(|event| why_of(event["reason"].as_str()));
        let why = why
            .map_or("No proposal was made: the signal was too weak or none was seen.", |why| {
                said(TargetState::Pending, why)
            });
        out.line(format_args!("no target was made. {why}"))?;
    }
    for target in items(&found["targets"]) {
        let row = &target["target"];
        out.line(format_args!(
            "target   {} of account {}: {}",
            row["id"],
            row["account"],
            text(&row["state"])
        ))?;
        out.line(format_args!("  {}", text(&target["sentence"])))?;
        for change in items(&target["trail"]) {
            let (at, state) = (moment(&change["at"]), text(&change["state"]));
            out.line(format_args!("  {at}  {state}{}", reason(&change["why"])))?;
        }
    }
    for alert in items(&found["alerts"]) {
        let (at, kind) = (moment(&alert["at"]), text(&alert["kind"]));
        out.line(format_args!("alarm    {at}  {kind}, figure {}", alert["figure"]))?;
    }
    Ok(())
}

fn reason(code: &Value) -> String {
    code.as_str().map_or(String::new(), |code| format!(" ({code})"))
}

fn moment(at: &Value) -> String {
    at.as_i64().map_or_else(|| "at an unknown time".to_owned(), day::moment)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
