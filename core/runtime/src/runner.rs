//! The loop of the hot thread: sockets and clock on one side, a [`Machine`] on the other.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};
use model::Mono;
use tungstenite::Message;

use crate::backoff::Reconnects;
use crate::clock::Clock;
use crate::dial::{Endpoint, Socket};
use crate::inbox::Inbox;
use crate::link::Link;
use crate::run::{Ended, LINKS_MAX, LoopConfig, RunError};
use crate::stats::StatsWriter;
use crate::wait::Pause;
use crate::websocket::MESSAGE_MAX;
use crate::{Closed, LinkId, LinkKind, Machine};

/// Wakes the loop; beyond every link's token.
const WAKER: Token = Token(usize::MAX);

/// Most messages, reads or events taken from one source before the others get their turn: a flood
/// of frames must not keep the reply to an order waiting.
const BURST_MAX: usize = 8;

/// One read of an HTTP link.
const CHUNK: usize = 64 * 1024;

/// The loop's own state. Generic over the socket, so that a test can count its calls.
pub(crate) struct Runner<S: Socket> {
    config: LoopConfig,
    links: Vec<Link<S>>,
    /// Hot links first.
    serve_order: Vec<usize>,
    /// HTTP links first: that is where orders go.
    send_order: Vec<usize>,
    reconnects: Reconnects,
    poll: Poll,
    ready: Events,
    inbox: Inbox,
    pub(crate) stats: StatsWriter,
    text: Vec<u8>,
    chunk: Vec<u8>,
    /// The latest time that the machine was told.
    now: Mono,
    /// When something last happened.
    active: Mono,
    /// The machine's next timer.
    timer: Option<Mono>,
    /// When links need looking after.
    upkeep: Mono,
    turns: u32,
}

impl<S: Socket> Runner<S> {
    pub(crate) fn new<M: Machine>(
        machine: &M,
        config: LoopConfig,
        endpoints: Vec<Endpoint>,
        inbox: Inbox,
        stats: StatsWriter,
    ) -> Result<Self, RunError> {
        let links = machine.links();
        if links != endpoints.len() || links > LINKS_MAX {
            return Err(RunError::Endpoints { links, endpoints: endpoints.len() });
        }
        let orders: Vec<bool> = endpoints.iter().map(|endpoint| endpoint.orders).collect();
        let links = endpoints.into_iter().zip(0..).map(|(endpoint, at)| {
            let link = LinkId(at);
            Link::new(link, machine.kind(link), endpoint)
                .map_err(|error| RunError::Tls { link, error })
        });
        let links = links.collect::<Result<Vec<Link<S>>, RunError>>()?;
        let poll = Poll::new().map_err(RunError::Poll)?;
        inbox.attach(Waker::new(poll.registry(), WAKER).map_err(RunError::Poll)?);
        let order_by = |key: fn(&Link<S>) -> bool| {
            let mut order: Vec<usize> = (0..links.len()).collect();
            order.sort_by_key(|&at| !key(&links[at]));
            order
        };
        Ok(Self {
            config,
            serve_order: order_by(|link| link.endpoint.hot),
            send_order: order_by(|link| link.kind == LinkKind::Http),
            reconnects: Reconnects::new(config.backoff, config.seed, &orders),
            poll,
            ready: Events::with_capacity(2 * LINKS_MAX),
            inbox,
            stats,
            text: vec![0; MESSAGE_MAX],
            chunk: vec![0; CHUNK],
            now: Clock.now(),
            active: Clock.now(),
            timer: None,
            upkeep: Mono::ZERO,
            turns: 0,
            links,
        })
    }

    pub(crate) fn run<M: Machine>(
        &mut self,
        machine: &mut M,
        stop: &AtomicBool,
    ) -> Result<Ended, RunError> {
        self.settle(machine, None);
        let ended = loop {
            if machine.is_done() {
                break Ok(Ended::Done);
            }
            if stop.load(Ordering::Acquire) {
                break Ok(Ended::Stopped);
            }
            if let Err(error) = self.turn(machine) {
                break Err(RunError::Poll(error));
            }
        };
        for link in &mut self.links {
            link.close();
        }
        self.stats.finish();
        ended
    }

    /// One turn: commands, timer, sockets, upkeep, then the wait for more.
    fn turn<M: Machine>(&mut self, machine: &mut M) -> io::Result<()> {
        let begun = self.tick();
        let mut busy = self.take_events(machine);
        busy |= self.fire(machine);
        busy |= self.serve(machine);
        if self.upkeep <= self.now {
            self.keep_up(machine);
        }
        let now = self.tick();
        if busy {
            self.active = now;
            self.stats.turn(begun, now);
        }
        self.stats.publish(now);
        self.wait(now, busy)
    }

    /// The time, never before what the machine was told already.
    fn tick(&mut self) -> Mono {
        self.advance_to(Clock.now())
    }

    fn advance_to(&mut self, time: Mono) -> Mono {
        self.now = self.now.max(time);
        self.now
    }

