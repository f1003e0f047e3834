//! One event: state first, then detection, then strategies, then the targets it concerns.

use model::{
    AccountId, Alarm, AlarmKind, Block, Body, Command, Depth, Event, Link, LinkState, ListingFact,
    Print, QueryAnswer, Record, Strategies, Stream, SymbolId, SymbolSpec, UpdateSource,
};

use crate::exits::count_low_print;
use crate::symbols::Symbols;
use crate::{Action, Actions, Engine, Note, Question, detect, listing};

/// Pairs that one step shows to plug-ins when it looks at all of them.
const LOOKS: usize = 8;

impl<S: Strategies> Engine<S> {
    pub(crate) fn step(&mut self, event: &Event, actions: &mut Actions) {
        match &event.body {
            Body::Depth(depth) => self.on_depth(event, depth, actions),
            Body::Top(top) => {
                if let Some(symbol) = self.symbols.get_mut(event.symbol) {
                    symbol.top_bid = top.bid.map(|level| level.price);
                    symbol.top_ask = top.ask.map(|level| level.price);
                }
            }
            Body::Print(print) => self.on_print(event, print),
            Body::Order(update) => {
                self.on_order_update(event, update, actions);
                if let (UpdateSource::OrderQuery, Some(id)) =
                    (update.source, update.client_order_id)
                {
                    let question = Question::Order(id);
                    self.on_answered(event.account, event.symbol, question, actions);
                }
            }
            Body::Fill(fill) => self.on_fill(event, fill, actions),
            Body::Balance(balance) => {
                if let Some(account) = self.accounts.get_mut(event.account.index())
                    && !account.ledger.set(*balance)
                {
                    self.alarm(AlarmKind::Capacity, event.account, event.symbol, 0, actions);
                }
            }
            Body::Placed(placed) => self.on_placed(placed),
            Body::Reject(reject) => self.on_reject(event, reject, actions),
            Body::Cancelled(cancelled) => self.on_cancelled(cancelled),
            Body::ReplyLost(lost) => self.on_reply_lost(lost, actions),
            Body::Answer(answer) => self.on_answer(event, answer, actions),
            Body::VenueText(_) => return,
            Body::Symbol(names) => self.on_names(event.symbol, names, actions),
            Body::Spec(spec) => self.on_spec(event.symbol, spec, actions),
            Body::Listing(fact) => self.on_listing(event, fact, actions),
            Body::Link { link, up } => self.on_link(event.account, *link, *up),
            Body::Stream { stream, state } => self.on_stream(event, *stream, *state, actions),
            Body::Clock(sample) => {
                self.clock.take(self.now, *sample);
                self.set_fences();
                self.check_clock();
                self.detect_all(actions);
            }
            Body::Sent(sent) => self.on_sent(sent),
            Body::Busy { client_order_id, cancel } => self.on_busy(*client_order_id, *cancel),
            Body::Suppressed { client_order_id } => self.on_unsent(*client_order_id),
            Body::Durable { token } => self.on_durable(*token, actions),
            Body::Blocked { block, on } => self.set_block(event.account, *block, *on),
            Body::Command(command) => self.on_command(event, command, actions),
            Body::Restored { ring_lost } => self.on_restored(*ring_lost, actions),
            Body::Learnt(fact) => self.learnt.take(fact),
            Body::Plugin { slot, event } => self.on_plugin(*slot, event, actions),
            Body::Shed(_) => {
                self.symbols.restart_books(self.now);
                self.chase_books(actions);
            }
        }
        if event.last {
            self.show_event(event, actions);
        }
        if self.has_looks_left() && !matches!(event.body, Body::Clock(_)) {
            self.detect_all(actions);
        }
        self.drive_concerned(event, actions);
        self.drive_swaps(actions);
        self.show_changes(actions);
        self.take_reports(actions);
    }

    pub(crate) fn on_names(
        &mut self,
        id: SymbolId,
        names: &model::SymbolNames,
        actions: &mut Actions,
    ) {
        let fresh = !self.symbols.has_quote(names.quote_asset);
        let Some(symbol) = self.symbols.get_mut(id) else { return };
        symbol.names = Some(*names);
        symbol.base = Some(names.base_asset);
        symbol.quote = Some(names.quote_asset);
        if !fresh {
            return;
        }
        // Balances that were listed before passed over an asset that no pair had named.
        for at in 0..self.accounts.len() as u8 {
            let account = AccountId(at);
            if !self.blocks(account).has(Block::PrivateStream) {
                let (symbol, question) = (SymbolId::NONE, Question::Balances);
                actions.push(Action::Ask { account, symbol, question });
            }
        }
    }

