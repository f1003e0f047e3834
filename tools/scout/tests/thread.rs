//! The thread against a small server on this machine.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use model::{Body, Event, ListingBody, Source, Span, VenueTime};
use scout::{
    BrowserHeaders, Endpoint, Offer, Page, Period, ScoutConfig, ScoutThread, Security,
    ThreadConfig, Timeouts,
};

/// The exchange's clock in these tests: far from any host's.
const VENUE_MS: i64 = 4_000_000_000_000;
const COIN: &str = "11111111111111111111111111111111";

#[test]
fn what_the_pages_say_comes_out_in_the_exchanges_time_and_once() {
    let server = Server::start(None);
    let (thread, events) = watch(&server, Security::Plain);
    let opens = VenueTime::from_millis(VENUE_MS + 600_000);
    let fact = wait_for(&events, |body| {
        let Body::Listing(fact) = body else { return None };
        (fact.source == Source::Calendar).then_some(fact.body)
    });
    assert_eq!(fact, ListingBody::Opens { at: opens }, "fresh by the exchange's clock alone");
    let spec = wait_for(&events, |body| {
        let Body::Spec(spec) = body else { return None };
        Some(*spec)
    });
    let age = spec.read_at.since(VenueTime::from_millis(VENUE_MS));
    assert!(spec.read_at.is_some() && age < Span::from_secs(3_600), "{age}");
    server.wait_until("/api/v3/exchangeInfo?symbols=NEWUSDT", 5);
    thread.stop();
    let rest: Vec<Event> = events.try_iter().collect();
    let repeated = |body: &Body| matches!(body, Body::Symbol(_) | Body::Spec(_));
    assert!(!rest.iter().any(|event| repeated(&event.body)), "{rest:?}");
}

#[test]
fn a_running_thread_watches_one_more_pair_and_says_when_it_read_each_page() {
    let server = Server::start(None);
    let (thread, events) = watch(&server, Security::Plain);
    server.wait_until("/api/v3/defaultSymbols", 2);
    let handle = thread.handle().expect("it runs");
    assert!(handle.watch("BTCUSDT"));
    let named = wait_for(&events, |body| {
        let Body::Symbol(names) = body else { return None };
        (names.name.as_str() == "BTCUSDT").then_some(names.base)
    });
    assert_eq!(named.as_str(), "BTC");
    let calendar = *handle.counts().page(Page::Calendar);
    let read = calendar.read_at.expect("it was read");
    assert!(read >= VenueTime::from_millis(VENUE_MS), "by the exchange's clock: {read:?}");
    assert_eq!(calendar.tried_at, Some(read));
    thread.stop();
}

#[test]
fn the_web_pages_see_a_browser_and_one_connection_a_host_is_kept() {
    let server = Server::start(None);
    let (thread, events) = watch(&server, Security::Plain);
    server.wait_until("/api/operation/new_coin_calendar", 5);
    thread.stop();
    drop(events);
    let heads = server.heads("/api/operation/new_coin_calendar");
    for part in ["User-Agent: Mozilla/5.0", "Referer: https://", "Accept-Encoding: identity"] {
        assert!(heads.iter().all(|head| head.contains(part)), "{part} {heads:?}");
    }
    assert!(heads[0].contains("timestamp=4000"), "the exchange's time: {}", heads[0]);
    assert!(server.heads("/api/v3/time")[0].contains("User-Agent: shrike/"));
    assert_eq!(server.connections(), 2);
}

#[test]
fn connections_that_the_server_drops_are_made_anew_and_nobody_notices() {
    let server = Server::start(None);
    server.close_each.store(true, Ordering::SeqCst);
    let (thread, events) = watch(&server, Security::Plain);
    server.wait_until("/api/operation/new_coin_calendar", 5);
    let counts = thread.counts();
    thread.stop();
    drop(events);
    assert_eq!(counts.page(Page::Calendar).failed, 0);
    assert!(server.connections() > 5);
}

