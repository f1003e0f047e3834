//! Private pushes to events. None is skipped: what cannot be understood is an error.

use model::{
    AccountId, Amount, AssetId, Balance, Body, ClientOrderId, Event, Fill, FillSource, NumError,
    OrderKind, OrderStatus, OrderUpdate, Price, Qty, SymbolId, Text, UpdateSource, VenueKey,
    VenueText, VenueTime,
};

use super::hot::{offset, side};
use super::money::{self, Safe};
use super::schema::{PrivateAccount, PrivateDeals, PrivateOrders};
use super::scratch::Scratch;
use super::{DecodeError, Wrapper};
use crate::{SymbolEntry, SymbolTable};

/// A private push and what is needed to understand it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Private<'a> {
    pub(crate) frame: &'a [u8],
    pub(crate) table: &'a SymbolTable,
    pub(crate) account: AccountId,
    pub(crate) sent: VenueTime,
}

impl Private<'_> {
    pub(crate) fn order(
        &self,
        wrapper: &Wrapper<'_>,
        order: &PrivateOrders<'_>,
        out: &mut Scratch,
    ) -> Result<SymbolId, DecodeError> {
        let entry = self.symbol(wrapper.symbol)?;
        if order.id.is_empty() {
            return Err(DecodeError::Missing { field: "id" });
        }
        let update = OrderUpdate {
            client_order_id: ClientOrderId::parse(order.client_id.as_bytes()).ok(),
            order: VenueKey::of(order.id.as_bytes()),
            status: status(order.status)?,
            source: UpdateSource::Stream,
            side: side("tradeType", order.trade_type)?,
            kind: kind(order.order_type),
            price: self.limit_price(entry, order.price)?,
            qty: self.qty_or_zero(entry, "quantity", order.quantity)?,
            filled: self.qty_or_zero(entry, "cumulativeQuantity", order.cumulative_quantity)?,
        };
        let event = self.event(entry.id);
        out.push(Event { body: venue_text(order.id), ..event })?;
        out.push(Event { body: Body::Order(update), ..event })?;
        Ok(entry.id)
    }

    pub(crate) fn fill(
        &self,
        wrapper: &Wrapper<'_>,
        deal: &PrivateDeals<'_>,
        out: &mut Scratch,
    ) -> Result<SymbolId, DecodeError> {
        let entry = self.symbol(wrapper.symbol)?;
        for (field, text) in [("tradeId", deal.trade_id), ("orderId", deal.order_id)] {
            if text.is_empty() {
                return Err(DecodeError::Missing { field });
            }
        }
        let price = deal.price.as_bytes();
        let qty = deal.quantity.as_bytes();
        let fill = Fill {
            client_order_id: ClientOrderId::parse(deal.client_order_id.as_bytes()).ok(),
            order: VenueKey::of(deal.order_id.as_bytes()),
            trade: VenueKey::of(deal.trade_id.as_bytes()),
            fee: self.amount("feeAmount", deal.fee_amount, Safe::More)?,
            price: Price::parse(price, entry.price_decimals)
                .map_err(|cause| self.number("price", price, cause))?,
            qty: Qty::parse(qty, entry.qty_decimals)
                .map_err(|cause| self.number("quantity", qty, cause))?,
            fee_asset: self.table.find_asset(deal.fee_currency.as_bytes()).unwrap_or(AssetId::NONE),
            side: side("tradeType", deal.trade_type)?,
            maker: deal.is_maker,
            source: FillSource::Stream,
        };
        let stamped = if deal.time == 0 { self.sent } else { VenueTime::from_millis(deal.time) };
        let event = Event { stamped, ..self.event(entry.id) };
        out.push(Event { body: venue_text(deal.order_id), ..event })?;
        out.push(Event { body: venue_text(deal.trade_id), ..event })?;
        out.push(Event { body: Body::Fill(fill), ..event })?;
        Ok(entry.id)
    }

    /// Gives whether the asset is known; a balance of an asset that no pair names has no event.
    pub(crate) fn balance(
        &self,
        account: &PrivateAccount<'_>,
        out: &mut Scratch,
    ) -> Result<bool, DecodeError> {
        if account.vcoin_name.is_empty() {
            return Err(DecodeError::Missing { field: "vcoinName" });
        }
        let free = self.amount("balanceAmount", account.balance_amount, Safe::Less)?;
        let locked = self.amount("frozenAmount", account.frozen_amount, Safe::Less)?;
        let Some(asset) = self.table.find_asset(account.vcoin_name.as_bytes()) else {
            return Ok(false);
        };
        let body = Body::Balance(Balance { asset, free, locked });
        out.push(Event { body, ..self.event(SymbolId::NONE) })?;
        Ok(true)
    }

    fn symbol(&self, name: &str) -> Result<&SymbolEntry, DecodeError> {
        let Some(entry) = self.table.find(name.as_bytes()) else {
            return Err(DecodeError::UnknownSymbol { name: Text::clipped(name) });
        };
        if !has_scale(entry) {
            return Err(DecodeError::NoScale { symbol: entry.id });
        }
        Ok(entry)
    }

    /// Market orders carry a protective price, an empty one or zero.
    fn limit_price(&self, entry: &SymbolEntry, text: &str) -> Result<Option<Price>, DecodeError> {
        if text.is_empty() {
            return Ok(None);
        }
        match Price::parse(text.as_bytes(), entry.price_decimals) {
            Ok(price) => Ok(Some(price)),
            Err(NumError::NotPositive) => Ok(None),
            Err(cause) => Err(self.number("price", text.as_bytes(), cause)),
        }
    }

    /// A quantity that may be absent: orders by amount have none, fresh ones have filled none.
    fn qty_or_zero(
        &self,
        entry: &SymbolEntry,
        field: &'static str,
        text: &str,
    ) -> Result<Qty, DecodeError> {
        if text.is_empty() {
            return Ok(Qty::ZERO);
        }
        Qty::parse(text.as_bytes(), entry.qty_decimals)
            .map_err(|cause| self.number(field, text.as_bytes(), cause))
    }

    /// Money that may be absent, rounded to the safe side where it is finer than ours.
    fn amount(&self, field: &'static str, text: &str, safe: Safe) -> Result<Amount, DecodeError> {
        if text.is_empty() {
            return Ok(Amount::ZERO);
        }
        money::amount(text.as_bytes(), safe)
            .map_err(|cause| self.number(field, text.as_bytes(), cause))
    }

    fn event(&self, symbol: SymbolId) -> Event {
        Event {
            stamped: self.sent,
            symbol,
            account: self.account,
            last: false,
            body: Body::VenueText(VenueText { key: VenueKey::NONE, text: Text::EMPTY }),
        }
    }

    fn number(&self, field: &'static str, text: &[u8], cause: NumError) -> DecodeError {
        DecodeError::Number { field, at: offset(self.frame, text), cause }
    }
}

/// Whether the rules of the symbol were read: scales are precision + 2, so 0 and 0 means never.
pub(crate) const fn has_scale(entry: &SymbolEntry) -> bool {
    entry.price_decimals != 0 || entry.qty_decimals != 0
}

/// The text behind a key, for records.
pub(crate) fn venue_text(text: &str) -> Body {
    Body::VenueText(VenueText { key: VenueKey::of(text.as_bytes()), text: Text::clipped(text) })
}

fn status(number: i32) -> Result<OrderStatus, DecodeError> {
    u8::try_from(number)
        .ok()
        .and_then(OrderStatus::from_u8)
        .ok_or(DecodeError::Value { field: "status", found: i64::from(number) })
}

/// `None` for stop orders made elsewhere and for kinds that do not exist yet.
const fn kind(number: i32) -> Option<OrderKind> {
    match number {
        1 => Some(OrderKind::Limit),
        2 => Some(OrderKind::LimitMaker),
        3 => Some(OrderKind::ImmediateOrCancel),
        4 => Some(OrderKind::FillOrKill),
        5 => Some(OrderKind::Market),
        _ => None,
    }
}
