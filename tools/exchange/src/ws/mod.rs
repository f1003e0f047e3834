//! The spot WebSocket at message level: subscriptions, acks, closes. No sockets.

pub(crate) mod channel;
pub(crate) mod pb;
pub(crate) mod push;

use std::net::{IpAddr, Ipv4Addr};

use model::{Span, VenueTime};
use serde::Deserialize;

use crate::exchange::Exchange;
use crate::hub::{Message, SESSIONS_MAX, Session};
use crate::personality::{BadFrame, DeadListenKey};
use channel::Topic;

/// Subscriptions of one connection.
const TOPICS_MAX: usize = 30;
/// Client messages in one second; more end the connection.
const MESSAGES_PER_S: u32 = 100;
/// Connections with one listen key.
const SESSIONS_PER_KEY: usize = 5;

/// One stream connection. Its state lives in the exchange; [`close`](WsConn::close) it when the
/// socket is gone.
#[derive(Debug)]
pub struct WsConn {
    session: u32,
}

#[derive(Deserialize)]
struct Control {
    method: String,
    #[serde(default)]
    params: Vec<String>,
    #[serde(default)]
    id: u64,
}

impl WsConn {
    /// Opens a connection of this host at `path`, such as `/ws?listenKey=...`.
    ///
    /// # Errors
    /// As [`open_from`](Self::open_from).
    pub fn open(now: VenueTime, path: &str, exchange: &mut Exchange) -> Result<Self, u16> {
        Self::open_from(IpAddr::V4(Ipv4Addr::LOCALHOST), now, path, exchange)
    }

    /// Opens a connection of `peer` at `path`.
    ///
    /// # Errors
    /// The HTTP status that answers the handshake: 404 for another path, 418 under a ban, 403 for a listen key
    /// that has five connections or, as the personality says, is unknown; 503 when the exchange
    /// is full.
    pub fn open_from(
        peer: IpAddr,
        now: VenueTime,
        path: &str,
        exchange: &mut Exchange,
    ) -> Result<Self, u16> {
        exchange.advance(now);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path != "/ws" {
            return Err(404);
        }
        let now = exchange.now;
        exchange.budgets.admit(now, peer).map_err(|banned| banned.http)?;
        if exchange.hub.sessions.len() >= SESSIONS_MAX {
            return Err(503);
        }
        let wanted = query.split('&').find_map(|pair| pair.strip_prefix("listenKey="));
        let how = exchange.personality.dead_listen_key;
        let mut dead = false;
        let account = match wanted {
            None => None,
            Some(wanted) => {
                let known = exchange.listen_keys.iter().find(|key| key.key == wanted);
                let sessions = exchange.hub.sessions.values();
                let same = sessions.filter(|s| s.listen_key.as_deref() == Some(wanted)).count();
                if same >= SESSIONS_PER_KEY {
                    return Err(403);
                }
                dead = known.is_none();
                if dead && how == DeadListenKey::Closed {
                    return Err(403);
                }
                known.map(|key| key.account)
            }
        };
        let session = exchange.hub.opened;
        exchange.hub.opened += 1;
        let mut state = Session::new(now, peer, account, wanted.map(str::to_owned));
        if dead {
            state.orphan(now, how);
        }
        exchange.hub.sessions.insert(session, state);
        Ok(Self { session })
    }

    /// Takes one text frame of the client.
    pub fn handle_text(&mut self, now: VenueTime, text: &str, exchange: &mut Exchange) {
        exchange.advance(now);
        let now = exchange.now;
        let Some(session) = exchange.hub.sessions.get_mut(&self.session) else { return };
        if now.since(session.window.0) >= Span::from_secs(1) {
            session.window = (now, 0);
        }
        session.window.1 += 1;
        if session.window.1 > MESSAGES_PER_S {
            let peer = session.peer;
            if session.close(now, 1008) {
                exchange.budgets.flood(now, peer, &exchange.rules);
            }
            return;
        }
        let Ok(control) = serde_json::from_str::<Control>(text) else {
            self.refuse(exchange, 0, "wrong message");
            return;
        };
        // Clients send the keep-alive in lower case too.
        match control.method.to_ascii_uppercase().as_str() {
            "PING" => {
                session.touch(now);
                self.answer(exchange, control.id, "PONG");
            }
            "SUBSCRIPTION" => self.subscribe(exchange, &control),
            "UNSUBSCRIPTION" => self.unsubscribe(exchange, &control),
            _ => self.refuse(exchange, control.id, "wrong method"),
        }
    }