#[test]
fn a_full_inbox_delays_and_loses_nothing() {
    let server = Server::start(None);
    let (sender, events) = channel();
    let mut offers = 0_u32;
    let offer = move |event| {
        offers += 1;
        if !offers.is_multiple_of(4) {
            return Offer::Full;
        }
        sender.send(event).map_or(Offer::Ended, |()| Offer::Taken)
    };
    let thread = ScoutThread::spawn(config(&server, Security::Plain), offer).unwrap();
    let first: Vec<Event> =
        (0..4).map(|_| events.recv_timeout(Duration::from_secs(60)).unwrap()).collect();
    thread.stop();
    assert!(matches!(first[0].body, Body::Symbol(_)), "{first:?}");
    let listings = first.iter().filter(|event| matches!(event.body, Body::Listing(_))).count();
    let specs = first.iter().filter(|event| matches!(event.body, Body::Spec(_))).count();
    assert!(listings >= 2 && specs >= 1, "{first:?}");
}

#[test]
fn the_thread_ends_when_nobody_reads() {
    let server = Server::start(None);
    let thread = ScoutThread::spawn(config(&server, Security::Plain), |_| Offer::Ended).unwrap();
    wait(|| thread.is_finished());
    thread.stop();
}

#[test]
fn a_host_that_never_answers_does_not_keep_the_thread_from_stopping() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let mut config = config_at(address, Security::Plain);
    config.timeouts.reply = Duration::from_secs(100_000);
    let thread = ScoutThread::spawn(config, |_| Offer::Taken).unwrap();
    let (mut socket, _) = silent.accept().unwrap();
    let mut byte = [0];
    socket.read_exact(&mut byte).unwrap();
    thread.stop();
}

#[test]
fn refusals_and_odd_replies_are_counted_by_page() {
    let server = Server::start(None);
    server.set("/api/operation/new_coin_calendar", 403, "<html>");
    server.set("/api/platform/spot/market-v2/web/symbolsV2", 200, "<html>");
    let (thread, _events) = watch(&server, Security::Plain);
    server.wait_until("/api/operation/new_coin_calendar", 2);
    server.wait_until("/api/platform/spot/market-v2/web/symbolsV2", 2);
    let counts = thread.counts();
    thread.stop();
    let calendar = counts.page(Page::Calendar);
    assert!((calendar.failed, calendar.last_http) >= (1, 403), "{calendar:?}");
    assert!(counts.page(Page::WebList).malformed >= 1);
}

#[test]
fn pages_come_over_tls_and_a_stranger_is_not_believed() {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let server = Server::start(Some(&own));
    let (thread, events) = watch(&server, Security::Only(own.cert.pem().into_bytes()));
    wait_for(&events, |body| matches!(body, Body::Spec(_)).then_some(()));
    server.wait_until("/api/operation/new_coin_calendar", 3);
    thread.stop();
    assert_eq!(server.connections(), 2, "kept over TLS too");

    let (thread, events) = watch(&server, Security::Only(other.cert.pem().into_bytes()));
    wait(|| thread.counts().page(Page::Calendar).failed > 0);
    thread.stop();
    assert_eq!(events.try_iter().count(), 0);
}

fn watch(server: &Server, security: Security) -> (ScoutThread, Receiver<Event>) {
    let (sender, events) = channel();
    let offer = move |event| sender.send(event).map_or(Offer::Ended, |()| Offer::Taken);
    (ScoutThread::spawn(config(server, security), offer).unwrap(), events)
}

fn wait_for<T>(events: &Receiver<Event>, want: impl Fn(&Body) -> Option<T>) -> T {
    loop {
        let event = events.recv_timeout(Duration::from_secs(60)).expect("an event in time");
        if let Some(found) = want(&event.body) {
            return found;
        }
    }
}

/// Fails only when nothing happens at all.
fn wait(done: impl Fn() -> bool) {
    for _ in 0..12_000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nothing happened within a minute");
}

fn config(server: &Server, security: Security) -> ThreadConfig {
    config_at(server.address, security)
}

fn config_at(address: SocketAddr, security: Security) -> ThreadConfig {
    let (host, port) = (address.ip().to_string(), address.port());
    let endpoint = Endpoint { host, port, path: "/".to_owned() };
    let often = Period { far: Span::from_millis(20), near: Span::from_millis(20) };
    let mut scout = ScoutConfig {
        calendar: often,
        web_list: often,
        exchange_info: often,
        api_symbols: often,
        weight_per_10s: 100_000,
        ..ScoutConfig::default()
    };
    scout.backoff.base = Span::from_millis(20);
    ThreadConfig {
        scout,
        rest: endpoint.clone(),
        web: endpoint,
        security,
        browser: BrowserHeaders::default(),
        timeouts: Timeouts::default(),
    }
}

