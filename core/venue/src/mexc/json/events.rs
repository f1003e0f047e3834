//! Answers of REST as the engine's events. An error adds none.
//!
//! The events of a list are not flagged `last`: whoever asked closes the list with an
//! [`Answer`](model::Body::Answer).

use model::{
    AccountId, Amount, AssetId, Balance, Body, ClientOrderId, DepthKind, Event, Fill, FillSource,
    Level, NumError, OrderUpdate, Price, Qty, Side, SymbolId, Text, UpdateSource, VenueKey,
    VenueText, VenueTime,
};

use super::JsonError;
use super::account::Account;
use super::market::{BookLevel, Depth};
use super::orders::{MyTrade, Order};
use super::record::{MaybeDecimal, PlainDecimal};
use crate::mexc::codec::money::{self, Safe};
use crate::{SymbolEntry, SymbolTable};

impl Depth<'_> {
    /// The snapshot of `symbol` as depth events, the last one flagged; an empty book is one event.
    ///
    /// # Errors
    /// [`JsonError::Number`] for a level that the symbol's scales do not hold,
    /// [`JsonError::NoScale`] before its rules are read.
    pub fn events(&self, symbol: &SymbolEntry, out: &mut Vec<Event>) -> Result<(), JsonError> {
        scaled(symbol)?;
        let start = out.len();
        let result = self.push_levels(symbol, out);
        match result {
            Ok(()) => out.last_mut().into_iter().for_each(|event| event.last = true),
            Err(_) => out.truncate(start),
        }
        result
    }

    fn push_levels(&self, symbol: &SymbolEntry, out: &mut Vec<Event>) -> Result<(), JsonError> {
        let version = self.last_update_id;
        let event = |depth| Event {
            stamped: self.timestamp.unwrap_or(VenueTime::NONE),
            last: false,
            ..Event::of(AccountId::NONE, symbol.id, Body::Depth(depth))
        };
        let chunk = |first| model::Depth::new(DepthKind::Snapshot, first, version, version);
        let mut depth = chunk(true);
        let bids = self.bids.iter().map(|level| (Side::Buy, level));
        let asks = self.asks.iter().map(|level| (Side::Sell, level));
        for (side, level) in bids.chain(asks) {
            let level = book_level(level, symbol)?;
            if !depth.push(side, level) {
                out.push(event(depth));
                depth = chunk(false);
                depth.push(side, level);
            }
        }
        out.push(event(depth));
        Ok(())
    }
}

impl Account<'_> {
    /// Balances of the assets that the table names, as events of `account`. The others are passed
    /// over: no pair of ours can spend them.
    ///
    /// # Errors
    /// [`JsonError::Number`] for a balance that cannot be held.
    pub fn events(
        &self,
        table: &SymbolTable,
        account: AccountId,
        out: &mut Vec<Event>,
    ) -> Result<(), JsonError> {
        let start = out.len();
        for balance in &self.balances {
            let free = amount("free", balance.usable(), Safe::Less);
            let locked = amount("locked", balance.locked, Safe::Less);
            let (free, locked) = match (free, locked) {
                (Ok(free), Ok(locked)) => (free, locked),
                (Err(error), _) | (_, Err(error)) => {
                    out.truncate(start);
                    return Err(error);
                }
            };
            let Some(asset) = table.find_asset(balance.asset.as_bytes()) else { continue };
            let body = Body::Balance(Balance { asset, free, locked });
            out.push(open(VenueTime::NONE, account, SymbolId::NONE, body));
        }
        Ok(())
    }
}

impl Order<'_> {
    /// The order as an update, after the text of its id.
    ///
    /// # Errors
    /// [`JsonError::UnknownSymbol`], [`JsonError::NoScale`], or what is wrong with a field.
    pub fn events(
        &self,
        table: &SymbolTable,
        account: AccountId,
        source: UpdateSource,
    ) -> Result<[Event; 2], JsonError> {
        let symbol = find(table, self.symbol)?;
        let update = OrderUpdate {
            client_order_id: own_id(self.own_id()),
            order: VenueKey::of(self.order_id.as_bytes()),
            status: self.order_status()?,
            source,
            side: self.order_side()?,
            kind: self.order_kind(),
            price: limit_price(self.price, symbol)?,
            qty: qty_or_zero("origQty", self.orig_qty, symbol)?,
            filled: qty_or_zero("executedQty", self.executed_qty, symbol)?,
        };
        let stamped = self.update_time.or(self.time).unwrap_or(VenueTime::NONE);
        let event = |body| open(stamped, account, symbol.id, body);
        Ok([event(text(self.order_id)), event(Body::Order(update))])
    }
}

