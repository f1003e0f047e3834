//! The probes, each with the facts that it settles.

use std::thread;
use std::time::{Duration, Instant};

use venue::http1::Method;
use venue::mexc::codec::control::{Ack, Control, ControlReader};
use venue::mexc::codec::{Body, Wrapper};
use venue::mexc::feed::topic::Topic;
use venue::mexc::json::{Account, ExchangeInfo, ListenKey};
use venue::mexc::listen_key::ListenKey as Key;

use runtime::Endpoint;

use super::desk::{Desk, Placed, Unsettled, Wanted, words};
use crate::dialling::stream::{Came, Stream, StreamError};
use crate::keys::Answer;

/// Of no exchange.
const NO_PAIR: &str = "SHRIKENONEUSDT";
/// Longest wait for a word of a stream.
const WORD_WITHIN: Duration = Duration::from_secs(5);
/// The clock must be known this well to probe its edges.
const ERROR_MAX: Duration = Duration::from_millis(250);

/// A fact: its name, what was seen, and figures for people.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) fact: &'static str,
    pub(super) value: String,
    pub(super) note: String,
}

fn seen(fact: &'static str, value: impl Into<String>) -> Seen {
    Seen { fact, value: value.into(), note: String::new() }
}

/// A probe.
pub(super) struct Probe {
    /// What it looks at.
    pub(super) what: &'static str,
    pub(super) run: fn(&mut Desk, &Endpoint, &str) -> Result<Vec<Seen>, Unsettled>,
}

/// All of them, in order: those that place nothing first.
pub(super) const PROBES: &[Probe] = &[
    Probe { what: "an unknown pair", run: |desk, _, _| unknown_pair(desk) },
    Probe { what: "balances of nothing", run: |desk, _, _| balances(desk) },
    Probe { what: "a refused subscription", run: refused_topic },
    Probe { what: "a question behind an order", run: |desk, _, _| lag(desk) },
    Probe { what: "an order id used twice", run: |desk, _, _| duplicates(desk) },
    Probe { what: "cancels of what is gone", run: |desk, _, _| late_cancels(desk) },
    Probe { what: "the receive window", run: |desk, _, _| windows(desk) },
    Probe { what: "an immediate order without a match", run: |desk, _, _| ioc(desk) },
    Probe { what: "a maker order that crosses", run: |desk, _, _| maker(desk) },
    Probe { what: "a deal and its cancel", run: deal },
    Probe { what: "a listen key extended and given back", run: listen_key },
];

fn unknown_pair(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let query = format!("symbol={NO_PAIR}");
    let answer = desk.asker.unsigned(Method::Get, "/api/v3/exchangeInfo", &query);
    let answer = answer.map_err(words)?;
    settled(&answer)?;
    let value = match answer.http {
        200 if answer.code == 0 => {
            let rows = desk.asker.read(&answer.body, |document| {
                let info: ExchangeInfo<'_> = document.read()?;
                Ok(info.symbols.rows.len())
            });
            match rows.map_err(words)? {
                0 => "empty".to_owned(),
                rows => format!("{rows} pairs"),
            }
        }
        _ => format!("refused {}", answer.code),
    };
    Ok(vec![seen("unknown_symbol", value)])
}

fn balances(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let answer = desk.asker.signed(Method::Get, "/api/v3/account", "").map_err(words)?;
    settled(&answer)?;
    let zero = |text: &str| text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let read = desk.asker.read(&answer.body, |document| {
        let account: Account<'_> = document.read()?;
        let empty = account
            .balances
            .iter()
            .filter(|balance| zero(balance.free.as_str()) && zero(balance.locked.as_str()));
        Ok((empty.count(), account.balances.len()))
    });
    let (empty, all) = read.map_err(words)?;
    let value = if empty > 0 { "listed" } else { "left_out" };
    let note = format!("{all} assets, {empty} of them empty");
    Ok(vec![Seen { note, ..seen("zero_balances", value) }])
}

