//! What a plug-in is shown: what happened, what detection makes of it, and the symbol's book top,
//! targets and positions after the engine applied it.

use crate::layout::layout;

/// [`Head::kind`]: nothing but the signals: detection looked again.
pub const SIGNALS: u16 = 0;
/// [`Head::kind`]: [`Listing`].
pub const LISTING: u16 = 1;
/// [`Head::kind`]: [`Depth`].
pub const DEPTH: u16 = 2;
/// [`Head::kind`]: [`Top`].
pub const TOP: u16 = 3;
/// [`Head::kind`]: [`Print`].
pub const PRINT: u16 = 4;
/// [`Head::kind`]: [`Order`].
pub const ORDER: u16 = 5;
/// [`Head::kind`]: [`Fill`].
pub const FILL: u16 = 6;
/// [`Head::kind`]: [`Balance`].
pub const BALANCE: u16 = 7;
/// [`Head::kind`]: [`Names`].
pub const NAMES: u16 = 8;
/// [`Head::kind`]: [`Rules`].
pub const RULES: u16 = 9;
/// [`Head::kind`]: [`TargetChange`].
pub const TARGET: u16 = 10;
/// [`Head::kind`]: [`PositionChange`].
pub const POSITION: u16 = 11;
/// [`Head::kind`]: [`Timer`].
pub const TIMER: u16 = 12;
/// [`Head::kind`]: [`Parameter`].
pub const PARAMETER: u16 = 13;

/// Every kind with the word that a manifest subscribes to it by. Signals, timers and parameters
/// come without being asked for.
pub const KINDS: [(u16, &str); 14] = [
    (SIGNALS, "signals"),
    (LISTING, "listing"),
    (DEPTH, "depth"),
    (TOP, "top"),
    (PRINT, "print"),
    (ORDER, "order"),
    (FILL, "fill"),
    (BALANCE, "balance"),
    (NAMES, "names"),
    (RULES, "rules"),
    (TARGET, "target"),
    (POSITION, "position"),
    (TIMER, "timer"),
    (PARAMETER, "parameter"),
];

/// [`Head::flags`]: the symbol has targets beyond those shown.
pub const MORE_TARGETS: u8 = 1;
/// [`Head::flags`]: the symbol has positions beyond those shown.
pub const MORE_POSITIONS: u8 = 2;
/// [`Target::flags`] and [`Position::flags`]: it is this plug-in's own.
pub const OWN: u8 = 1;
/// [`Signal::flags`]: the confidence rests on fewer than 200 outcomes.
pub const UNCALIBRATED: u8 = 1;

/// Evidence of a signal, at most.
pub const EVIDENCE: usize = 8;
/// Levels of one depth event, at most.
pub const LEVELS: usize = 5;

layout! {
    /// When, of what, and how much of the rest counts.
    Head: 64 {
        /// Our monotonic clock, in nanoseconds.
        0 now: i64,
        /// The exchange's clock, in nanoseconds since the epoch; [`NO_TIME`](crate::NO_TIME)
        /// before it is known.
        8 venue_now: i64,
        /// When the exchange says it happened; [`NO_TIME`](crate::NO_TIME) if it does not.
        16 stamped: i64,
        /// The pair; [`NO_SYMBOL`](crate::NO_SYMBOL) when the event is of none.
        24 symbol: u32,
        /// What the body is.
        28 kind: u16,
        /// The account; [`NO_ACCOUNT`](crate::NO_ACCOUNT) when the event is of none.
        30 account: u8,
        /// A sum of [`MORE_TARGETS`] and [`MORE_POSITIONS`].
        31 flags: u8,
        /// Best bid at the symbol's scale; 0 when there is none.
        32 bid: i64,
        /// Best ask at the symbol's scale; 0 when there is none.
        40 ask: i64,
        /// Decimals of every price of the symbol; 255 before its rules are known.
        48 price_decimals: u8,
        /// Decimals of every quantity of the symbol; 255 before its rules are known.
        49 qty_decimals: u8,
        /// How many signals count.
        50 signals: u8,
        /// How many targets count.
        51 targets: u8,
        /// How many positions count.
        52 positions: u8,
        /// Kill switch: 0 active, 1 halt, 2 reduce, 3 flatten.
        53 kill: u8,
        /// Zero.
        54 reserved: u16,
        /// Planned opening, in the exchange's clock; [`NO_TIME`](crate::NO_TIME) when unknown.
        56 opens_at: i64,
    }
}

layout! {
    /// Any of the structures below, with zeros behind it.
    Body: 112 {
        /// Its bytes.
        0 bytes: [u8; 112],
    }
}

