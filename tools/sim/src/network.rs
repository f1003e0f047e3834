//! The network between trader and exchange: one wire a link, first in, first out, with delays.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use exchange::{Exchange, HttpConn, Message, WsConn};
use model::{Mono, Span, VenueTime};
use runtime::{BackoffConfig, Closed, LinkId, LinkKind, Machine, Reconnects};

use crate::random::Random;
use crate::storm::Storm;

/// All wires.
#[derive(Debug)]
pub(crate) struct Network {
    wires: Vec<Wire>,
    reconnects: Reconnects,
    orders: Vec<bool>,
    seed: u64,
    random: Random,
    storm: Storm,
}

#[derive(Debug)]
struct Wire {
    kind: LinkKind,
    state: State,
    base: Span,
    up: VecDeque<(Mono, Vec<u8>)>,
    down: VecDeque<(Mono, Down)>,
    cut_at: Mono,
}

#[derive(Debug)]
enum State {
    Closed,
    Dialling { until: Mono },
    WebSocket(WsConn),
    Http(Box<HttpConn>),
}

#[derive(Debug)]
enum Down {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Bytes(Vec<u8>),
    Close(u16),
}

impl Wire {
    /// Bytes that had left us reach the exchange although we hear no answer.
    fn hang_up(&mut self, exchange: &mut Exchange) {
        let late: Vec<_> = self.up.drain(..).collect();
        self.down.clear();
        self.cut_at = Mono::NEVER;
        match std::mem::replace(&mut self.state, State::Closed) {
            State::WebSocket(conn) => conn.close(exchange),
            State::Http(mut conn) => {
                for (_, bytes) in late {
                    conn.handle_bytes(exchange.now(), &bytes, exchange);
                }
            }
            State::Closed | State::Dialling { .. } => {}
        }
    }
}