    fn take_events<M: Machine>(&mut self, machine: &mut M) -> bool {
        let mut busy = false;
        for _ in 0..BURST_MAX {
            let Some(event) = self.inbox.poll() else { break };
            busy = true;
            self.stats.current.events += 1;
            let now = self.tick();
            machine.handle_event(now, &event);
            self.settle(machine, None);
        }
        busy
    }

    fn fire<M: Machine>(&mut self, machine: &mut M) -> bool {
        let Some(planned) = self.timer else { return false };
        if planned > self.now && planned > self.tick() {
            return false;
        }
        self.stats.timer(planned, self.now);
        machine.handle_timeout(self.now);
        self.settle(machine, None);
        true
    }

    /// Reads every socket that may have something.
    fn serve<M: Machine>(&mut self, machine: &mut M) -> bool {
        let ahead = self.config.wait.reads_ahead();
        let mut busy = false;
        for position in 0..self.serve_order.len() {
            let at = self.serve_order[position];
            let link = &self.links[at];
            if link.writable {
                busy |= self.resume_sending(machine, at);
            }
            let link = &self.links[at];
            if !(link.readable || ahead && link.endpoint.hot && link.is_open()) {
                continue;
            }
            busy |= match (link.is_open(), link.kind) {
                (false, _) => self.shake_hands(machine, at),
                (true, LinkKind::WebSocket) => self.read_messages(machine, at),
                (true, LinkKind::Http) => self.read_bytes(machine, at),
            };
        }
        busy
    }

    /// The socket takes bytes again.
    fn resume_sending<M: Machine>(&mut self, machine: &mut M, at: usize) -> bool {
        let link = &mut self.links[at];
        link.writable = false;
        if !link.is_open() || !(link.blocked || link.has_backlog()) {
            return false;
        }
        link.blocked = false;
        if let Err(why) = link.drain() {
            self.close(machine, at, why);
        }
        self.settle(machine, None);
        true
    }

    fn shake_hands<M: Machine>(&mut self, machine: &mut M, at: usize) -> bool {
        let link = &mut self.links[at];
        link.readable = false;
        match link.advance(machine.path(link.id)) {
            Ok(false) => {}
            Ok(true) => {
                let id = link.id;
                let now = self.tick();
                self.stats.current.opens += 1;
                self.reconnects.handle_open(now, id);
                machine.handle_open(now, id);
                self.settle(machine, None);
            }
            Err(why) => {
                self.close(machine, at, why);
                self.settle(machine, None);
            }
        }
        true
    }

