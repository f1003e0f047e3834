//! What each command takes.

use clap::{Args, Subcommand};

use crate::cli::control::Place;

/// List, make, arm, disarm, cancel and rehearse targets
#[derive(Args, Clone, Debug)]
pub struct TargetsArgs {
    #[command(subcommand)]
    pub command: TargetsCommand,
}

/// What is to be done with targets.
#[derive(Clone, Debug, Subcommand)]
pub enum TargetsCommand {
    List(TargetListArgs),
    Add(TargetAddArgs),
    /// Let a disarmed target, or one that is not sure enough, go on
    #[command(after_help = "Example:\n  shrike targets arm 65538 --data data")]
    Arm(WhichArgs),
    /// Revoke a target's permit on disk; it stays and arms no more until `targets arm`
    #[command(
        after_help = "Its entries in flight are cancelled; a deal that comes all the same is \
                            managed by the exit plan.\n\
                            Example:\n  shrike targets disarm 65538 --data data"
    )]
    Disarm(WhichArgs),
    /// Give a target up for good; one that holds a position is sold with `shrike exit`
    #[command(after_help = "Example:\n  shrike targets cancel 65538 --data data")]
    Cancel(WhichArgs),
    /// Send the very order that a target would send to the exchange's test endpoint
    #[command(after_help = "Nothing is placed. It proves key, permission, precision and smallest \
                            size, and tells the round trip.\n\
                            Example:\n  shrike targets rehearse 65538 --data data")]
    Rehearse(WhichArgs),
}

/// List the targets and what each waits for
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  shrike targets list --status armed --data data")]
pub struct TargetListArgs {
    /// Only those in this state, such as ready, armed, open or completed
    #[arg(long, value_name = "STATE")]
    pub status: Option<String>,
    /// Only those of this account, by name or number
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

/// Make a target for a pair that opens, by hand
#[derive(Args, Clone, Debug)]
#[command(after_help = "What is not named comes from the configured plan. The target gets its \
                        permit shortly before the opening, through the same limits as any other.\n\
                        Example:\n  shrike targets add NEWUSDT --notional 50 --price-max 0.25")]
pub struct TargetAddArgs {
    /// The pair
    pub symbol: String,
    /// Whose money, by name or number; else the first account's
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Quote to spend at most
    #[arg(long, value_name = "QUOTE")]
    pub notional: Option<String>,
    /// No order above this price
    #[arg(long, value_name = "PRICE", conflicts_with = "reference")]
    pub price_max: Option<String>,
    /// The plan's premium above this price
    #[arg(long, value_name = "PRICE")]
    pub reference: Option<String>,
    /// Opening where no witness names one: 2026-11-20T12:00:00Z, or milliseconds since the epoch
    #[arg(long, value_name = "TIME")]
    pub opens_at: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Clone, Debug)]
pub struct WhichArgs {
    /// Its number, as `shrike targets list` shows it
    pub target: u32,
    #[command(flatten)]
    pub place: Place,
}

/// Buy a pair that trades, with one capped order
#[derive(Args, Clone, Debug)]
#[command(after_help = "A permit for one order goes to disk, then one immediate-or-cancel order \
                        leaves, never above the price and never a market order. The exit plan of \
                        the configuration watches what was bought.\n\
                        Example:\n  shrike buy MXUSDT --notional 25 --price-max 2.55 --data data")]
pub struct BuyArgs {
    /// The pair
    pub symbol: String,
    /// Quote to spend at most, fees apart
    #[arg(long, value_name = "QUOTE")]
    pub notional: String,
    /// No order above this price
    #[arg(long, value_name = "PRICE")]
    pub price_max: String,
    /// Whose money, by name or number; else the first account's
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

/// Sell a position, or a part of it
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Without --now it is sold a little below the bid, again and again until it \
                        is gone, and the stops stay on. --now presses the emergency ladder.\n\
                        Example:\n  shrike exit MXUSDT --qty 10 --data data"
)]
pub struct ExitArgs {
    /// How much; all of it when left away
    #[arg(long, value_name = "QTY", conflicts_with = "now")]
    pub qty: Option<String>,
    /// Press the emergency ladder: all of it, wider each time
    #[arg(long)]
    pub now: bool,
    #[command(flatten)]
    pub held: HeldArgs,
}

/// List positions; adopt a holding, or take one over
#[derive(Args, Clone, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  shrike positions --data data"
)]
pub struct PositionsArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(subcommand)]
    pub command: Option<PositionsCommand>,
}

/// What is to be done with positions.
#[derive(Clone, Debug, Subcommand)]
pub enum PositionsCommand {
    Adopt(AdoptArgs),
    /// Take a position over: nothing is sold, and no stop watches it any more
    #[command(
        after_help = "Its resting sales are cancelled first; then the engine's right to sell \
                            ends on disk.\n\
                            Example:\n  shrike positions forget MXUSDT --data data"
    )]
    Forget(HeldArgs),
}

/// Bring a holding of the account under the exit plan: its stops and its time stop sell it
#[derive(Args, Clone, Debug)]
#[command(after_help = "The account's balance must cover the quantity.\n\
                        Example:\n  shrike positions adopt MXUSDT --qty 100 --price 2.51 --data data")]
pub struct AdoptArgs {
    /// How much
    #[arg(long, value_name = "QTY")]
    pub qty: String,
    /// What one of it cost, which stops and take-profits are measured from
    #[arg(long, value_name = "PRICE")]
    pub price: String,
    #[command(flatten)]
    pub held: HeldArgs,
}

#[derive(Args, Clone, Debug)]
pub struct HeldArgs {
    /// The pair
    pub symbol: String,
    /// Whose, by name or number; else the first account's
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

/// List orders in flight; cancel one or all
#[derive(Args, Clone, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  shrike orders --all --data data"
)]
pub struct OrdersArgs {
    /// Those that ended too
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub place: Place,
    #[command(subcommand)]
    pub command: Option<OrdersCommand>,
}

/// What is to be done with orders.
#[derive(Clone, Debug, Subcommand)]
pub enum OrdersCommand {
    Cancel(CancelArgs),
}

/// Cancel one order by its id, or all of them
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A take-profit that was cancelled does not rest again: its rung is sold when \
                        the bid pays. An entry's target may send another inside its permit; \
                        `shrike targets disarm` stops it.\n\
                        Example:\n  shrike orders cancel --all --data data"
)]
pub struct CancelArgs {
    /// Its id, as `shrike orders` shows it
    #[arg(required_unless_present = "all", conflicts_with_all = ["all", "account"])]
    pub order: Option<String>,
    /// Every order that may still fill
    #[arg(long)]
    pub all: bool,
    /// Only those of this account, by name or number
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

/// Show what is coming: each pair, who says so, and its target
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  shrike listings --data data")]
pub struct ListingsArgs {
    /// Those that have opened too
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub place: Place,
}