    fn on_depth(&mut self, event: &Event, depth: &Depth, actions: &mut Actions) {
        let now = self.now;
        let Some(book) = self.symbols.book_mut(event.symbol) else { return };
        book.take(now, depth, event.last);
        if book.poll_wish(now) {
            self.question_book(event.symbol, actions);
        }
    }

    /// Snapshots that books wish for at this moment.
    pub(crate) fn chase_books(&mut self, actions: &mut Actions) {
        for slot in self.targets.active_where(|target| target.following).iter() {
            let Some(id) = self.targets.get(slot).map(crate::Target::symbol) else { continue };
            let now = self.now;
            if self.symbols.book_mut(id).is_some_and(|book| book.poll_wish(now)) {
                self.question_book(id, actions);
            }
        }
    }

    fn question_book(&mut self, id: SymbolId, actions: &mut Actions) {
        let now = self.now;
        if let Some(symbol) = self.symbols.get_mut(id) {
            symbol.book_asked = Some(now);
        }
        let (account, question) = (AccountId::NONE, Question::Book);
        actions.push(Action::Ask { account, symbol: id, question });
    }

    /// Asks for the book of a pair that has no stream yet, at most once a reference interval.
    pub(crate) fn ask_book(&mut self, id: SymbolId, actions: &mut Actions) {
        let wait = self.config.timing.reference_every;
        let asked = self.symbols.get(id).and_then(|symbol| symbol.book_asked);
        if asked.is_none_or(|at| self.now >= at.after(wait)) {
            self.question_book(id, actions);
        }
    }

    fn on_print(&mut self, event: &Event, print: &Print) {
        let venue_now = self.clock.venue(self.now);
        let Some(symbol) = self.symbols.get_mut(event.symbol) else { return };
        symbol.last_print = Some(print.price);
        symbol.prints = symbol.prints.saturating_add(1);
        if symbol.listing.first_print.is_none() {
            let stamped = event.stamped.is_some().then_some(event.stamped);
            symbol.listing.first_print = Some(stamped.unwrap_or(venue_now));
        }
        let spec = symbol.spec;
        for (_, target) in self.targets.iter_mut() {
            if target.symbol() == event.symbol {
                if target.record.entry.triggers.print && !target.fire.triggered {
                    // The pair trades: the pace of orders that came too early is over.
                    target.fire.triggered = true;
                    target.fire.next_at = model::Mono::ZERO;
                }
                if let Some(spec) = spec.filter(|_| target.is_holding()) {
                    count_low_print(target, print.price, &spec);
                }
            }
        }
    }

    fn on_spec(&mut self, id: SymbolId, spec: &SymbolSpec, actions: &mut Actions) {
        if self.take_spec(id, spec, actions) {
            self.detect(id, actions);
        }
    }

    /// Takes rules as the ones in force; `false` when they are not taken.
    pub(crate) fn take_spec(
        &mut self,
        id: SymbolId,
        spec: &SymbolSpec,
        actions: &mut Actions,
    ) -> bool {
        let bound = self.targets.iter().any(|(_, target)| {
            target.symbol() == id && target.is_active() && target.permit.is_some()
        });
        let now = self.now;
        let Some(symbol) = self.symbols.get_mut(id) else { return false };
        if !listing::replaces(spec, symbol.spec.as_ref()) {
            return false;
        }
        let moved = symbol.spec.is_some_and(|known| {
            (known.price_decimals, known.qty_decimals) != (spec.price_decimals, spec.qty_decimals)
        });
        if moved && bound {
            // A permit and a position stand at the older scale: the pair is kept at it, flat or
            // not, until an operator looks.
            symbol.halted = true;
            let finer = i64::from(spec.price_decimals);
            self.alarm(AlarmKind::Rescale, AccountId::NONE, id, finer, actions);
            return false;
        }
        let was = symbol.spec.replace(*spec);
        if let (true, Some(was)) = (moved, was) {
            let decimals = (was.price_decimals, spec.price_decimals);
            self.rescale_operator_prices(id, decimals, actions);
            self.forget_prices(id, now);
        }
        true
    }

