//! Paper mode: the venue of every account is a paper one, and no order has a way out.

use engine::{Engine, Question as Ask};
use model::{AccountId, Body, Event, KillLevel, Level, Mono, Strategies, SymbolId};
use paper::{Books, Paper, PaperConfig, Past};

use super::Trader;

impl<S: Strategies> Trader<S> {
    /// Takes up what earlier runs on paper left; before the first call of the loop. Without a paper
    /// venue there is nothing to take up.
    pub fn restore_paper(&mut self, past: Past) {
        if let Some(paper) = &mut self.paper {
            paper.restore(past);
        }
    }

    /// The paper venue is reached while the public questions are.
    pub(super) fn paper_reaches(&mut self, now: Mono, up: bool) {
        if let Some(paper) = &mut self.paper {
            paper.handle_reachable(now, up);
        }
    }

    /// Shows the paper venue what the engine has just acted on.
    pub(super) fn paper_hears(&mut self, now: Mono, event: &Event) {
        let Some(paper) = &mut self.paper else { return };
        paper.handle_event(now, event, &BooksOf(&self.engine));
        // The rules that the engine took: it may have refused those that were read.
        if matches!(event.body, Body::Spec(_))
            && let Some(spec) = self.engine.spec(event.symbol)
        {
            paper.handle_spec(event.symbol, spec);
        }
    }

    /// Puts a question about an account to the paper venue; `false` for every other question, which
    /// the exchange answers without a key.
    pub(super) fn ask_paper(
        &mut self,
        now: Mono,
        account: AccountId,
        symbol: SymbolId,
        ask: Ask,
    ) -> bool {
        let Some(paper) = &mut self.paper else { return false };
        let ask = match ask {
            Ask::Order(client_order_id) => paper::Ask::Order(client_order_id),
            Ask::OpenOrders => paper::Ask::OpenOrders,
            Ask::AllOrders => paper::Ask::AllOrders,
            Ask::Trades => paper::Ask::Trades,
            Ask::Balances => paper::Ask::Balances,
            Ask::Book | Ask::Rules => return false,
        };
        if paper.ask(now, account, symbol, ask).is_err() {
            let failed = model::QueryAnswer::Failed { http: 0, code: 0 };
            self.queue.push(Event::of(account, symbol, Body::Answer(failed)));
        }
        true
    }

    /// Lets requests leave and events come, each journaled before it acts. The kill flag is read
    /// for each request, where a real one's first byte would go.
    pub(super) fn run_paper(&mut self, now: Mono) {
        loop {
            let killed = self.kill.level() != KillLevel::Active;
            let Some(paper) = &mut self.paper else { return };
            let sent = paper.poll_transmit(now, killed);
            let event = sent.or_else(|| paper.poll_event(now, &BooksOf(&self.engine)));
            let Some(event) = event else { return };
            self.feed(now, event);
        }
    }
}

/// A paper venue that knows the pairs that the engine was restored with.
pub(super) fn venue<S: Strategies>(config: PaperConfig, engine: &Engine<S>) -> Box<Paper> {
    let mut paper = Box::new(Paper::new(config));
    for (symbol, names, spec) in engine.names() {
        paper.handle_names(symbol, names);
        if let Some(spec) = spec {
            paper.handle_spec(symbol, spec);
        }
    }
    paper
}

/// The engine's books, for an order on paper to meet.
struct BooksOf<'a, S>(&'a Engine<S>);

impl<S: Strategies> Books for BooksOf<'_, S> {
    fn book(&self, symbol: SymbolId) -> Option<(&[Level], &[Level])> {
        self.0.book_at(symbol).map(|(bids, asks, _)| (bids, asks))
    }
}