layout! {
    /// A witness spoke about the pair's listing.
    Listing: 48 {
        /// Who: 1 calendar, 2 web list, 3 exchangeInfo, 4 API symbols, 5 announcement, 6 first
        /// print, 7 futures, 8 operator.
        0 source: u8,
        /// What: 1 it opens at `opens_at`, 2 the web list shows it, 3 whether the API may trade
        /// it, 4 the witness no longer shows it.
        1 what: u8,
        /// The web list's state.
        2 sts: u8,
        /// The web list's state.
        3 st: u8,
        /// The web list's state.
        4 tt: u8,
        /// Decimals of price by the web list; 255 when not said.
        5 price_scale: u8,
        /// Decimals of quantity by the web list; 255 when not said.
        6 qty_scale: u8,
        /// 1 when the API may trade it by this witness.
        7 api_allowed: u8,
        /// Planned opening by this witness; [`NO_TIME`](crate::NO_TIME) when not said.
        8 opens_at: i64,
        /// Key of the coin's id: the same name may be listed again as another coin.
        16 coin: u128,
        /// Zero.
        32 reserved: [u64; 2],
    }
}

layout! {
    /// One price level.
    Level: 16 {
        /// The price.
        0 price: i64,
        /// The quantity that stands there; 0 removes it.
        8 qty: i64,
    }
}

layout! {
    /// The last part of a change of the book. The book itself is the engine's: its top stands in
    /// the head.
    Depth: 104 {
        /// First version inside the push.
        0 from: u64,
        /// Last version inside the push.
        8 to: u64,
        /// 1 changed levels, 2 the whole visible book, 3 the complete top.
        16 kind: u8,
        /// 1 when this is the push's first part too.
        17 first: u8,
        /// How many levels count.
        18 len: u8,
        /// Bit n set: level n is an ask.
        19 asks: u8,
        /// Zero.
        20 reserved: u32,
        /// The levels.
        24 levels: [Level; LEVELS],
    }
}

layout! {
    /// Best bid and ask; a quantity of 0 where the book has none.
    Top: 40 {
        /// Best bid.
        0 bid: Level,
        /// Best ask.
        16 ask: Level,
        /// Version of the book; 0 when the venue did not say.
        32 version: u64,
    }
}

layout! {
    /// A public deal.
    Print: 24 {
        /// At this price.
        0 price: i64,
        /// This much.
        8 qty: i64,
        /// The side that took: 1 buy, 2 sell.
        16 taker: u8,
        /// Zero.
        17 reserved: [u8; 7],
    }
}

layout! {
    /// An order of the account changed.
    Order: 48 {
        /// Our id; 0 when the order is not one of ours.
        0 client_order_id: u128,
        /// Limit price; 0 when there is none.
        16 price: i64,
        /// Ordered quantity.
        24 qty: i64,
        /// Filled quantity.
        32 filled: i64,
        /// Permit behind it; 0 when the order is not one of ours.
        40 permit: u32,
        /// 1 buy, 2 sell.
        44 side: u8,
        /// 1 new, 2 filled, 3 part filled, 4 cancelled, 5 part filled and cancelled.
        45 status: u8,
        /// 0 limit, 1 limit maker, 2 immediate or cancel, 3 fill or kill, 4 market, 255 unknown.
        46 kind: u8,
        /// Zero.
        47 reserved: u8,
    }
}

layout! {
    /// A deal of the account.
    Fill: 80 {
        /// Our order id; 0 when the order is not one of ours.
        0 client_order_id: u128,
        /// Key of the venue's trade id.
        16 trade: u128,
        /// Fee paid, at 1e-18 of `fee_asset`.
        32 fee: i128,
        /// Price of the deal.
        48 price: i64,
        /// Quantity of the deal.
        56 qty: i64,
        /// Permit behind it; 0 when the order is not one of ours.
        64 permit: u32,
        /// What the fee was paid in, by index.
        68 fee_asset: u32,
        /// 1 buy, 2 sell.
        72 side: u8,
        /// 1 when our order rested.
        73 maker: u8,
        /// Zero.
        74 reserved: [u8; 6],
    }
}

layout! {
    /// A balance of the account after a change.
    Balance: 40 {
        /// Available, at 1e-18.
        0 free: i128,
        /// Held by orders, at 1e-18.
        16 locked: i128,
        /// Of what, by index.
        32 asset: u32,
        /// Zero.
        36 reserved: u32,
    }
}

layout! {
    /// The names of a pair, each ended by zeros.
    Names: 56 {
        /// The venue's name, such as `NEWUSDT`.
        0 name: [u8; 24],
        /// Base asset.
        24 base: [u8; 16],
        /// Quote asset.
        40 quote: [u8; 8],
        /// Base asset's index.
        48 base_asset: u32,
        /// Quote asset's index.
        52 quote_asset: u32,
    }
}

layout! {
    /// What the venue takes for the pair. Decimals stand in the head.
    Rules: 80 {
        /// Prices are multiples of this.
        0 tick: i64,
        /// Quantities are multiples of this.
        8 step: i64,
        /// Smallest quantity of an order; 0 when the venue names none.
        16 qty_min: i64,
        /// Counts the readings that differed, from 1.
        24 version: u32,
        /// Fee of a resting order, in millionths.
        28 maker_fee_ppm: u32,
        /// Smallest price times quantity, in quote at 1e-18.
        32 notional_min: i128,
        /// Largest price times quantity, in quote at 1e-18.
        48 notional_max: i128,
        /// Fee of a crossing order, in millionths.
        64 taker_fee_ppm: u32,
        /// 1 online, 2 paused, 3 offline.
        68 status: u8,
        /// 1 both sides, 2 buys only, 3 sells only, 4 neither.
        69 sides: u8,
        /// Bit n set: order kind n is taken.
        70 kinds: u8,
        /// 1 when the API may trade it.
        71 api_allowed: u8,
        /// 1 read from the web list (precisions only), 2 from exchangeInfo.
        72 source: u8,
        /// Zero.
        73 reserved: [u8; 7],
    }
}