    /// Prices at another scale mean nothing: the book begins anew, references are read again.
    fn forget_prices(&mut self, id: SymbolId, now: model::Mono) {
        if let Some(symbol) = self.symbols.get_mut(id) {
            (symbol.last_print, symbol.top_bid, symbol.top_ask) = (None, None, None);
        }
        if let Some(book) = self.symbols.book_mut(id) {
            book.start(now);
        }
        for (_, target) in self.targets.iter_mut().filter(|(_, t)| t.symbol() == id) {
            target.reference = target.record.entry.operator_price;
        }
    }

    fn on_listing(&mut self, event: &Event, fact: &ListingFact, actions: &mut Actions) {
        let Some(symbol) = self.symbols.get_mut(event.symbol) else { return };
        let reused = symbol.listing.take(fact);
        if reused {
            symbol.told = None;
        }
        self.detect(event.symbol, actions);
        self.follow_schedule(event.symbol, reused, actions);
        let in_use = !self.targets.active_where(|t| t.symbol() == event.symbol).is_empty();
        if reused && !in_use {
            // Rules of the coin that had the name before.
            if let Some(symbol) = self.symbols.get_mut(event.symbol) {
                symbol.spec = None;
            }
        }
    }

    fn on_link(&mut self, account: AccountId, link: Link, up: bool) {
        match link {
            Link::Order => self.set_block(account, Block::OrderLink, !up),
            Link::User if !up => {
                self.set_block(account, Block::PrivateStream, true);
                self.set_block(account, Block::Reconciliation, true);
            }
            Link::Market if !up => self.symbols.stop_books(),
            Link::User | Link::Market | Link::Query => {}
        }
    }

    fn on_stream(
        &mut self,
        event: &Event,
        stream: Stream,
        state: LinkState,
        actions: &mut Actions,
    ) {
        match stream {
            Stream::Private => {
                let live = state == LinkState::Live;
                let was = self.blocks(event.account).has(Block::PrivateStream);
                self.set_block(event.account, Block::PrivateStream, !live);
                if live && was {
                    self.reconcile(event.account, actions);
                }
            }
            Stream::Depth => {
                if let Some(symbol) = self.symbols.get_mut(event.symbol) {
                    symbol.depth = Some(state);
                }
                let now = self.now;
                if let Some(book) = self.symbols.book_mut(event.symbol) {
                    match state {
                        LinkState::Live => book.start(now),
                        LinkState::Down | LinkState::Stale | LinkState::Refused => book.stop(),
                        LinkState::Asked => {}
                    }
                }
                self.chase_books(actions);
            }
            Stream::BookTop => {
                if state != LinkState::Live
                    && let Some(symbol) = self.symbols.get_mut(event.symbol)
                {
                    (symbol.top_bid, symbol.top_ask) = (None, None);
                }
            }
            Stream::Deals => {}
        }
    }

    fn on_command(&mut self, event: &Event, command: &Command, actions: &mut Actions) {
        match *command {
            Command::Kill { level, reason } => self.raise_kill(level, reason, actions),
            Command::Resume { reason } => self.resume(reason, actions),
            Command::Reference { price } => {
                for (_, target) in self.targets.iter_mut() {
                    if target.symbol() == event.symbol && target.permit.is_none() {
                        target.reference = Some(price);
                    }
                }
            }
            Command::CancelTarget { target } => self.cancel_target(target, actions),
            Command::Exit(order) => self.exit_by_hand(order.target, order.qty, actions),
            Command::ByHand { token, wish } => self.on_by_hand(event, token, &wish, actions),
        }
    }

