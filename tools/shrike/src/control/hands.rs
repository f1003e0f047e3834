//! What an operator does by hand: a wish to the engine, and the engine's own answer to it.
//!
//! A wish is sent under a token; the board sees the answer in the journal. *Done* means that the
//! engine follows it, *declined* and *refused* that it does not, with the reason; *unanswered*
//! that no answer was seen in time, so that only the status can tell.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use engine::Outcome;
use model::{
    AccountId, Amount, Body, BuyByHand, ByHand, ClientOrderId, Command, Event, PriceCap, SymbolId,
    TargetByHand, TargetId, TargetState, VenueTime, WhyNot,
};
use risk::Refusal;
use runtime::Clock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Desk, Refused};
use super::reasons;

/// Longest wait for a pair that has just been named, and for rules that have just been asked for.
const PAIR_WAIT: Duration = Duration::from_secs(4);
/// Longest wait for the end of a purchase: its window and a little.
const BUY_WAIT: Duration = Duration::from_secs(8);
/// Longest wait for what follows from any other wish.
const SETTLE_WAIT: Duration = Duration::from_secs(5);
/// Longest time that the cancels of many orders may take together.
const CANCELS_WAIT: Duration = Duration::from_secs(20);
/// Between two tries of a wish that wants rules or budget.
const AGAIN: Duration = Duration::from_millis(200);