fn refused_topic(desk: &mut Desk, ws: &Endpoint, path: &str) -> Result<Vec<Seen>, Unsettled> {
    let good = format!("spot@public.aggre.deals.v3.api.pb@100ms@{}", desk.symbol);
    let bad = format!("spot@public.shrike.none.v3.api.pb@{}", desk.symbol);
    let mut stream = Stream::open(ws, path).map_err(|error| error.to_string())?;
    stream.subscribe(1, &[good.clone(), bad.clone()]).map_err(|error| error.to_string())?;
    let answer = ack(&mut stream, |ack| {
        let stand = |topic: &str| match (ack.accepts(topic), ack.refuses(topic)) {
            (true, _) => "taken",
            (false, true) => "named",
            (false, false) => "unanswered",
        };
        (stand(&bad), stand(&good))
    })?;
    stream.close();
    let (bad, good) = match answer {
        Some(told) => (told.0.to_owned(), told.1.to_owned()),
        None => ("unanswered".to_owned(), "unanswered".to_owned()),
    };
    Ok(vec![seen("refused_topic", bad), seen("topic_beside_refused", good)])
}

/// What the first acknowledgement says; `None` when none came.
fn ack<T>(
    stream: &mut Stream,
    mut read: impl FnMut(&Ack<'_>) -> T,
) -> Result<Option<T>, Unsettled> {
    let until = Instant::now() + WORD_WITHIN;
    let mut reader = ControlReader::new();
    while Instant::now() < until {
        match stream.read(until).map_err(|error| error.to_string())? {
            Came::Text(text) => {
                if let Ok(Control::Ack(ack)) = reader.read(&text) {
                    return Ok(Some(read(&ack)));
                }
            }
            Came::Binary(_) => {}
            Came::Nothing => break,
            Came::Closed(code) => return Err(format!("the stream was closed with code {code}")),
        }
    }
    Ok(None)
}

fn lag(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let best = desk.best()?;
    let id = desk.fresh_id();
    taken(desk, &desk.resting(&id, best)?)?;
    let found = desk.found_after(&id)?;
    let value = match found {
        Some(Duration::ZERO) => "at_once",
        Some(_) => "later",
        None => "not_within_10s",
    };
    let note = found.map_or(String::new(), |after| format!("{} ms", after.as_millis()));
    gone(desk, &id)?;
    Ok(vec![Seen { note, ..seen("query_after_placement", value) }])
}

fn duplicates(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let best = desk.best()?;
    let id = desk.fresh_id();
    let order = desk.resting(&id, best)?;
    let first = taken(desk, &order)?;
    let of = |placed: Placed| match placed {
        Placed::Taken(order_id) if order_id == first => ("returned".to_owned(), None),
        Placed::Taken(order_id) => ("accepted".to_owned(), Some(order_id)),
        Placed::Refused(code) => (format!("refused {code}"), None),
    };
    let (live, second) = of(desk.place(&order)?);
    for order_id in [Some(first.clone()), second].into_iter().flatten() {
        let cancelled = desk.cancel("orderId", &order_id)?;
        cancelled.map_err(|code| format!("a resting order could not be cancelled: {code}"))?;
    }
    let (ended, third) = of(desk.place(&order)?);
    if let Some(order_id) = third {
        let cancelled = desk.cancel("orderId", &order_id)?;
        cancelled.map_err(|code| format!("a resting order could not be cancelled: {code}"))?;
    }
    Ok(vec![seen("duplicate_of_live_id", live), seen("duplicate_of_ended_id", ended)])
}

fn late_cancels(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let best = desk.best()?;
    let id = desk.fresh_id();
    taken(desk, &desk.resting(&id, best)?)?;
    gone(desk, &id)?;
    let twice = desk.cancel("origClientOrderId", &id)?;
    let nobody = desk.fresh_id();
    let unknown = desk.cancel("origClientOrderId", &nobody)?;
    Ok(vec![seen("cancel_of_cancelled", told(twice)), seen("cancel_of_unknown", told(unknown))])
}

fn told(cancelled: Result<String, i32>) -> String {
    match cancelled {
        Ok(status) => format!("answered {status}"),
        Err(code) => format!("refused {code}"),
    }
}

/// Codes of a time stamp that is too old or too early.
const ABOUT_TIME: [i32; 3] = [10_073, 700_003, 700_005];

/// Window and shift of each edge, far enough from it for the error of the clock.
const EDGES: [(&str, u32, i64); 4] = [
    ("order_behind_window", 1_000, -2_000),
    ("order_inside_window", 3_000, -2_000),
    ("order_two_seconds_early", 2_000, 2_000),
    ("order_half_second_early", 2_000, 500),
];

fn windows(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let clock = desk.asker.clock().map_err(words)?;
    if clock.error > ERROR_MAX {
        let (error, max) = (clock.error.as_millis(), ERROR_MAX.as_millis());
        return Err(format!("the clock is known to {error} ms, and {max} are needed"));
    }
    let mut all = Vec::new();
    for (fact, window_ms, shift_ms) in EDGES {
        let best = desk.best()?;
        let id = desk.fresh_id();
        let order = Wanted { window_ms, shift_ms, ..desk.resting(&id, best)? };
        let value = match desk.place(&order)? {
            Placed::Taken(_) => {
                gone(desk, &id)?;
                "accepted".to_owned()
            }
            Placed::Refused(code) if ABOUT_TIME.contains(&code) => format!("refused {code}"),
            // Another reason proves nothing of the window.
            Placed::Refused(code) => return Err(format!("{fact}: refused with {code}")),
        };
        let note = format!("recvWindow {window_ms} ms, timestamp {shift_ms:+} ms");
        all.push(Seen { note, ..seen(fact, value) });
    }
    Ok(all)
}

fn ioc(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let best = desk.best()?;
    let id = desk.fresh_id();
    let order = Wanted { kind: "IMMEDIATE_OR_CANCEL", ..desk.resting(&id, best)? };
    let value = outcome(desk, &order)?;
    Ok(vec![seen("ioc_without_match", value)])
}

fn maker(desk: &mut Desk) -> Result<Vec<Seen>, Unsettled> {
    let best = desk.best()?;
    let id = desk.fresh_id();
    let order = desk.taking(&id, "LIMIT_MAKER", best)?;
    let value = outcome(desk, &order)?;
    Ok(vec![seen("crossing_maker", value)])
}

/// What becomes of an order that should not rest.
fn outcome(desk: &mut Desk, order: &Wanted<'_>) -> Result<String, Unsettled> {
    match desk.place(order)? {
        Placed::Refused(code) => Ok(format!("refused {code}")),
        Placed::Taken(order_id) => match desk.ended("orderId", &order_id)? {
            Some(stand) => Ok(stand.status),
            None => Err("an order that was taken cannot be found".to_owned()),
        },
    }
}

/// A deal: what the private stream tells of it, and what its cancel is answered.
fn deal(desk: &mut Desk, ws: &Endpoint, path: &str) -> Result<Vec<Seen>, Unsettled> {
    let key = new_key(desk)?;
    let seen = deal_with(desk, ws, path, &key);
    let closed = closed_key(desk, &key);
    let seen = seen?;
    closed?;
    Ok(seen)
}

fn deal_with(
    desk: &mut Desk,
    ws: &Endpoint,
    path: &str,
    key: &Key,
) -> Result<Vec<Seen>, Unsettled> {
    let mut stream = private(ws, path, key).map_err(|error| error.to_string())?;
    listening(&mut stream)?;
    let best = desk.best()?;
    let id = desk.fresh_id();
    let order_id = taken(desk, &desk.taking(&id, "IMMEDIATE_OR_CANCEL", best)?)?;
    let told = Told::of(&mut stream, &order_id, &id)?;
    stream.close();
    let stand = desk.ended("orderId", &order_id)?;
    let status = stand.map(|stand| stand.status).unwrap_or_default();
    if status != "FILLED" {
        return Err(format!("the order that should trade is {status:?}; try again"));
    }
    let cancelled = self::told(desk.cancel("orderId", &order_id)?);
    let first = told.first.ok_or("the private stream told nothing of a deal within 5 s")?;
    let own = match (told.own_of_order, told.own_of_deal) {
        (true, true) => "both",
        (true, false) => "order",
        (false, true) => "deal",
        (false, false) => "neither",
    };
    Ok(vec![
        seen("cancel_of_filled", cancelled),
        seen("first_told", first),
        seen("new_told", if told.new { "told" } else { "left_out" }),
        seen("own_id_told", own),
    ])
}

/// What a private stream tells of one order.
#[derive(Debug, Default)]
struct Told {
    first: Option<&'static str>,
    new: bool,
    own_of_order: bool,
    own_of_deal: bool,
}

impl Told {
    /// Listens until both channels have told of the end.
    fn of(stream: &mut Stream, order_id: &str, own: &str) -> Result<Self, Unsettled> {
        let until = Instant::now() + WORD_WITHIN;
        let mut told = Self::default();
        let (mut order_told, mut deal_told) = (false, false);
        while !(order_told && deal_told) {
            let frame = match stream.read(until).map_err(|error| error.to_string())? {
                Came::Binary(frame) => frame,
                Came::Text(_) => continue,
                Came::Nothing => return Err("the private stream told less than all".to_owned()),
                Came::Closed(code) => return Err(format!("the stream was closed: {code}")),
            };
            let wrapper = Wrapper::decode(&frame).map_err(|error| error.to_string())?;
            match wrapper.body {
                Some(Body::PrivateOrders(order)) if order.id == order_id => {
                    told.own_of_order |= order.client_id == own;
                    if order.status == 1 {
                        told.new = true;
                    } else {
                        told.first.get_or_insert("order");
                        order_told |= order.status != 3;
                    }
                }
                Some(Body::PrivateDeals(deal)) if deal.order_id == order_id => {
                    told.own_of_deal |= deal.client_order_id == own;
                    told.first.get_or_insert("deal");
                    deal_told = true;
                }
                _ => {}
            }
        }
        Ok(told)
    }
}

fn listen_key(desk: &mut Desk, ws: &Endpoint, path: &str) -> Result<Vec<Seen>, Unsettled> {
    let key = new_key(desk)?;
    let probed = with_key(desk, ws, path, &key);
    if probed.is_err() {
        // Given back as far as it can be; it ends by itself within the hour.
        let _ = closed_key(desk, &key);
    }
    probed
}

fn with_key(desk: &mut Desk, ws: &Endpoint, path: &str, key: &Key) -> Result<Vec<Seen>, Unsettled> {
    let mut stream = private(ws, path, key).map_err(|error| error.to_string())?;
    listening(&mut stream)?;
    let query = format!("listenKey={}", key.as_str());
    let answer = desk.asker.signed(Method::Put, "/api/v3/userDataStream", &query);
    let answer = answer.map_err(words)?;
    settled(&answer)?;
    let extended = match answer.http {
        200 => match key_of(desk, &answer)? == *key {
            true => "same".to_owned(),
            false => "another".to_owned(),
        },
        _ => format!("refused {}", answer.code),
    };
    let deleted = closed_key(desk, key)?;
    let open = dead(&mut stream)?;
    stream.close();
    let again = match private(ws, path, key) {
        Err(StreamError::Refused(http)) => format!("refused HTTP {http}"),
        Err(error) => return Err(error.to_string()),
        Ok(mut stream) => {
            stream.subscribe(1, &topics()).map_err(|error| error.to_string())?;
            dead(&mut stream)?
        }
    };
    Ok(vec![
        seen("listen_key_extended", extended),
        seen("listen_key_deleted", deleted),
        seen("stream_of_deleted_key", open),
        seen("new_stream_of_deleted_key", again),
    ])
}

/// How a stream ends whose key is gone.
fn dead(stream: &mut Stream) -> Result<String, Unsettled> {
    let until = Instant::now() + WORD_WITHIN;
    let mut told = false;
    let mut reader = ControlReader::new();
    loop {
        match stream.read(until) {
            Ok(Came::Text(text)) => told |= reader.read(&text).is_err(),
            Ok(Came::Binary(_)) => {}
            Ok(Came::Nothing) => return Ok(if told { "told" } else { "open" }.to_owned()),
            Ok(Came::Closed(_)) | Err(StreamError::Broken(_)) => {
                return Ok(if told { "told and closed" } else { "closed" }.to_owned());
            }
            Err(error) => return Err(error.to_string()),
        }
        if Instant::now() >= until {
            return Ok(if told { "told" } else { "open" }.to_owned());
        }
    }
}

fn private(ws: &Endpoint, path: &str, key: &Key) -> Result<Stream, StreamError> {
    Stream::open(ws, &format!("{path}?listenKey={}", key.as_str()))
}

fn topics() -> Vec<String> {
    let names = Topic::PRIVATE.iter().filter_map(|topic| topic.name(""));
    names.map(|name| name.as_str().to_owned()).collect()
}

/// Subscribes to the private channels.
fn listening(stream: &mut Stream) -> Result<(), Unsettled> {
    let topics = topics();
    stream.subscribe(1, &topics).map_err(|error| error.to_string())?;
    match ack(stream, |ack| topics.iter().all(|topic| ack.accepts(topic)))? {
        Some(true) => Ok(()),
        Some(false) => Err("the private channels were refused".to_owned()),
        None => Err("the private channels were not acknowledged within 5 s".to_owned()),
    }
}

fn new_key(desk: &mut Desk) -> Result<Key, Unsettled> {
    let answer = desk.asker.once(Method::Post, "/api/v3/userDataStream", "", 5_000, 0);
    let answer = answer.map_err(words)?;
    match answer.http {
        200 => key_of(desk, &answer),
        http => Err(format!("no listen key: HTTP {http}, code {}", answer.code)),
    }
}

fn key_of(desk: &mut Desk, answer: &Answer) -> Result<Key, Unsettled> {
    let read = desk.asker.read(&answer.body, |document| {
        let key: ListenKey<'_> = document.read()?;
        Ok(Key::new(key.listen_key))
    });
    read.map_err(words)?.ok_or_else(|| "the listen key has another form".to_owned())
}

fn closed_key(desk: &mut Desk, key: &Key) -> Result<String, Unsettled> {
    let query = format!("listenKey={}", key.as_str());
    let answer = desk.asker.signed(Method::Delete, "/api/v3/userDataStream", &query);
    let answer = answer.map_err(words)?;
    settled(&answer)?;
    Ok(if answer.http == 200 { "done".to_owned() } else { format!("refused {}", answer.code) })
}

/// Places an order that must be taken.
fn taken(desk: &mut Desk, order: &Wanted<'_>) -> Result<String, Unsettled> {
    match desk.place(order)? {
        Placed::Taken(order_id) => Ok(order_id),
        Placed::Refused(code) => Err(format!("an order was refused with {code}")),
    }
}

/// Cancels an order that must be there.
fn gone(desk: &mut Desk, id: &str) -> Result<(), Unsettled> {
    let cancelled = desk.cancel("origClientOrderId", id)?;
    thread::sleep(Duration::from_millis(50));
    cancelled.map(|_| ()).map_err(|code| format!("a resting order could not be cancelled: {code}"))
}

/// An answer that says nothing about behaviour: too much was asked, or the exchange is ill.
fn settled(answer: &Answer) -> Result<(), Unsettled> {
    match answer.http {
        200..=299 | 400..=404 => Ok(()),
        http => Err(format!("HTTP {http}, code {}", answer.code)),
    }
}