/// Where the client's requests come from, for the exchange's budgets.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Network {
    /// `orders` says of each link whether it carries orders.
    pub(crate) fn new(seed: u64, machine: &impl Machine, orders: &[bool], storm: Storm) -> Self {
        let mut random = Random::new(seed, "network");
        let links = machine.links();
        let wires = (0..links)
            .map(|at| Wire {
                kind: machine.kind(LinkId(at as u8)),
                state: State::Closed,
                // One way of 0.5 to 3 ms: a host near the exchange.
                base: Span::from_micros(500 + random.below(2_500)),
                up: VecDeque::new(),
                down: VecDeque::new(),
                cut_at: Mono::NEVER,
            })
            .collect();
        let reconnects = Reconnects::new(BackoffConfig::default(), seed, orders);
        Self { wires, reconnects, orders: orders.to_vec(), seed, random, storm }
    }

    /// The trader's process is gone: every link is closed, and what had left it may still arrive.
    pub(crate) fn crash(&mut self, exchange: &mut Exchange) {
        for wire in &mut self.wires {
            wire.hang_up(exchange);
        }
        let orders: Vec<bool> = self.orders.clone();
        self.seed = self.seed.wrapping_add(1);
        self.reconnects = Reconnects::new(BackoffConfig::default(), self.seed, &orders);
    }

    /// Lets the storm pass: no link is cut from then on.
    pub(crate) fn heal(&mut self) {
        self.storm = Storm::calm();
        for wire in &mut self.wires {
            wire.cut_at = Mono::NEVER;
        }
    }

    /// When something happens next on a wire.
    pub(crate) fn poll_timeout(&self, now: Mono, machine: &impl Machine) -> Option<Mono> {
        let of = |at: usize, wire: &Wire| {
            let link = LinkId(at as u8);
            let dial = match &wire.state {
                State::Closed if machine.wants(link) => self.reconnects.ready_at(now, link),
                State::Dialling { until } => *until,
                State::Closed | State::WebSocket(_) | State::Http(_) => Mono::NEVER,
            };
            let up = wire.up.front().map_or(Mono::NEVER, |(at, _)| *at);
            let down = wire.down.front().map_or(Mono::NEVER, |(at, _)| *at);
            dial.min(up).min(down).min(wire.cut_at)
        };
        self.wires.iter().enumerate().map(|(at, wire)| of(at, wire)).min()
    }

    /// Delivers and dials everything that is due at `now`.
    pub(crate) fn run(
        &mut self,
        now: Mono,
        venue: VenueTime,
        machine: &mut impl Machine,
        exchange: &mut Exchange,
    ) {
        for at in 0..self.wires.len() {
            let link = LinkId(at as u8);
            self.dial(now, venue, link, machine, exchange);
            self.deliver_up(now, venue, at, exchange);
            self.collect_down(now, venue, at, exchange);
            self.deliver_down(now, link, machine, exchange);
            self.cut(now, link, machine, exchange);
        }
    }

    /// Takes what the machine wants to send, on every link, and closes what it no longer wants.
    pub(crate) fn pump(&mut self, now: Mono, machine: &mut impl Machine, exchange: &mut Exchange) {
        for at in 0..self.wires.len() {
            let link = LinkId(at as u8);
            if !self.is_open(at) {
                continue;
            }
            while let Some(bytes) = machine.poll_transmit(now, link) {
                let (bytes, len) = (bytes.to_vec(), bytes.len());
                let due = self.due(now, at, true);
                self.wires[at].up.push_back((due, bytes));
                machine.handle_transmitted(now, link, len);
            }
            if !machine.wants(link) {
                self.close(now, link, Closed::Unwanted, machine, exchange);
            }
        }
    }

    fn is_open(&self, at: usize) -> bool {
        matches!(self.wires[at].state, State::WebSocket(_) | State::Http(_))
    }

    /// When a message that leaves at `now` arrives: never before the one in front of it.
    fn due(&mut self, now: Mono, at: usize, up: bool) -> Mono {
        let jitter = Span::from_micros(self.random.below(self.storm.jitter_us));
        let spike = self.storm.spike(&mut self.random);
        let wire = &self.wires[at];
        let due = now.after(wire.base).after(jitter).after(spike);
        let last = if up {
            wire.up.back().map(|(at, _)| *at)
        } else {
            wire.down.back().map(|(at, _)| *at)
        };
        last.map_or(due, |last| due.max(last))
    }

    fn dial(
        &mut self,
        now: Mono,
        venue: VenueTime,
        link: LinkId,
        machine: &mut impl Machine,
        exchange: &mut Exchange,
    ) {
        let at = link.index();
        if matches!(self.wires[at].state, State::Closed)
            && machine.wants(link)
            && self.reconnects.begin(now, link)
        {
            let round_trip = Span::from_nanos(self.wires[at].base.nanos() * 2);
            self.wires[at].state = State::Dialling { until: now.after(round_trip) };
        }
        let State::Dialling { until } = self.wires[at].state else { return };
        if until > now {
            return;
        }
        let opened = match self.wires[at].kind {
            LinkKind::Http => Ok(State::Http(Box::new(HttpConn::new(CLIENT)))),
            LinkKind::WebSocket => {
                WsConn::open(venue, machine.path(link), exchange).map(State::WebSocket)
            }
        };
        match opened {
            Ok(state) => {
                self.wires[at].state = state;
                self.wires[at].cut_at = self.storm.cut_at(now, &mut self.random);
                self.reconnects.handle_open(now, link);
                machine.handle_open(now, link);
            }
            Err(status) => {
                self.wires[at].state = State::Closed;
                self.reconnects.handle_closed(now, link, Closed::Refused(status));
                machine.handle_closed(now, link, Closed::Refused(status));
            }
        }
    }

    fn deliver_up(&mut self, now: Mono, venue: VenueTime, at: usize, exchange: &mut Exchange) {
        let wire = &mut self.wires[at];
        while wire.up.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, bytes)) = wire.up.pop_front() else { return };
            match &mut wire.state {
                State::Http(conn) => conn.handle_bytes(venue, &bytes, exchange),
                State::WebSocket(conn) => {
                    let text = String::from_utf8_lossy(&bytes);
                    conn.handle_text(venue, &text, exchange);
                }
                State::Closed | State::Dialling { .. } => {}
            }
        }
    }

    fn collect_down(&mut self, now: Mono, venue: VenueTime, at: usize, exchange: &mut Exchange) {
        loop {
            let message = match &mut self.wires[at].state {
                State::Http(conn) => {
                    let bytes = conn.poll_transmit(venue).map(<[u8]>::to_vec);
                    bytes.map(|bytes| {
                        conn.transmitted(bytes.len());
                        Down::Bytes(bytes)
                    })
                }
                State::WebSocket(conn) => {
                    conn.poll_message(venue, exchange).map(|message| match message {
                        Message::Text(text) => Down::Text(text.into_bytes()),
                        Message::Binary(frame) => Down::Binary(frame),
                        Message::Close(code) => Down::Close(code),
                    })
                }
                State::Closed | State::Dialling { .. } => None,
            };
            let Some(message) = message else { break };
            let due = self.due(now, at, false);
            self.wires[at].down.push_back((due, message));
        }
        let finished = match &self.wires[at].state {
            State::Http(conn) => conn.is_finished(),
            State::WebSocket(_) | State::Closed | State::Dialling { .. } => false,
        };
        let told = self.wires[at].down.iter().any(|(_, down)| matches!(down, Down::Close(_)));
        if finished && !told {
            let due = self.due(now, at, false);
            self.wires[at].down.push_back((due, Down::Close(0)));
        }
    }

    fn deliver_down(
        &mut self,
        now: Mono,
        link: LinkId,
        machine: &mut impl Machine,
        exchange: &mut Exchange,
    ) {
        let at = link.index();
        while self.wires[at].down.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, message)) = self.wires[at].down.pop_front() else { return };
            match message {
                Down::Text(mut text) => machine.handle_text(now, link, &mut text),
                Down::Binary(frame) => machine.handle_binary(now, link, &frame),
                Down::Bytes(bytes) => machine.handle_bytes(now, link, &bytes),
                Down::Close(code) => {
                    return self.close(now, link, Closed::Peer(code), machine, exchange);
                }
            }
            if !machine.wants(link) {
                return self.close(now, link, Closed::Unwanted, machine, exchange);
            }
        }
    }

    fn cut(
        &mut self,
        now: Mono,
        link: LinkId,
        machine: &mut impl Machine,
        exchange: &mut Exchange,
    ) {
        if self.is_open(link.index()) && self.wires[link.index()].cut_at <= now {
            // What is still on its way to the exchange may arrive all the same: the cut is ours.
            self.close(now, link, Closed::Broken, machine, exchange);
        }
    }

    fn close(
        &mut self,
        now: Mono,
        link: LinkId,
        why: Closed,
        machine: &mut impl Machine,
        exchange: &mut Exchange,
    ) {
        self.wires[link.index()].hang_up(exchange);
        self.reconnects.handle_closed(now, link, why);
        machine.handle_closed(now, link, why);
    }
}
