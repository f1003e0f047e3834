//! Links against servers that close, refuse, cheat, slice, stall and lie about their name.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;

use model::Span;
use runtime::{
    Clock, Closed, Ended, LinkKind, LoopConfig, Roots, RunError, Tls, WaitPolicy, inbox, run, stats,
};
use support::{
    DROP, END, Echo, FEED, PATIENCE, Seen, WANT, accept, certificate, config, endpoint, listen,
    start,
};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

const POLICIES: [WaitPolicy; 3] =
    [WaitPolicy::Spin, WaitPolicy::Adaptive { spin_for: Span::from_micros(50) }, WaitPolicy::Park];

fn quick() -> LoopConfig {
    config(WaitPolicy::Park)
}

fn upgraded(listener: &std::net::TcpListener) -> WebSocket<TcpStream> {
    tungstenite::accept(accept(listener)).unwrap()
}

#[test]
fn a_link_that_the_server_closes_comes_back() {
    for policy in POLICIES {
        let (listener, address) = listen();
        let running =
            start(config(policy), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
        for _ in 0..3 {
            let mut server = upgraded(&listener);
            assert_eq!(running.next(), Seen::Open(FEED));
            let reason = CloseFrame { code: CloseCode::Away, reason: "24 hours".into() };
            server.close(Some(reason)).unwrap();
            assert_eq!(running.next(), Seen::Closed(FEED, Closed::Peer(1001)));
            assert!(matches!(server.read(), Ok(Message::Close(_))), "the close is answered");
        }
    }
}

#[test]
fn an_end_of_stream_without_a_word_is_a_close_without_a_code() {
    for kind in [LinkKind::WebSocket, LinkKind::Http] {
        let (listener, address) = listen();
        let running = start(quick(), endpoint(address, None), kind, &[], vec![]);
        match kind {
            LinkKind::WebSocket => drop(upgraded(&listener)),
            LinkKind::Http => drop(accept(&listener)),
        }
        running.until(&Seen::Closed(FEED, Closed::Peer(0)));
    }
}

#[test]
fn a_refused_upgrade_tells_its_status_and_is_tried_again() {
    let (listener, address) = listen();
    let running = start(quick(), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
    for status in [403, 429, 200] {
        let mut server = accept(&listener);
        let request = read_head(&mut server);
        assert!(request.starts_with("GET /ws?listenKey=abc HTTP/1.1\r\n"), "{request}");
        assert!(!request.to_lowercase().contains("sec-websocket-extensions"), "{request}");
        write!(server, "HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n").unwrap();
        assert_eq!(running.next(), Seen::Closed(FEED, Closed::Refused(status)));
    }
    let _server = upgraded(&listener);
    assert_eq!(running.next(), Seen::Open(FEED));
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    let (listener, address) = listen();
    drop(listener);
    let running = start(quick(), endpoint(address, None), LinkKind::Http, &[], vec![]);
    for _ in 0..3 {
        assert_eq!(running.next(), Seen::Closed(FEED, Closed::Refused(0)));
    }
}

#[test]
fn a_server_that_never_answers_the_upgrade_is_given_up() {
    let (listener, address) = listen();
    let config = LoopConfig { handshake: Span::from_millis(30), ..quick() };
    let running = start(config, endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
    let _mute = accept(&listener);
    assert_eq!(running.next(), Seen::Closed(FEED, Closed::Refused(0)));
    let _second = accept(&listener);
}

#[test]
fn a_half_open_link_is_dropped_and_dialled_anew_when_the_machine_says_so() {
    let (listener, address) = listen();
    let running = start(quick(), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
    let mut mute = upgraded(&listener);
    assert_eq!(running.next(), Seen::Open(FEED));
    running.tell(DROP);
    running.until(&Seen::Closed(FEED, Closed::Unwanted));
    assert!(matches!(mute.read(), Ok(Message::Close(None))), "the drop is a polite one");
    running.tell(WANT);
    let _server = upgraded(&listener);
    running.until(&Seen::Open(FEED));
}

#[test]
fn a_frame_beyond_a_mebibyte_is_a_breach_before_its_bytes_come() {
    let (listener, address) = listen();
    let running = start(quick(), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
    let mut server = upgraded(&listener);
    // A final binary frame of 64 MiB; of the same with text; a fragmented message beyond the cap.
    let mut head = vec![0x82, 127];
    head.extend_from_slice(&(64_u64 << 20).to_be_bytes());
    server.get_mut().write_all(&head).unwrap();
    running.until(&Seen::Closed(FEED, Closed::Breach));

    let mut server = upgraded(&listener);
    running.until(&Seen::Open(FEED));
    let part = vec![0; 600 << 10];
    let mut frames = vec![0x02, 127];
    frames.extend_from_slice(&(part.len() as u64).to_be_bytes());
    frames.extend_from_slice(&part);
    frames.extend_from_slice(&[0x80, 127]);
    frames.extend_from_slice(&(part.len() as u64).to_be_bytes());
    frames.extend_from_slice(&part);
    // The loop may hang up before the last byte is out.
    let _ = server.get_mut().write_all(&frames);
    running.until(&Seen::Closed(FEED, Closed::Breach));
}

#[test]
fn bytes_that_are_no_websocket_are_a_breach() {
    let (listener, address) = listen();
    let running = start(quick(), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
    let bad: [&[u8]; 4] = [
        &[0x81, 2, 0xff, 0xfe],       // text that is not UTF-8
        &[0xc2, 1, 0],                // a reserved bit: compression was never agreed
        &[0x82, 0x81, 1, 2, 3, 4, 5], // masked, which only clients do
        &[0x83, 0],                   // an opcode that does not exist
    ];
    for bytes in bad {
        let mut server = upgraded(&listener);
        running.until(&Seen::Open(FEED));
        server.get_mut().write_all(bytes).unwrap();
        assert_eq!(running.next(), Seen::Closed(FEED, Closed::Breach), "{bytes:?}");
    }
}

#[test]
fn frames_in_slices_of_one_to_five_bytes_arrive_whole() {
    for policy in POLICIES {
        let (listener, address) = listen();
        let running =
            start(config(policy), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
        let mut server = tungstenite::accept(Slicer(accept(&listener), 0)).unwrap();
        assert_eq!(running.next(), Seen::Open(FEED));
        for len in [0, 1, 125, 126, 1_000] {
            let frame = vec![len as u8; len];
            server.send(Message::Binary(frame.clone().into())).unwrap();
            assert_eq!(running.next(), Seen::Binary(FEED, frame));
            let text = "é".repeat(len);
            server.send(Message::Text(text.clone().into())).unwrap();
            assert_eq!(running.next(), Seen::Text(FEED, text.into_bytes()));
        }
    }
}

#[test]
fn the_largest_message_and_a_burst_of_small_ones_arrive_in_order() {
    for policy in POLICIES {
        let (listener, address) = listen();
        let running =
            start(config(policy), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
        let mut server = upgraded(&listener);
        running.until(&Seen::Open(FEED));
        let large = vec![3; 1 << 20];
        server.send(Message::Binary(large.clone().into())).unwrap();
        assert_eq!(running.next(), Seen::Binary(FEED, large));
        for number in 0..1_000_u32 {
            server.write(Message::Binary(number.to_be_bytes().to_vec().into())).unwrap();
        }
        server.flush().unwrap();
        for number in 0..1_000_u32 {
            assert_eq!(running.next(), Seen::Binary(FEED, number.to_be_bytes().to_vec()));
        }
    }
}

#[test]
fn a_ping_is_answered_without_waiting_for_another_frame() {
    for policy in POLICIES {
        let (listener, address) = listen();
        let running =
            start(config(policy), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
        let mut server = upgraded(&listener);
        running.until(&Seen::Open(FEED));
        server.send(Message::Ping(vec![1, 2, 3].into())).unwrap();
        assert_eq!(server.read().unwrap(), Message::Pong(vec![1, 2, 3].into()));
    }
}

#[test]
fn texts_of_the_machine_reach_the_server_whole_and_in_order() {
    let long = vec![b'x'; 60_000];
    let says: [&[u8]; 4] = [b"{\"method\":\"PING\"}", &long, &long, b"last"];
    let (listener, address) = listen();
    let running = start(quick(), endpoint(address, None), LinkKind::WebSocket, &says, vec![]);
    for _ in 0..2 {
        let mut server = upgraded(&listener);
        running.until(&Seen::Open(FEED));
        for text in says {
            assert_eq!(server.read().unwrap().into_data(), text);
        }
    }
}

#[test]
fn more_than_the_socket_takes_waits_and_arrives_in_order() {
    for policy in POLICIES {
        let body: Vec<u8> = (0..8_000_000_u32).map(|at| (at % 251) as u8).collect();
        let (listener, address) = listen();
        let running =
            start(config(policy), endpoint(address, None), LinkKind::Http, &[&body], vec![]);
        let mut server = accept(&listener);
        running.until(&Seen::Open(FEED));
        // While the socket is full, what comes in is still read.
        server.write_all(b"hello").unwrap();
        assert_eq!(running.next(), Seen::Bytes(FEED, b"hello".to_vec()));
        let mut received = vec![0; body.len()];
        server.read_exact(&mut received).unwrap();
        assert!(received == body);
    }
}

#[test]
fn under_tls_both_kinds_of_link_carry_bytes_both_ways() {
    let certificate = certificate("localhost");
    let tls = Tls::new(Roots::Only(certificate.root_pem.as_bytes())).unwrap();
    for policy in POLICIES {
        let (listener, address) = listen();
        let body = vec![b'b'; 3_000_000];
        let at = endpoint(address, Some(tls.clone()));
        let running = start(config(policy), at, LinkKind::Http, &[&body], vec![]);
        let mut server = certificate.open(accept(&listener));
        let mut received = vec![0; body.len()];
        server.read_exact(&mut received).unwrap();
        assert!(received == body);
        server.write_all(b"reply").unwrap();
        server.flush().unwrap();
        assert_eq!(running.next(), Seen::Open(FEED));
        assert_eq!(running.next(), Seen::Bytes(FEED, b"reply".to_vec()));

        let at = endpoint(address, Some(tls.clone()));
        let running = start(config(policy), at, LinkKind::WebSocket, &[b"hello"], vec![]);
        let mut server = tungstenite::accept(certificate.open(accept(&listener))).unwrap();
        assert_eq!(server.read().unwrap().into_data(), "hello");
        running.until(&Seen::Open(FEED));
        let frame = vec![9; 300_000];
        server.send(Message::Binary(frame.clone().into())).unwrap();
        assert_eq!(running.next(), Seen::Binary(FEED, frame));
    }
}

#[test]
fn a_certificate_of_another_host_or_of_a_stranger_is_never_spoken_to() {
    let ours = certificate("localhost");
    let other_host = certificate("elsewhere.example");
    let stranger = certificate("localhost");
    for (root, server) in [(&other_host, &other_host), (&ours, &stranger)] {
        let (listener, address) = listen();
        let tls = Tls::new(Roots::Only(root.root_pem.as_bytes())).unwrap();
        let at = endpoint(address, Some(tls));
        let running = start(quick(), at, LinkKind::Http, &[b"secret"], vec![]);
        let mut received = Vec::new();
        let outcome = server.open(accept(&listener)).read_to_end(&mut received);
        assert!(outcome.is_err() && received.is_empty());
        assert_eq!(running.next(), Seen::Closed(FEED, Closed::Refused(0)));
    }
}

#[test]
fn plain_text_where_tls_belongs_is_refused() {
    let certificate = certificate("localhost");
    let tls = Tls::new(Roots::Only(certificate.root_pem.as_bytes())).unwrap();
    let (listener, address) = listen();
    let running = start(quick(), endpoint(address, Some(tls)), LinkKind::Http, &[], vec![]);
    accept(&listener).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    assert_eq!(running.next(), Seen::Closed(FEED, Closed::Refused(0)));
}

#[test]
fn timers_fire_in_order_and_never_early() {
    for policy in POLICIES {
        let (_listener, address) = listen();
        let now = Clock.now();
        let timers: Vec<_> = [0, 300, 1_500, 1_501, 7_000, 120_000]
            .map(|micros| now.after(Span::from_micros(micros)))
            .to_vec();
        let at = endpoint(address, None);
        let running = start(config(policy), at, LinkKind::Http, &[], timers.clone());
        let mut fired = Vec::new();
        while fired.len() < timers.len() {
            if let Seen::Timeout(planned, at) = running.next() {
                assert!(at >= planned, "{policy:?}");
                fired.push(planned);
            }
        }
        assert_eq!(fired, timers);
    }
}

#[test]
fn an_event_wakes_a_sleeping_loop_and_the_machine_may_end_it() {
    for policy in POLICIES {
        let (_listener, address) = listen();
        let running = start(config(policy), endpoint(address, None), LinkKind::Http, &[], vec![]);
        for token in 0..20 {
            running.tell(token);
            running.until(&Seen::Event(token));
        }
        running.tell(END);
        running.until(&Seen::Event(END));
        assert_eq!(running.join(), Ended::Done);
    }
}

#[test]
fn a_peer_that_pings_and_never_reads_fills_no_memory_and_the_link_lives_on() {
    const PINGS: usize = 200_000;
    let (listener, address) = listen();
    let running = start(quick(), endpoint(address, None), LinkKind::WebSocket, &[], vec![]);
    let mut server = upgraded(&listener);
    running.until(&Seen::Open(FEED));
    let ping = [[0x89, 125].as_slice(), &[b'p'; 125]].concat();
    for _ in 0..PINGS / 100 {
        server.get_mut().write_all(&ping.repeat(100)).unwrap();
    }
    server.send(Message::Binary(vec![1].into())).unwrap();
    assert_eq!(running.next(), Seen::Binary(FEED, vec![1]));
}

#[test]
fn links_without_an_endpoint_are_an_error_before_anything_is_dialled() {
    let (listener, address) = listen();
    let (_sender, inbox) = inbox(1);
    let (writer, _reader) = stats();
    let mut machine = Echo::new(1, |_| {});
    let one = vec![endpoint(address, None)];
    let stop = AtomicBool::new(false);
    let outcome = run(&mut machine, &quick(), one, inbox, writer, &stop, |_| {});
    assert!(matches!(outcome, Err(RunError::Endpoints { links: 2, endpoints: 1 })));
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

#[test]
fn another_thread_reads_what_the_loop_counted() {
    let (listener, address) = listen();
    let mut running = start(quick(), endpoint(address, None), LinkKind::Http, &[b"x"], vec![]);
    let mut server = accept(&listener);
    server.read_exact(&mut [0]).unwrap();
    server.write_all(b"y").unwrap();
    running.until(&Seen::Bytes(FEED, b"y".to_vec()));
    running.tell(END);
    running.until(&Seen::Event(END));
    let since = std::time::Instant::now();
    while running.stats.read().events == 0 {
        assert!(since.elapsed() < PATIENCE, "the figures never came");
        std::thread::yield_now();
    }
    let stats = running.stats.read();
    assert_eq!((stats.dials, stats.opens, stats.refusals, stats.closes), (1, 1, 0, 0));
    assert_eq!((stats.sends, stats.chunks, stats.events), (1, 1, 1));
}

/// Writes one to five bytes at a time.
#[derive(Debug)]
struct Slicer(TcpStream, usize);

impl Read for Slicer {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Slicer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1 += 1;
        let len = bytes.len().min(self.1 % 5 + 1);
        // Lets the other side read the slice by itself.
        std::thread::yield_now();
        self.0.write(&bytes[..len])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