    fn on_answer(&mut self, event: &Event, answer: &QueryAnswer, actions: &mut Actions) {
        let (account, symbol) = (event.account, event.symbol);
        match *answer {
            QueryAnswer::NotFound { client_order_id, source } => {
                self.on_not_found(client_order_id, source);
                self.on_answered(account, symbol, Question::Order(client_order_id), actions);
            }
            QueryAnswer::OpenOrdersEnd => {
                self.on_list_end(event, true);
                self.on_answered(account, symbol, Question::OpenOrders, actions);
            }
            QueryAnswer::AllOrdersEnd => {
                self.on_list_end(event, false);
                self.on_answered(account, symbol, Question::AllOrders, actions);
            }
            QueryAnswer::BalancesEnd => {
                self.on_answered(account, SymbolId::NONE, Question::Balances, actions);
            }
            QueryAnswer::TradesEnd => {
                self.on_answered(account, symbol, Question::Trades, actions);
            }
            QueryAnswer::TradesCut { listed } => {
                // To wait for the rest would be for ever: somebody has to look. A probe that asks for
                // the newest deals misses nothing.
                if self.blocks(account).has(Block::Reconciliation) {
                    self.alarm(AlarmKind::Capacity, account, symbol, i64::from(listed), actions);
                }
                self.on_answered(account, symbol, Question::Trades, actions);
            }
            QueryAnswer::Failed { http, code } => {
                let now = self.now;
                if let Some(book) = self.symbols.book_mut(event.symbol) {
                    book.handle_snapshot_failed(now);
                }
                self.on_missing_answer(event, code, actions);
                self.on_account_refused(event, http, code, actions);
            }
        }
    }

    /// The venue refuses a question about the account itself: key, permission, address or clock.
    /// Said once for each code; whoever asked asks again by its own timer.
    fn on_account_refused(&mut self, event: &Event, http: u16, code: i32, actions: &mut Actions) {
        let limit = matches!(http, 418 | 429);
        if event.symbol != SymbolId::NONE || limit || !(400..500).contains(&http) || code == 0 {
            return;
        }
        let Some(held) = self.accounts.get_mut(event.account.index()) else { return };
        if std::mem::replace(&mut held.refused, code) != code {
            let (account, symbol, code) = (event.account, event.symbol, i64::from(code));
            self.alarm(AlarmKind::Credentials, account, symbol, code, actions);
        }
    }

    /// Tells strategies and records of the strongest pattern when it changed.
    fn detect(&mut self, id: SymbolId, actions: &mut Actions) {
        let now = self.clock.venue(self.now);
        let Some(symbol) = self.symbols.get_mut(id) else { return };
        let Some(signal) = detect::look(id, symbol, now, &self.learnt) else { return };
        if signal.confidence < self.config.thresholds.record {
            symbol.told = None;
            return;
        }
        if symbol.told == Some(signal) {
            return;
        }
        symbol.told = Some(signal);
        actions.push(Action::Note(Note::Signal(signal)));
        self.strengthen(id, &signal, actions);
    }

    /// Whether pairs are left that [`detect_all`](Self::detect_all) has not looked at.
    pub(crate) fn has_looks_left(&self) -> bool {
        (1..Symbols::CAPACITY).contains(&self.detected)
    }

    /// Facts that came before the exchange's clock was known could not be placed in time. What
    /// one step has no room for is left to the next.
    pub(crate) fn detect_all(&mut self, actions: &mut Actions) {
        let mut shown = 0;
        while self.detected < Symbols::CAPACITY
            && actions.len() < Actions::CAPACITY / 4
            && shown < LOOKS
        {
            let id = SymbolId(self.detected as u32);
            self.detected += 1;
            if self.symbols.get(id).is_some_and(|symbol| symbol.listing.coin.is_some()) {
                self.detect(id, actions);
                shown += usize::from(self.show_look(id, actions));
            }
        }
    }

    pub(crate) fn set_block(&mut self, account: AccountId, block: Block, on: bool) {
        match self.accounts.get_mut(account.index()) {
            Some(held) => held.blocks = held.blocks.with(block, on),
            None => self.blocks = self.blocks.with(block, on),
        }
    }

    pub(crate) fn check_clock(&mut self) {
        let timing = &self.config.timing;
        let good = self.clock.is_good(self.now, timing.clock_error_max, timing.clock_age_max);
        self.blocks = self.blocks.with(Block::Clock, !good);
    }

    pub(crate) fn alarm(
        &self,
        kind: AlarmKind,
        account: AccountId,
        symbol: SymbolId,
        figure: i64,
        actions: &mut Actions,
    ) {
        let record = Record::Alarm(Alarm { kind, account, symbol, figure });
        actions.push(Action::Persist { token: 0, record });
    }

    pub(crate) fn venue_now(&self) -> model::VenueTime {
        self.clock.venue(self.now)
    }
}
