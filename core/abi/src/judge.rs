//! What a risk rule is asked, and what it says.

use crate::layout::layout;

layout! {
    /// One buy that the native limits let through, with the figures they compared. Sales and
    /// cancels are never asked about.
    Question: 256 {
        /// Our clock, in nanoseconds.
        0 now: i64,
        /// The exchange's clock, in nanoseconds since the epoch.
        8 venue_now: i64,
        /// The pair.
        16 symbol: u32,
        /// Whose order.
        20 account: u8,
        /// Order kind: 0 limit, 1 limit maker, 2 immediate or cancel, 3 fill or kill, 4 market.
        21 kind: u8,
        /// Decimals of every price here.
        22 price_decimals: u8,
        /// Decimals of every quantity here.
        23 qty_decimals: u8,
        /// Limit price.
        24 price: i64,
        /// Quantity asked for.
        32 qty: i64,
        /// Quantities are multiples of this.
        40 step: i64,
        /// Best bid; 0 when there is no live book.
        48 bid: i64,
        /// Best ask; 0 when there is no live book.
        56 ask: i64,
        /// Asks up to the price; 0 when there is no live book.
        64 depth: i64,
        /// The pair's holdings on the account.
        72 held: i64,
        /// Price times quantity, in quote at 1e-18.
        80 notional: i128,
        /// Cost of the pair's holdings and buys in flight on the account.
        96 symbol_notional: i128,
        /// The same over all pairs of the same quote.
        112 quote_notional: i128,
        /// The same over all pairs.
        128 total_notional: i128,
        /// Bought today in UTC, with what is in flight.
        144 bought_today: i128,
        /// What the permit allows.
        160 permit_max: i128,
        /// What the permit has used.
        176 permit_used: i128,
        /// Orders of the account that are alive.
        192 orders_live: u32,
        /// Orders of the account and pair that are alive.
        196 orders_live_symbol: u32,
        /// The permit's id.
        200 permit: u32,
        /// 1 once the pair has opened.
        204 opened: u8,
        /// 1 while the pair counts as freshly listed.
        205 listing: u8,
        /// Zero.
        206 reserved: [u8; 50],
    }
}

layout! {
    /// Figures of a verdict.
    Verdict: 16 {
        /// Shrink: at most this much, at the symbol's scale. More than was asked for changes
        /// nothing; it is cut down to a multiple of the step.
        0 qty: i64,
        /// Refuse: the rule's own number, for records.
        8 code: u32,
        /// Zero.
        12 reserved: u32,
    }
}