/// Serves fixed pages; every connection has its thread, which ends with the connection.
struct Server {
    address: SocketAddr,
    pages: Arc<Mutex<BTreeMap<&'static str, (u16, String)>>>,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    close_each: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

type OwnCertificate = rcgen::CertifiedKey<rcgen::KeyPair>;

impl Server {
    fn start(certificate: Option<&OwnCertificate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut server = Self {
            address: listener.local_addr().unwrap(),
            pages: Arc::new(Mutex::new(pages())),
            heads: Arc::default(),
            connections: Arc::default(),
            close_each: Arc::default(),
            stop: Arc::default(),
            thread: None,
        };
        let shared = server.share();
        let tls = certificate.map(tls);
        server.thread = Some(std::thread::spawn(move || {
            for socket in listener.incoming() {
                if shared.stop.load(Ordering::SeqCst) {
                    return;
                }
                let (socket, shared, tls) = (socket.unwrap(), shared.share(), tls.clone());
                shared.connections.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || match tls {
                    None => shared.serve(socket),
                    Some(tls) => {
                        let session = rustls::ServerConnection::new(tls).unwrap();
                        shared.serve(rustls::StreamOwned::new(session, socket));
                    }
                });
            }
        }));
        server
    }

    fn share(&self) -> Self {
        Self {
            address: self.address,
            pages: Arc::clone(&self.pages),
            heads: Arc::clone(&self.heads),
            connections: Arc::clone(&self.connections),
            close_each: Arc::clone(&self.close_each),
            stop: Arc::clone(&self.stop),
            thread: None,
        }
    }

    fn serve(&self, mut stream: impl Read + Write) {
        while let Some(head) = read_head(&mut stream) {
            let target = head.split(' ').nth(1).unwrap();
            let path = target.split('?').next().unwrap();
            let page = self.pages.lock().unwrap().get(path).cloned();
            let (status, body) = page.unwrap_or((404, String::new()));
            self.heads.lock().unwrap().push(head);
            let reply =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let sent = stream.write_all(reply.as_bytes()).and_then(|()| stream.flush());
            if sent.is_err() || self.close_each.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    fn set(&self, path: &'static str, status: u16, body: &str) {
        self.pages.lock().unwrap().insert(path, (status, body.to_owned()));
    }

    fn heads(&self, path: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().filter(|head| head.starts_with(&format!("GET {path}"))).cloned().collect()
    }

    /// Until that many questions for it have come.
    fn wait_until(&self, path: &str, count: usize) {
        wait(|| self.heads(path).len() >= count);
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stop.store(true, Ordering::SeqCst);
            let _ = TcpStream::connect(self.address);
            let _ = thread.join();
        }
    }
}

/// Up to the empty line; `None` at the end of the connection.
fn read_head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn pages() -> BTreeMap<&'static str, (u16, String)> {
    let opens = VENUE_MS + 600_000;
    let calendar = format!(
        r#"{{"data":{{"newCoins":[{{"vcoinId":"{COIN}","vcoinName":"NEW","firstOpenTime":{opens}}}]}}}}"#
    );
    let list = format!(
        r#"{{"data":{{"symbols":{{"USDT":[{{"cd":"{COIN}","vn":"NEW","ps":4,"qs":2,"ot":{opens}}}]}}}}}}"#
    );
    let time = format!(r#"{{"serverTime":{VENUE_MS}}}"#);
    [
        ("/api/operation/new_coin_calendar", calendar),
        ("/api/platform/spot/market-v2/web/symbolsV2", list),
        ("/api/v3/time", time),
        ("/api/v3/exchangeInfo", r#"{"symbols":[]}"#.to_owned()),
        ("/api/v3/defaultSymbols", r#"{"code":200,"data":["BTCUSDT"]}"#.to_owned()),
    ]
    .into_iter()
    .map(|(path, body)| (path, (200, body)))
    .collect()
}

fn tls(own: &OwnCertificate) -> Arc<rustls::ServerConfig> {
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    Arc::new(config)
}