/// Where a wish is about: a pair by name, an account by name or number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddTarget {
    symbol: String,
    account: Option<String>,
    notional: Option<String>,
    price_max: Option<String>,
    reference: Option<String>,
    opens_at_ms: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Buy {
    symbol: String,
    account: Option<String>,
    notional: String,
    price_max: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sell {
    symbol: String,
    account: Option<String>,
    qty: Option<String>,
    #[serde(default)]
    now: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adopt {
    symbol: String,
    account: Option<String>,
    qty: String,
    price: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    target: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    symbol: String,
    account: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneOrder {
    order: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllOrders {
    account: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Targets {
    status: Option<String>,
    account: Option<String>,
}

/// What the engine said, and where.
#[derive(Clone, Copy, Debug)]
struct Answered {
    /// `None` when nothing was seen in time.
    outcome: Option<Outcome>,
    on_disk: bool,
    account: AccountId,
    symbol: SymbolId,
}

impl Answered {
    fn target(&self) -> Option<TargetId> {
        let Some(Outcome::Done { target }) = self.outcome else { return None };
        target
    }
}

impl Desk {
    pub(super) fn add_target(&self, ask: &AddTarget) -> Result<Value, Refused> {
        let notional =
            ask.notional.as_deref().map_or(Ok(Amount::ZERO), |t| figure("notional", t))?;
        let cap = match (&ask.price_max, &ask.reference) {
            (Some(_), Some(_)) => {
                return Err(Refused::usage(
                    "price_max and reference were both given; name one: price_max is the highest \
                     price of any order, reference the price that the plan's premium is added to",
                ));
            }
            (Some(price), None) => PriceCap::Max(figure("price_max", price)?),
            (None, Some(price)) => PriceCap::Reference(figure("reference", price)?),
            (None, None) => PriceCap::Plan,
        };
        let opens_at = ask.opens_at_ms.map_or(VenueTime::NONE, VenueTime::from_millis);
        let wish = ByHand::AddTarget(TargetByHand { notional, cap, opens_at });
        let answered = self.wish_about(&ask.symbol, ask.account.as_deref(), wish)?;
        Ok(self
            .told(&answered, |_| "the target is made; it arms itself when its time comes".into()))
    }

    pub(super) fn arm(&self, which: &Which) -> Result<Value, Refused> {
        let target = TargetId(which.target);
        let answered = self.wish_for_target(target, ByHand::Arm { target })?;
        Ok(self.told(&answered, |_| "it goes on: it arms itself when its time comes".into()))
    }

    pub(super) fn disarm(&self, which: &Which) -> Result<Value, Refused> {
        let target = TargetId(which.target);
        let answered = self.wish_for_target(target, ByHand::Disarm { target })?;
        Ok(self.told(&answered, |on_disk| {
            let disk = if on_disk { "on disk" } else { "not yet on disk" };
            format!("its permit is revoked, {disk}; it waits until it is armed again")
        }))
    }

    pub(super) fn cancel_target(&self, which: &Which) -> Result<Value, Refused> {
        let target = TargetId(which.target);
        let answered = self.wish_for_target(target, ByHand::CancelTarget { target })?;
        self.wait_for_end(&answered, SETTLE_WAIT);
        Ok(self
            .told(&answered, |_| "it is given up; the pair gets no target again by itself".into()))
    }

    pub(super) fn buy(&self, ask: &Buy) -> Result<Value, Refused> {
        let notional = figure("notional", &ask.notional)?;
        let price_max = figure("price_max", &ask.price_max)?;
        let wish = ByHand::Buy(BuyByHand { notional, price_max });
        let answered = self.wish_about(&ask.symbol, ask.account.as_deref(), wish)?;
        let ended = |state: TargetState| state.is_final() || state == TargetState::Open;
        self.wait_for_target(&answered, BUY_WAIT, ended);
        let mut told = self.told(&answered, |_| String::new());
        if let Some(target) = answered.target() {
            let refusal = self.board().target_refusal(target);
            let (state, message) = match self.board().target_state(target) {
                Some((_, true)) => ("bought", "bought; the exit plan watches it from here on"),
                Some((state, false)) if state.is_final() => {
                    ("not_bought", "nothing was bought, and nothing more will be")
                }
                Some(_) | None => (
                    "working",
                    "the purchase has not ended; `shrike positions` and `shrike orders` tell",
                ),
            };
            (told["state"], told["message"]) = (state.into(), message.into());
            if let ("not_bought", Some(refusal)) = (state, refusal) {
                let figures = self.board().scales_of(answered.symbol);
                let why = reasons::refused(&refusal, figures);
                told["why"] = refusal.control().into();
                told["message"] = format!("{message}; {why}").into();
            }
        }
        Ok(told)
    }

    pub(super) fn sell(&self, ask: &Sell) -> Result<Value, Refused> {
        if ask.now && ask.qty.is_some() {
            return Err(Refused::usage(
                "now was given with a qty; the emergency ladder sells all of it: leave one away",
            ));
        }
        let qty = ask.qty.as_deref().map_or(Ok(Amount::ZERO), |qty| figure("qty", qty))?;
        let wish = ByHand::Sell { qty, at_once: ask.now };
        let answered = self.wish_about(&ask.symbol, ask.account.as_deref(), wish)?;
        if qty == Amount::ZERO {
            self.wait_for_end(&answered, SETTLE_WAIT);
        }
        let over = answered.target().and_then(|target| self.board().target_state(target));
        let mut told = self.told(&answered, |_| match over {
            Some((state, _)) if state.is_final() => "sold; the position is closed".into(),
            Some(_) | None => "it is being sold; the stops stay on for the rest".into(),
        });
        told["position"] = self.board().held(answered.account, answered.symbol).into();
        Ok(told)
    }

    pub(super) fn adopt(&self, ask: &Adopt) -> Result<Value, Refused> {
        let (qty, price) = (figure("qty", &ask.qty)?, figure("price", &ask.price)?);
        let wish = ByHand::Adopt { qty, price };
        let answered = self.wish_about(&ask.symbol, ask.account.as_deref(), wish)?;
        let open = |state| state != TargetState::Ready;
        self.wait_for_target(&answered, SETTLE_WAIT, open);
        Ok(self.told(&answered, |_| {
            "the holding is under the exit plan from here on: its stops and its time stop sell it"
                .into()
        }))
    }

    pub(super) fn forget(&self, ask: &Held) -> Result<Value, Refused> {
        let account = self.account(ask.account.as_deref())?;
        let symbol = self.pair(&ask.symbol)?;
        let before = self.board().held(account, symbol);
        let answered = self.wish(account, symbol, ByHand::Forget)?;
        self.wait_for_end(&answered, SETTLE_WAIT);
        let state = answered.target().and_then(|target| self.board().target_state(target));
        let over = state.is_some_and(|(state, _)| state.is_final());
        let mut told = self.told(&answered, |_| match over {
            true => "IT IS YOURS: nothing was sold, and no stop watches it any more".into(),
            false => {
                "ITS SALES ARE BEING CANCELLED: when the last has ended it is yours, unsold, and \
                 no stop watches it; `shrike positions` tells"
                    .into()
            }
        });
        told["was"] = before.into();
        Ok(told)
    }

    pub(super) fn cancel_order(&self, ask: &OneOrder) -> Result<Value, Refused> {
        let id = order_id(&ask.order)?;
        let Some((account, symbol, true)) = self.board().order_place(id) else {
            return Err(Refused::NoOrder(ask.order.clone()));
        };
        let answered = self.wish(account, symbol, ByHand::CancelOrder { client_order_id: id })?;
        self.wait_for_order(&answered, id);
        let over = self.board().order_place(id).is_none_or(|(_, _, alive)| !alive);
        Ok(self.told(&answered, |_| match over {
            true => "it has ended".into(),
            false => "its cancel is on the way; `shrike orders` tells".into(),
        }))
    }

    /// Every order that may still fill, one wish each; the budget bounds how fast they go.
    pub(super) fn cancel_orders(&self, ask: &AllOrders) -> Result<Value, Refused> {
        let account = ask.account.as_deref().map(|name| self.account(Some(name))).transpose()?;
        let orders = self.board().cancellable(account);
        let mut rows = Vec::with_capacity(orders.len());
        let (mut failed, until) = (0, Instant::now() + CANCELS_WAIT);
        for id in orders {
            if Instant::now() >= until {
                failed += 1;
                continue;
            }
            let Some((account, symbol, true)) = self.board().order_place(id) else { continue };
            let wish = ByHand::CancelOrder { client_order_id: id };
            let answered = self.wish(account, symbol, wish)?;
            let told = self.told(&answered, |_| "its cancel is on the way".into());
            failed += u32::from(told["state"] != "done");
            rows.push(json!({
                "client_order_id": id.to_string(),
                "state": told["state"],
                "message": told["message"],
            }));
        }
        let state = if failed == 0 { "done" } else { "partly" };
        let message = match (rows.len(), failed) {
            (0, 0) => "no order may still fill".to_owned(),
            (asked, 0) => format!("{asked} cancels are on the way; `shrike orders` tells"),
            (_, failed) => format!("{failed} orders were not cancelled; repeat it"),
        };
        Ok(json!({ "ok": true, "state": state, "message": message, "orders": rows }))
    }

    /// The order that the target would send, on the exchange's test endpoint: checked, not placed.
    pub(super) fn rehearse(&self, which: &Which) -> Result<Value, Refused> {
        let Some(place) = &self.around.rehearsals else { return Err(Refused::NoRehearsals) };
        let target = TargetId(which.target);
        // Connected first: the order's timestamp must still be good when it is sent.
        let stream = place.dial().map_err(Refused::Rehearsal)?;
        let answered = self.wish_for_target(target, ByHand::Rehearse { target })?;
        let mut told = self.told(&answered, |_| String::new());
        if let Some(Outcome::Rehearse(request)) = answered.outcome {
            let pair = self.board().pair_of(request.symbol).ok_or(Refused::NoRules)?;
            let found = place.rehearse(stream, &request, &pair).map_err(Refused::Rehearsal)?;
            super::rehearsal::tell(&mut told, &found, &request, &pair);
        }
        Ok(told)
    }

    pub(super) fn list_targets(&self, ask: &Targets) -> Result<Value, Refused> {
        let states = STATES.map(TargetState::name);
        if let Some(status) = &ask.status
            && !states.contains(&status.as_str())
        {
            let known = states.join(", ");
            return Err(Refused::usage(format!("no state {status:?}; the states are {known}")));
        }
        let account = ask.account.as_deref().map(|name| self.account(Some(name))).transpose()?;
        let targets = self.board().target_list(ask.status.as_deref(), account);
        Ok(json!({ "ok": true, "targets": targets }))
    }

    pub(super) fn list_listings(&self, all: bool) -> Value {
        let board = self.board();
        let listings = board.listings(board.venue_at(Clock.now()), all);
        json!({ "ok": true, "listings": listings })
    }

    // --- wishes

    fn wish_about(
        &self,
        symbol: &str,
        account: Option<&str>,
        wish: ByHand,
    ) -> Result<Answered, Refused> {
        let account = self.account(account)?;
        let symbol = self.pair(symbol)?;
        self.wish(account, symbol, wish)
    }

    fn wish_for_target(&self, target: TargetId, wish: ByHand) -> Result<Answered, Refused> {
        let place = self.board().target_place(target);
        let (account, symbol) = place.ok_or(Refused::NoTarget(target.0))?;
        self.wish(account, symbol, wish)
    }

    /// Sends a wish and waits for the answer; one that only wants rules or budget is sent again.
    fn wish(
        &self,
        account: AccountId,
        symbol: SymbolId,
        wish: ByHand,
    ) -> Result<Answered, Refused> {
        let until = Instant::now() + PAIR_WAIT;
        loop {
            let (outcome, on_disk) = self.wish_once(account, symbol, wish)?;
            let later = matches!(
                outcome,
                Some(
                    Outcome::Declined { why: WhyNot::NoRules }
                        | Outcome::Refused { refusal: Refusal::RateSpent }
                )
            );
            if !later || Instant::now() >= until {
                return Ok(Answered { outcome, on_disk, account, symbol });
            }
            thread::sleep(AGAIN);
        }
    }

    fn wish_once(
        &self,
        account: AccountId,
        symbol: SymbolId,
        wish: ByHand,
    ) -> Result<(Option<Outcome>, bool), Refused> {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        let until = Instant::now() + self.config.latch_wait;
        let body = Body::Command(Command::ByHand { token, wish });
        self.send(Event::of(account, symbol, body), until).map_err(Refused::Inbox)?;
        let answer = self.wait_some(until, |board| board.answer(token));
        let Some(answer) = answer else { return Ok((None, false)) };
        let on_disk = self.wait_some(until, |board| board.is_durable(answer.seq).then_some(()));
        Ok((Some(answer.outcome), on_disk.is_some()))
    }

    fn wait_for_end(&self, answered: &Answered, longest: Duration) {
        self.wait_for_target(answered, longest, TargetState::is_final);
    }

    fn wait_for_target(
        &self,
        answered: &Answered,
        longest: Duration,
        is_there: impl Fn(TargetState) -> bool,
    ) {
        let Some(target) = answered.target() else { return };
        self.wait_some(Instant::now() + longest, |board| {
            board.target_state(target).filter(|(state, _)| is_there(*state))
        });
    }

    fn wait_for_order(&self, answered: &Answered, id: ClientOrderId) {
        if matches!(answered.outcome, Some(Outcome::Done { .. })) {
            self.wait_some(Instant::now() + SETTLE_WAIT, |board| {
                board.order_place(id).filter(|(_, _, alive)| !alive)
            });
        }
    }

    /// The answer as a document; `done` says what was done, told whether it is on disk.
    fn told(&self, answered: &Answered, done: impl FnOnce(bool) -> String) -> Value {
        let board = self.board();
        let symbol = board.symbol_name(answered.symbol);
        let (state, why, message) = match answered.outcome {
            None => (
                "unanswered",
                None,
                "the engine's answer was not seen in time; `shrike status` tells what became of it"
                    .to_owned(),
            ),
            Some(Outcome::Done { .. } | Outcome::Rehearse(_)) => {
                ("done", None, done(answered.on_disk))
            }
            Some(Outcome::Declined { why }) => {
                let text = reasons::declined(why, &symbol);
                ("declined", Some(why.name().to_owned()), text)
            }
            Some(Outcome::Refused { refusal }) => {
                let text = reasons::refused(&refusal, board.scales_of(answered.symbol));
                ("refused", Some(refusal.control().to_owned()), text)
            }
        };
        let target = answered.target().and_then(|target| board.target_document(target));
        json!({
            "ok": true,
            "state": state,
            "why": why,
            "message": message,
            "symbol": symbol,
            "on_disk": answered.on_disk,
            "target": target,
        })
    }

    // --- names

    fn account(&self, name: Option<&str>) -> Result<AccountId, Refused> {
        let Some(name) = name else { return Ok(AccountId(0)) };
        let board = self.board();
        board.account_of(name).ok_or_else(|| {
            let known = board.account_names().join(", ");
            Refused::usage(format!("no account {name:?}; the accounts are {known}"))
        })
    }

    /// The pair of that name. One that nobody named yet is watched from here on, if it is listed.
    fn pair(&self, name: &str) -> Result<SymbolId, Refused> {
        let name = name.to_ascii_uppercase();
        let found = self.board().symbol_of(&name);
        if let Some(id) = found {
            return Ok(id);
        }
        let watched = self.around.scout.as_ref().is_some_and(|scout| scout.watch(&name));
        let until = Instant::now() + if watched { PAIR_WAIT } else { Duration::ZERO };
        let found = self.wait_some(until, |board| board.symbol_of(&name));
        found.ok_or_else(|| {
            Refused::usage(format!(
                "no pair {name:?} is known, and the exchange does not list it under a quote that \
                 is traded here; `shrike listings --all` names those that are"
            ))
        })
    }
}

const STATES: [TargetState; 12] = [
    TargetState::Pending,
    TargetState::Ready,
    TargetState::Armed,
    TargetState::Executing,
    TargetState::Open,
    TargetState::Closing,
    TargetState::Completed,
    TargetState::Failed,
    TargetState::Cancelled,
    TargetState::Expired,
    TargetState::Missed,
    TargetState::Blocked,
];

/// A decimal above zero.
fn figure(name: &str, text: &str) -> Result<Amount, Refused> {
    let good = Amount::parse(text.as_bytes()).ok().filter(|amount| *amount > Amount::ZERO);
    good.ok_or_else(|| {
        Refused::usage(format!("{name} is {text:?}; it must be a decimal above zero, such as 12.5"))
    })
}

fn order_id(text: &str) -> Result<ClientOrderId, Refused> {
    ClientOrderId::parse(text.as_bytes()).map_err(|_| {
        Refused::usage(format!(
            "{text:?} is no id of an order of ours: 24 letters and digits, as `shrike orders` \
             shows them"
        ))
    })
}
