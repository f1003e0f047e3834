//! Seeing each call into the trader from outside, such as to measure it.

use host::Plugins;
use model::{Body, Event, Mono, TimerName};
use runtime::{Closed, LinkId, LinkKind, LinkRole, Machine, Trader};

/// Which call goes into the trader, with what its link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// A link came up or went down.
    Link,
    /// A text message of a market stream: answers to subscriptions.
    MarketText,
    /// A frame of a market stream.
    MarketFrame,
    /// A text message of a private stream.
    PrivateText,
    /// A frame of a private stream.
    PrivateFrame,
    /// Bytes of replies to orders and cancels.
    OrderReply,
    /// Bytes of replies to questions.
    QueryReply,
    /// The journal thread's word that records are on disk.
    Durable,
    /// Any other event from outside: facts about listings, the operator's commands.
    Event,
    /// A timer.
    Timeout,
    /// What is to be sent over a link that carries orders.
    OrderTransmit,
    /// What is to be sent over any other link.
    Transmit,
}

/// Sees every call into the trader that may change it.
pub trait Watch {
    /// The call begins.
    fn begin(&mut self, now: Mono, call: Call);
    /// It is over.
    fn end(&mut self, now: Mono, call: Call);
}

#[derive(Debug)]
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    fn begin(&mut self, _: Mono, _: Call) {}
    fn end(&mut self, _: Mono, _: Call) {}
}

/// The trader with somebody who looks on.
pub(crate) struct Watched<'a> {
    trader: &'a mut Trader<Plugins>,
    watch: &'a mut dyn Watch,
    roles: &'a [LinkRole],
}

impl<'a> Watched<'a> {
    pub(crate) fn new(
        trader: &'a mut Trader<Plugins>,
        watch: &'a mut dyn Watch,
        roles: &'a [LinkRole],
    ) -> Self {
        Self { trader, watch, roles }
    }

    fn seen(&mut self, now: Mono, call: Call, work: impl FnOnce(&mut Trader<Plugins>)) {
        self.watch.begin(now, call);
        work(self.trader);
        self.watch.end(now, call);
    }

    fn sending(&self, link: LinkId) -> Call {
        match self.roles[link.index()] {
            LinkRole::Order => Call::OrderTransmit,
            LinkRole::Market | LinkRole::User | LinkRole::Query => Call::Transmit,
        }
    }
}

impl Machine for Watched<'_> {
    fn links(&self) -> usize {
        self.trader.links()
    }

    fn kind(&self, link: LinkId) -> LinkKind {
        self.trader.kind(link)
    }

    fn wants(&self, link: LinkId) -> bool {
        self.trader.wants(link)
    }

    fn path(&self, link: LinkId) -> &str {
        self.trader.path(link)
    }

    fn handle_open(&mut self, now: Mono, link: LinkId) {
        self.seen(now, Call::Link, |trader| trader.handle_open(now, link));
    }

    fn handle_closed(&mut self, now: Mono, link: LinkId, why: Closed) {
        self.seen(now, Call::Link, |trader| trader.handle_closed(now, link, why));
    }

    fn handle_text(&mut self, now: Mono, link: LinkId, text: &mut [u8]) {
        let private = self.roles[link.index()] == LinkRole::User;
        let call = if private { Call::PrivateText } else { Call::MarketText };
        self.seen(now, call, |trader| trader.handle_text(now, link, text));
    }

    fn handle_binary(&mut self, now: Mono, link: LinkId, frame: &[u8]) {
        let private = self.roles[link.index()] == LinkRole::User;
        let call = if private { Call::PrivateFrame } else { Call::MarketFrame };
        self.seen(now, call, |trader| trader.handle_binary(now, link, frame));
    }

    fn handle_bytes(&mut self, now: Mono, link: LinkId, bytes: &[u8]) {
        let order = self.roles[link.index()] == LinkRole::Order;
        let call = if order { Call::OrderReply } else { Call::QueryReply };
        self.seen(now, call, |trader| trader.handle_bytes(now, link, bytes));
    }

    fn handle_event(&mut self, now: Mono, event: &Event) {
        let durable = matches!(event.body, Body::Durable { .. });
        let call = if durable { Call::Durable } else { Call::Event };
        self.seen(now, call, |trader| trader.handle_event(now, event));
    }

    fn handle_timeout(&mut self, now: Mono) {
        self.seen(now, Call::Timeout, |trader| trader.handle_timeout(now));
    }

    fn poll_transmit(&mut self, now: Mono, link: LinkId) -> Option<&[u8]> {
        let call = self.sending(link);
        self.watch.begin(now, call);
        let bytes = self.trader.poll_transmit(now, link);
        self.watch.end(now, call);
        bytes
    }

    fn handle_transmitted(&mut self, now: Mono, link: LinkId, len: usize) {
        let call = self.sending(link);
        self.seen(now, call, |trader| trader.handle_transmitted(now, link, len));
    }

    fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        self.trader.poll_timeout()
    }

    fn is_done(&self) -> bool {
        self.trader.is_done()
    }
}