    /// Hands over message by message; what one of them makes the machine say goes out before the
    /// next is read.
    fn read_messages<M: Machine>(&mut self, machine: &mut M, at: usize) -> bool {
        for count in 0..BURST_MAX {
            let link = &mut self.links[at];
            let message = match link.read_message() {
                Ok(Some(message)) => message,
                Ok(None) => {
                    link.readable = false;
                    return count > 0;
                }
                Err(why) => {
                    self.close(machine, at, why);
                    self.settle(machine, None);
                    return true;
                }
            };
            let id = link.id;
            let arrived = link.take_arrival().unwrap_or_else(|| Clock.now());
            let now = self.advance_to(arrived);
            match message {
                Message::Text(text) => {
                    let text = text.as_str().as_bytes();
                    // At most MESSAGE_MAX, as the protocol's reader was told.
                    let scratch = &mut self.text[..text.len()];
                    scratch.copy_from_slice(text);
                    machine.handle_text(now, id, scratch);
                }
                Message::Binary(frame) => machine.handle_binary(now, id, &frame),
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                    continue;
                }
            }
            self.stats.current.frames += 1;
            self.settle(machine, Some(now));
            if !self.links[at].is_open() {
                return true;
            }
        }
        self.links[at].readable = true;
        true
    }

    fn read_bytes<M: Machine>(&mut self, machine: &mut M, at: usize) -> bool {
        for count in 0..BURST_MAX {
            let link = &mut self.links[at];
            let len = match link.read_bytes(&mut self.chunk) {
                Ok(Some(len)) => len,
                Ok(None) => {
                    link.readable = false;
                    return count > 0;
                }
                Err(why) => {
                    self.close(machine, at, why);
                    self.settle(machine, None);
                    return true;
                }
            };
            let id = link.id;
            let arrived = link.take_arrival().unwrap_or_else(|| Clock.now());
            let now = self.advance_to(arrived);
            self.stats.current.chunks += 1;
            machine.handle_bytes(now, id, &self.chunk[..len]);
            self.settle(machine, None);
            if !self.links[at].is_open() {
                return true;
            }
        }
        self.links[at].readable = true;
        true
    }

    /// After every `handle_*`: sends what the machine has to say, closes what it no longer wants,
    /// and learns its next timer. `arrived` is when the frame came that caused it.
    ///
    /// Ends, because every further round has closed an open link and none opens in here.
    fn settle<M: Machine>(&mut self, machine: &mut M, arrived: Option<Mono>) {
        loop {
            let mut closed = self.send_all(machine, arrived);
            for at in 0..self.links.len() {
                let link = &mut self.links[at];
                link.wanted = machine.wants(link.id);
                if link.wanted && link.is_down() {
                    self.upkeep = self.upkeep.min(self.reconnects.ready_at(self.now, link.id));
                } else if !link.wanted && !link.is_down() {
                    self.close(machine, at, Closed::Unwanted);
                    closed = true;
                }
            }
            if !closed {
                break;
            }
        }
        self.timer = machine.poll_timeout().map(|(at, _)| at);
    }

    /// Whether a link closed over it.
    fn send_all<M: Machine>(&mut self, machine: &mut M, arrived: Option<Mono>) -> bool {
        let mut unmeasured = arrived;
        let mut closed = false;
        for position in 0..self.send_order.len() {
            let at = self.send_order[position];
            if let Err(why) = self.send(machine, at, &mut unmeasured) {
                self.close(machine, at, why);
                closed = true;
            }
        }
        closed
    }

    fn send<M: Machine>(
        &mut self,
        machine: &mut M,
        at: usize,
        unmeasured: &mut Option<Mono>,
    ) -> Result<(), Closed> {
        let link = &mut self.links[at];
        if !link.is_open() || link.blocked {
            return Ok(());
        }
        while !link.has_backlog() {
            let Some(bytes) = machine.poll_transmit(self.now, link.id) else { break };
            if bytes.is_empty() {
                break;
            }
            let Some(len) = link.send(bytes)? else {
                link.blocked = true;
                break;
            };
            self.now = self.now.max(Clock.now());
            self.stats.current.sends += 1;
            if link.kind == LinkKind::Http
                && let Some(arrived) = unmeasured.take()
            {
                self.stats.read_to_write(arrived, self.now);
            }
            machine.handle_transmitted(self.now, link.id, len);
        }
        Ok(())
    }

    fn close<M: Machine>(&mut self, machine: &mut M, at: usize, why: Closed) {
        let now = self.tick();
        let link = &mut self.links[at];
        let id = link.id;
        match why {
            Closed::Refused(_) => self.stats.current.refusals += 1,
            Closed::Peer(_) | Closed::Broken | Closed::Breach | Closed::Unwanted => {
                self.stats.current.closes += 1;
            }
        }
        link.close();
        self.reconnects.handle_closed(now, id, why);
        machine.handle_closed(now, id, why);
    }

    /// Dials what is wanted and gives up handshakes that took too long.
    fn keep_up<M: Machine>(&mut self, machine: &mut M) {
        let mut closed = false;
        for at in 0..self.links.len() {
            let now = self.now;
            let link = &mut self.links[at];
            if link.is_down() && link.wanted {
                if !self.reconnects.begin(now, link.id) {
                    continue;
                }
                self.stats.current.dials += 1;
                let (patience, tuning) = (self.config.handshake, self.config.tuning);
                if let Err(why) = link.dial(now, patience, self.poll.registry(), tuning) {
                    self.close(machine, at, why);
                    closed = true;
                }
            } else if link.deadline <= now {
                self.close(machine, at, Closed::Refused(0));
                closed = true;
            }
        }
        self.upkeep = self.next_upkeep();
        if closed {
            self.settle(machine, None);
        }
    }

    fn next_upkeep(&self) -> Mono {
        let due = |link: &Link<S>| {
            if link.is_down() && link.wanted {
                self.reconnects.ready_at(self.now, link.id)
            } else {
                link.deadline
            }
        };
        self.links.iter().map(due).min().unwrap_or(Mono::NEVER)
    }

    /// Asks the kernel what is ready, asleep or in passing as the policy says.
    fn wait(&mut self, now: Mono, busy: bool) -> io::Result<()> {
        self.turns = self.turns.wrapping_add(1);
        let next = self.timer.map_or(self.upkeep, |timer| timer.min(self.upkeep));
        let pause = if self.links.iter().any(|link| link.readable) {
            Pause::Spin
        } else {
            self.config.wait.pause(now, Some(next), self.active)
        };
        match pause {
            Pause::Spin => {
                if busy || self.turns.is_multiple_of(self.config.poll_every.max(1)) {
                    self.ask(Duration::ZERO)?;
                }
            }
            Pause::Sleep(length) => {
                if self.inbox.begin_sleep() {
                    let outcome = self.ask(length);
                    self.inbox.end_sleep();
                    outcome?;
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, timeout: Duration) -> io::Result<()> {
        self.stats.current.polls += 1;
        #[cfg(test)]
        crate::counted::note(crate::counted::Call::Poll);
        match self.poll.poll(&mut self.ready, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.ready {
            let Some(link) = self.links.get_mut(event.token().0) else { continue };
            link.readable = true;
            link.writable |= event.is_writable();
        }
        Ok(())
    }
}