impl MyTrade<'_> {
    /// The deal as a fill, after the texts of its ids.
    ///
    /// # Errors
    /// [`JsonError::UnknownSymbol`], [`JsonError::NoScale`], or what is wrong with a field.
    pub fn events(&self, table: &SymbolTable, account: AccountId) -> Result<[Event; 3], JsonError> {
        let symbol = find(table, self.symbol)?;
        let fill = Fill {
            client_order_id: own_id(self.client_order_id),
            order: VenueKey::of(self.order_id.as_bytes()),
            trade: VenueKey::of(self.id.as_bytes()),
            fee: amount("commission", self.commission, Safe::More)?,
            price: price("price", self.price, symbol)?,
            qty: qty("qty", self.qty, symbol)?,
            fee_asset: table.find_asset(self.commission_asset.as_bytes()).unwrap_or(AssetId::NONE),
            side: if self.is_buyer { Side::Buy } else { Side::Sell },
            maker: self.is_maker,
            source: FillSource::Trades,
        };
        if !fill.trade.is_some() {
            return Err(JsonError::Missing { field: "id" });
        }
        let event = |body| open(self.time, account, symbol.id, body);
        Ok([event(text(self.order_id)), event(text(self.id)), event(Body::Fill(fill))])
    }
}

fn open(stamped: VenueTime, account: AccountId, symbol: SymbolId, body: Body) -> Event {
    Event { stamped, symbol, account, last: false, body }
}

fn text(text: &str) -> Body {
    Body::VenueText(VenueText { key: VenueKey::of(text.as_bytes()), text: Text::clipped(text) })
}

fn own_id(text: Option<&str>) -> Option<ClientOrderId> {
    ClientOrderId::parse(text?.as_bytes()).ok()
}

fn find<'t>(table: &'t SymbolTable, name: &str) -> Result<&'t SymbolEntry, JsonError> {
    let Some(entry) = table.find(name.as_bytes()) else {
        return Err(JsonError::UnknownSymbol { name: Text::clipped(name) });
    };
    scaled(entry)?;
    Ok(entry)
}

fn scaled(symbol: &SymbolEntry) -> Result<(), JsonError> {
    if symbol.price_decimals == 0 && symbol.qty_decimals == 0 {
        return Err(JsonError::NoScale { symbol: symbol.id });
    }
    Ok(())
}

fn book_level(level: &BookLevel<'_>, symbol: &SymbolEntry) -> Result<Level, JsonError> {
    Ok(Level { price: price("price", level.price, symbol)?, qty: qty("qty", level.qty, symbol)? })
}

fn price(
    field: &'static str,
    text: PlainDecimal<'_>,
    symbol: &SymbolEntry,
) -> Result<Price, JsonError> {
    text.price(symbol.price_decimals).map_err(|cause| JsonError::Number { field, cause })
}

fn qty(
    field: &'static str,
    text: PlainDecimal<'_>,
    symbol: &SymbolEntry,
) -> Result<Qty, JsonError> {
    text.qty(symbol.qty_decimals).map_err(|cause| JsonError::Number { field, cause })
}

fn qty_or_zero(
    field: &'static str,
    text: MaybeDecimal<'_>,
    symbol: &SymbolEntry,
) -> Result<Qty, JsonError> {
    text.0.map_or(Ok(Qty::ZERO), |text| qty(field, text, symbol))
}

/// Market orders carry a protective price, none or zero.
fn limit_price(text: MaybeDecimal<'_>, symbol: &SymbolEntry) -> Result<Option<Price>, JsonError> {
    let Some(text) = text.0 else { return Ok(None) };
    match text.price(symbol.price_decimals) {
        Ok(price) => Ok(Some(price)),
        Err(NumError::NotPositive) => Ok(None),
        Err(cause) => Err(JsonError::Number { field: "price", cause }),
    }
}

fn amount(field: &'static str, text: PlainDecimal<'_>, safe: Safe) -> Result<Amount, JsonError> {
    money::amount(text.as_str().as_bytes(), safe)
        .map_err(|cause| JsonError::Number { field, cause })
}
