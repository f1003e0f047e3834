//! The commands that act on a running trader by hand: targets, purchases, sales, positions, orders,
//! and what is coming.
//!
//! Each prints the engine's own answer. Exit codes: 0 it is followed, 1 it came to nothing or is
//! not known, 2 wrong usage, 3 the engine or the gate declined it.

mod args;
mod text;
mod time;

use serde_json::{Value, json};

use super::control::Place;
use crate::cli::{CliError, Exit, Out};
use crate::control::{Client, ClientError};

pub use args::{
    BuyArgs, ExitArgs, ListingsArgs, OrdersArgs, OrdersCommand, PositionsArgs, PositionsCommand,
    TargetsArgs, TargetsCommand,
};

/// Runs `shrike targets`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub fn targets(args: &TargetsArgs, out: &mut Out) -> Result<Exit, CliError> {
    match &args.command {
        TargetsCommand::List(args) => {
            let ask = json!({ "cmd": "targets", "status": args.status, "account": args.account });
            list(&args.place, &ask, "targets", text::targets, out)
        }
        TargetsCommand::Add(args) => {
            let opens_at = args.opens_at.as_deref().map(time::parse_ms).transpose();
            let ask = json!({
                "cmd": "add_target",
                "symbol": args.symbol,
                "account": args.account,
                "notional": args.notional,
                "price_max": args.price_max,
                "reference": args.reference,
                "opens_at_ms": opens_at.map_err(CliError::usage)?,
            });
            act(&args.place, &ask, out)
        }
        TargetsCommand::Arm(which) => of_target("arm", which, out),
        TargetsCommand::Disarm(which) => of_target("disarm", which, out),
        TargetsCommand::Cancel(which) => of_target("cancel_target", which, out),
        TargetsCommand::Rehearse(which) => of_target("rehearse", which, out),
    }
}

fn of_target(cmd: &str, which: &args::WhichArgs, out: &mut Out) -> Result<Exit, CliError> {
    act(&which.place, &json!({ "cmd": cmd, "target": which.target }), out)
}

/// Runs `shrike buy`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub fn buy(args: &BuyArgs, out: &mut Out) -> Result<Exit, CliError> {
    let ask = json!({
        "cmd": "buy",
        "symbol": args.symbol,
        "account": args.account,
        "notional": args.notional,
        "price_max": args.price_max,
    });
    act(&args.place, &ask, out)
}

/// Runs `shrike exit`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub fn exit(args: &ExitArgs, out: &mut Out) -> Result<Exit, CliError> {
    let ask = json!({
        "cmd": "sell",
        "symbol": args.held.symbol,
        "account": args.held.account,
        "qty": args.qty,
        "now": args.now,
    });
    act(&args.held.place, &ask, out)
}

/// Runs `shrike positions`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub fn positions(args: &PositionsArgs, out: &mut Out) -> Result<Exit, CliError> {
    match &args.command {
        None => {
            list(&args.place, &json!({ "cmd": "positions" }), "positions", text::positions, out)
        }
        Some(PositionsCommand::Adopt(args)) => {
            let ask = json!({
                "cmd": "adopt",
                "symbol": args.held.symbol,
                "account": args.held.account,
                "qty": args.qty,
                "price": args.price,
            });
            act(&args.held.place, &ask, out)
        }
        Some(PositionsCommand::Forget(held)) => {
            let ask = json!({ "cmd": "forget", "symbol": held.symbol, "account": held.account });
            act(&held.place, &ask, out)
        }
    }
}

/// Runs `shrike orders`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub fn orders(args: &OrdersArgs, out: &mut Out) -> Result<Exit, CliError> {
    match &args.command {
        None => {
            let ask = json!({ "cmd": "orders", "all": args.all });
            list(&args.place, &ask, "orders", text::orders, out)
        }
        Some(OrdersCommand::Cancel(args)) => match &args.order {
            Some(order) => act(&args.place, &json!({ "cmd": "cancel_order", "order": order }), out),
            None => {
                let ask = json!({ "cmd": "cancel_orders", "account": args.account });
                act(&args.place, &ask, out)
            }
        },
    }
}

/// Runs `shrike listings`.
///
/// # Errors
/// [`CliError`] with the code of the page above.
pub fn listings(args: &ListingsArgs, out: &mut Out) -> Result<Exit, CliError> {
    let ask = json!({ "cmd": "listings", "all": args.all });
    list(&args.place, &ask, "listings", text::listings, out)
}

pub(super) fn list(
    place: &Place,
    ask: &Value,
    name: &str,
    text: fn(&[Value]) -> String,
    out: &mut Out,
) -> Result<Exit, CliError> {
    let answer = ask_trader(place, ask)?;
    if out.is_json() {
        out.document(&json!({ name: answer[name] }))?;
    } else {
        let rows = answer[name].as_array().map(Vec::as_slice).unwrap_or_default();
        out.line(text(rows).trim_end())?;
    }
    Ok(Exit::Done)
}

pub(super) fn act(place: &Place, ask: &Value, out: &mut Out) -> Result<Exit, CliError> {
    let mut answer = ask_trader(place, ask)?;
    let end = match answer["state"].as_str() {
        Some("done" | "bought" | "passed") => Exit::Done,
        Some("declined" | "refused") => Exit::Refused,
        _ => Exit::Failed,
    };
    if out.is_json() {
        if let Some(fields) = answer.as_object_mut() {
            fields.remove("ok");
        }
        out.document(&answer)?;
        return Ok(end);
    }
    let message = text::cell(&answer["message"]);
    match end {
        Exit::Done => {
            out.line(text::told(&answer))?;
            Ok(end)
        }
        Exit::Refused => Err(CliError::refused(message)),
        Exit::Failed | Exit::Usage => {
            out.line(text::told(&answer))?;
            Ok(Exit::Failed)
        }
    }
}

fn ask_trader(place: &Place, ask: &Value) -> Result<Value, CliError> {
    let data = place.here().map_err(|error| {
        CliError::usage(format_args!(
            "no data directory is named with --data or SHRIKE_DATA, and the configuration cannot \
             be read: {error}"
        ))
    })?;
    let answer = Client::connect(&data).and_then(|mut client| client.ask(ask));
    answer.map_err(|error| match &error {
        ClientError::Refused(_) => CliError::refused(&error),
        ClientError::Usage(_) => CliError::usage(&error),
        ClientError::NotRunning { .. }
        | ClientError::Address(_)
        | ClientError::Io(_)
        | ClientError::Answer(_)
        | ClientError::Failed(_) => CliError::failed(&error),
    })
}