layout! {
    /// A target changed.
    TargetChange: 24 {
        /// Which and how, after the change.
        0 target: Target,
    }
}

layout! {
    /// A position changed.
    PositionChange: 64 {
        /// The target it came from.
        0 target: u32,
        /// Whose.
        4 account: u8,
        /// [`OWN`] or 0.
        5 flags: u8,
        /// How it was closed, once nothing is left to sell: 1 take profit, 2 stop loss, 3 trailing,
        /// 4 break even, 5 time stop, 6 by hand, 7 kill, 8 dust, 9 handed over; 0 while it is open.
        6 closed: u8,
        /// Zero.
        7 reserved: u8,
        /// Held, fees in base subtracted.
        8 qty: i64,
        /// Quote paid for all buys, fees included, at 1e-18.
        16 paid: i128,
        /// Quote received for all sells, fees subtracted, at 1e-18.
        32 received: i128,
        /// Fees in assets that are neither base nor quote, counted but not valued.
        48 other_fees: u32,
        /// Zero.
        52 reserved_2: [u8; 12],
    }
}

layout! {
    /// A timer of the plug-in came.
    Timer: 16 {
        /// Which, 0 to 7.
        0 timer: u32,
        /// Zero.
        4 reserved: u32,
        /// When it was due; the head's `now` may be later.
        8 due: i64,
    }
}

layout! {
    /// The operator changed a parameter; [`Setup`](crate::setup::Setup) was shown before.
    Parameter: 16 {
        /// Which, by its place in the manifest.
        0 parameter: u32,
        /// Zero.
        4 reserved: u32,
        /// Its value.
        8 value: i64,
    }
}

layout! {
    /// One fact behind a signal.
    Evidence: 16 {
        /// 1 calendar's opening in ms, 2 web list's opening in ms, 3 web list's state as
        /// `sts * 10000 + st * 100 + tt`, 4 precision as `ps * 100 + qs`, 5 status in
        /// exchangeInfo, 6 API allowed.
        0 factor: u8,
        /// Zero.
        1 reserved: [u8; 7],
        /// Its value.
        8 value: i64,
    }
}

layout! {
    /// A pattern seen for the pair.
    Signal: 144 {
        /// 1 ready state, 2 pre-ready, 3 launch sequence, 4 price move, 5 volume spike, 6 combined.
        0 pattern: u8,
        /// Estimated probability x 100 that the opening can be traded.
        1 confidence: u8,
        /// [`UNCALIBRATED`] or 0.
        2 flags: u8,
        /// How many of `facts` count.
        3 evidence: u8,
        /// The pair.
        4 symbol: u32,
        /// Planned opening; [`NO_TIME`](crate::NO_TIME) when unknown.
        8 opens_at: i64,
        /// The known facts, strongest first.
        16 facts: [Evidence; EVIDENCE],
    }
}

layout! {
    /// A target of the pair.
    Target: 24 {
        /// Which.
        0 id: u32,
        /// Whose.
        4 account: u8,
        /// 0 pending, 1 ready, 2 armed, 3 executing, 4 open, 5 closing, 6 completed, 7 failed,
        /// 8 cancelled, 9 expired, 10 missed, 11 blocked.
        5 state: u8,
        /// What it rests on, as [`Signal::pattern`].
        6 pattern: u8,
        /// How sure, 0 to 100.
        7 confidence: u8,
        /// [`OWN`] or 0.
        8 flags: u8,
        /// Why it is not where it should be, by the number of the reason code; 0 for none.
        9 why: u8,
        /// Zero.
        10 reserved: u16,
        /// Its permit; 0 before it is armed.
        12 permit: u32,
        /// Planned opening.
        16 opens_at: i64,
    }
}

layout! {
    /// A position of the pair.
    Position: 24 {
        /// The target it came from.
        0 target: u32,
        /// Whose.
        4 account: u8,
        /// [`OWN`] or 0.
        5 flags: u8,
        /// Zero.
        6 reserved: u16,
        /// What can be sold.
        8 qty: i64,
        /// Average price paid; 0 when unknown.
        16 entry_price: i64,
    }
}

macro_rules! fits {
    ($($name:ident),*) => {
        const _: () = {
            $( assert!(<$name as crate::Plain>::SIZE <= <Body as crate::Plain>::SIZE); )*
        };
    };
}

fits!(Listing, Depth, Top, Print, Order, Fill, Balance, Names, Rules);
fits!(TargetChange, PositionChange, Timer, Parameter);
