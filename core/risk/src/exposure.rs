//! The state that a request is judged against, read by the engine at the moment of judging.

use model::{Amount, Blocks, KillLevel, Mono, Permit, Price, Qty, SymbolSpec, VenueKey, VenueTime};

/// Everything the gate compares a request with. The engine fills it; the gate only reads.
#[derive(Clone, Copy, Debug)]
pub struct Exposure {
    /// Our clock.
    pub now: Mono,
    /// Estimate of the exchange's clock.
    pub venue_now: VenueTime,
    /// Rules of the symbol; without them nothing is admitted.
    pub spec: Option<SymbolSpec>,
    /// Coin behind the symbol's name as of this moment.
    pub coin: VenueKey,
    /// The permit that the request names.
    pub permit: Option<PermitUse>,
    /// Kill level in force.
    pub kill: KillLevel,
    /// Conditions that hold entries back.
    pub blocks: Blocks,
    /// Whether the symbol has opened and its rules were read since: tradability binds from then on.
    pub opened: bool,
    /// Whether the symbol opened less than a day ago.
    pub listing: bool,
    /// Reference of the collar, once there is a book or a deal.
    pub reference: Option<Price>,
    /// First price of ours inside the drift window, once there is a book.
    pub drift_from: Option<Price>,
    /// Visible opposite quantity at the request's price or better, once there is a book.
    pub opposite_depth: Option<Qty>,
    /// Best bid, once there is a book.
    pub bid: Option<Price>,
    /// Best ask, once there is a book.
    pub ask: Option<Price>,
    /// Best price among our own live orders on the other side.
    pub own_opposite: Option<Price>,
    /// Sellable quantity held under the exit authority.
    pub held: Qty,
    /// Quantity that our live and unknown sales already offer.
    pub offered: Qty,
    /// Live and unknown orders of the same permit, leg and side.
    pub same_leg: u32,
    /// Live and unknown orders of the account.
    pub orders_live: u32,
    /// Live and unknown orders of the symbol.
    pub orders_live_symbol: u32,
    /// Cost of holdings plus buys in flight of the symbol.
    pub symbol_notional: Amount,
    /// The same over the quote asset.
    pub quote_notional: Amount,
    /// The same over everything.
    pub total_notional: Amount,
    /// Bought today, filled and in flight and unknown.
    pub bought_today: Amount,
    /// Requests of this class that the rate budget admits at this moment.
    pub rate_room: u32,
}

/// A permit and what has been used of it.
#[derive(Clone, Copy, Debug)]
pub struct PermitUse {
    /// The permit.
    pub permit: Permit,
    /// Whether it is on disk.
    pub durable: bool,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Orders sent under it.
    pub orders_sent: u32,
    /// Quote filled and in flight under it.
    pub notional_used: Amount,
}