    /// The next message that is due, in order.
    pub fn poll_message(&mut self, now: VenueTime, exchange: &mut Exchange) -> Option<Message> {
        exchange.hub.sessions.get_mut(&self.session)?.poll(now)
    }

    /// Forgets the connection: its socket is gone.
    pub fn close(self, exchange: &mut Exchange) {
        exchange.hub.sessions.remove(&self.session);
        exchange.refresh_watches();
    }

    fn subscribe(&self, exchange: &mut Exchange, control: &Control) {
        let (now, id) = (exchange.now, control.id);
        let (mut taken, mut refused, mut known) = (Vec::new(), Vec::new(), 0);
        for name in &control.params {
            let listed = |topic: Topic| {
                let early = exchange.personality.before_open_streams;
                topic.symbol().is_none_or(|symbol| {
                    let symbol = &exchange.symbols[symbol];
                    symbol.is_listed(now) && (early || symbol.is_open(now))
                })
            };
            let topic = Topic::parse(name, &exchange.by_name).filter(|topic| listed(*topic));
            let fault = exchange.faults.refuses_subscription();
            let Some(session) = exchange.hub.sessions.get_mut(&self.session) else { return };
            let private = topic.is_some_and(Topic::is_private);
            if session.topics.iter().any(|(_, other)| other == name) {
                known += 1;
                continue;
            }
            match topic {
                Some(topic)
                    if !fault
                        && session.topics.len() < TOPICS_MAX
                        && (!private || session.account.is_some()) =>
                {
                    session.topics.push((topic, name.clone()));
                    session.note_topics(now);
                    taken.push(name.as_str());
                }
                _ => refused.push(name.as_str()),
            }
        }
        let text = if refused.is_empty() {
            if taken.is_empty() && known > 0 { String::new() } else { taken.join(",") }
        } else {
            let refused = format!(
                "Not Subscribed successfully! [{}].  Reason： Blocked! ",
                refused.join(",")
            );
            match taken.is_empty() {
                true => refused,
                false => format!("Subscribed successful! [{}]. {refused}", taken.join(",")),
            }
        };
        self.answer(exchange, id, &text);
        exchange.refresh_watches();
        exchange.schedule_second();
    }

    fn unsubscribe(&self, exchange: &mut Exchange, control: &Control) {
        let now = exchange.now;
        let Some(session) = exchange.hub.sessions.get_mut(&self.session) else { return };
        session.topics.retain(|(_, name)| !control.params.contains(name));
        session.note_topics(now);
        self.answer(exchange, control.id, &control.params.join(","));
        exchange.refresh_watches();
    }

    /// Meets a frame that is no control frame.
    fn refuse(&self, exchange: &mut Exchange, id: u64, msg: &str) {
        match exchange.personality.bad_frame {
            BadFrame::Answered => self.answer(exchange, id, msg),
            BadFrame::Ignored => {}
            BadFrame::Closed => {
                let now = exchange.now;
                if let Some(session) = exchange.hub.sessions.get_mut(&self.session) {
                    session.close(now, 1002);
                }
            }
        }
    }

    fn answer(&self, exchange: &mut Exchange, id: u64, msg: &str) {
        let now = exchange.now;
        let msg = serde_json::Value::from(msg);
        let text = format!("{{\"id\":{id},\"code\":0,\"msg\":{msg}}}");
        if let Some(session) = exchange.hub.sessions.get_mut(&self.session) {
            session.push(now, Message::Text(text));
        }
    }
}
