//! What the exchange knows of itself, as one JSON document, so that a test can hold it against
//! what a client believes.

use std::fmt::Write;

use crate::api::json::{OrNull, PriceText, QtyText, Quoted, list};
use crate::exchange::Exchange;
use crate::order::{Deal, Order};
use crate::ws::push::deal_id_text;

impl Exchange {
    /// Balances, orders, deals and the sums of the double-entry ledger. Amounts are decimal text,
    /// times nanoseconds since the epoch.
    ///
    /// - `now_ns`; `balanced`: whether every asset's entries sum to zero and every pocket holds
    ///   what was entered on it
    /// - `assets`: `asset`, `issued`, `held` (pockets and fees), `fees`, `movements` (their
    ///   number), `entries_sum` (over all entries, money from outside included: always 0)
    /// - `accounts`: `name`, `uid`, `house` (background flow), `balances` of `asset`, `free`,
    ///   `locked`, `entered` (the sum of its entries)
    /// - `orders` and `deals` of the accounts that are not background flow, oldest first by
    ///   account, with their ids of the wire; `account` is the name
    pub fn report(&self) -> String {
        let mut out = String::new();
        self.write_report(&mut out);
        out
    }

    pub(crate) fn write_report(&self, out: &mut String) {
        let _ = write!(out, "{{\"now_ns\":{},\"balanced\":{}", self.now.nanos(), self.balanced());
        out.push_str(",\"assets\":");
        let assets = self.ledger.assets().iter().enumerate();
        list(out, assets, |out, (asset, name)| self.write_asset(asset, name, out));
        out.push_str(",\"accounts\":");
        list(out, 0..self.accounts.len(), |out, account| self.write_account(account, out));
        let own = || self.accounts.iter().enumerate().filter(|(_, account)| !account.house);
        out.push_str(",\"orders\":");
        let orders = own().flat_map(|(at, account)| self.orders(at).map(move |o| (account, o)));
        list(out, orders, |out, (account, order)| self.write_order(&account.name, order, out));
        out.push_str(",\"deals\":");
        let deals = own().flat_map(|(_, account)| account.deals.iter().map(move |d| (account, d)));
        list(out, deals, |out, (account, deal)| self.write_deal(&account.name, deal, out));
        out.push('}');
    }

    fn balanced(&self) -> bool {
        let assets = || 0..self.ledger.assets().len();
        let entered = |account, asset| {
            let pocket = self.ledger.pocket(account, asset);
            pocket.free.plus_or_max(pocket.locked) == self.ledger.entered(account, asset)
        };
        self.unbalanced_assets().is_empty()
            && assets().all(|asset| self.ledger.entries(asset).2.raw() == 0)
            && (0..self.accounts.len()).all(|at| assets().all(|asset| entered(at, asset)))
    }

    fn write_asset(&self, asset: usize, name: &str, out: &mut String) {
        let (issued, held) = self.ledger.totals(asset);
        let (fees, movements, sum) = self.ledger.entries(asset);
        let _ = write!(
            out,
            "{{\"asset\":{},\"issued\":\"{issued}\",\"held\":\"{held}\",\"fees\":\"{fees}\",\
             \"movements\":{movements},\"entries_sum\":\"{sum}\"}}",
            Quoted(name),
        );
    }

    fn write_account(&self, at: usize, out: &mut String) {
        let account = &self.accounts[at];
        let _ = write!(
            out,
            "{{\"name\":{},\"uid\":\"{}\",\"house\":{},\"balances\":",
            Quoted(&account.name),
            self.uid_text(at),
            account.house,
        );
        let pockets = self.ledger.assets().iter().enumerate();
        let pockets = pockets.map(|(asset, name)| {
            (name, self.ledger.pocket(at, asset), self.ledger.entered(at, asset))
        });
        let used = pockets
            .filter(|(_, pocket, entered)| *pocket != Default::default() || entered.raw() != 0);
        list(out, used, |out, (name, pocket, entered)| {
            let _ = write!(
                out,
                "{{\"asset\":{},\"free\":\"{}\",\"locked\":\"{}\",\"entered\":\"{entered}\"}}",
                Quoted(name),
                pocket.free,
                pocket.locked,
            );
        });
        out.push('}');
    }

    fn write_order(&self, account: &str, order: &Order, out: &mut String) {
        let symbol = &self.symbols[order.symbol];
        let price = order.price.map(|price| PriceText(price, symbol.scale).to_string());
        let quote_qty = order.quote_qty.map(|amount| amount.to_string());
        let _ = write!(
            out,
            "{{\"account\":{},\"symbol\":{},\"orderId\":\"{}\",\"clientOrderId\":{},\
             \"side\":\"{}\",\"type\":\"{}\",\"status\":\"{}\",\"price\":{},\"origQty\":\"{}\",\
             \"origQuoteOrderQty\":{},\"executedQty\":\"{}\",\"cummulativeQuoteQty\":\"{}\",\
             \"locked\":\"{}\",\"stpMode\":\"{}\",\"cancelReason\":\"{}\",\"created_ns\":{},\
             \"updated_ns\":{}}}",
            Quoted(account),
            Quoted(&symbol.name),
            self.order_id_text(order.id),
            OrNull(order.client_id.as_deref()),
            order.side.name(),
            order.kind.name(),
            order.status.word(),
            OrNull(price.as_deref()),
            QtyText(order.qty, symbol.scale),
            OrNull(quote_qty.as_deref()),
            QtyText(order.filled, symbol.scale),
            order.quote_filled,
            order.locked,
            order.stp_mode,
            order.cancel_reason,
            order.created.nanos(),
            order.updated.nanos(),
        );
    }

    fn write_deal(&self, account: &str, deal: &Deal, out: &mut String) {
        let symbol = &self.symbols[deal.symbol];
        let _ = write!(
            out,
            "{{\"account\":{},\"symbol\":{},\"id\":\"{}\",\"orderId\":\"{}\",\"clientOrderId\":{},\
             \"side\":\"{}\",\"maker\":{},\"selfTrade\":{},\"price\":\"{}\",\"qty\":\"{}\",\
             \"quoteQty\":\"{}\",\"fee\":\"{}\",\"feeAsset\":{},\"at_ns\":{}}}",
            Quoted(account),
            Quoted(&symbol.name),
            deal_id_text(deal),
            self.order_id_text(deal.order),
            OrNull(deal.client_id.as_deref()),
            deal.side.name(),
            deal.maker,
            deal.self_trade,
            PriceText(deal.price, symbol.scale),
            QtyText(deal.qty, symbol.scale),
            deal.quote_qty,
            deal.fee,
            Quoted(&self.ledger.assets()[deal.fee_asset]),
            deal.at.nanos(),
        );
    }
}
