//! Proof by counting: between the read that brings a frame and the write of its order the socket
//! layer sees nothing else.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicBool;

use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::dial::{Socket, Tuning};
use crate::runner::Runner;
use crate::support::{Echo, FEED, Moment, certificate, config, echo_venue, endpoint};
use crate::{Ended, LinkKind, Machine, Roots, Tls, WaitPolicy, inbox, stats};

/// What the hot thread did, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A read that brought bytes.
    Read,
    /// A read that would have blocked.
    EmptyRead,
    /// A write that the socket took.
    Write,
    /// The kernel was asked what is ready.
    Poll,
    /// The machine was handed a frame.
    Frame,
}

thread_local! {
    static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn note(call: Call) {
    CALLS.with_borrow_mut(|calls| calls.push(call));
}

/// A socket that notes every call.
#[derive(Debug)]
struct Counted(TcpStream);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let outcome = self.0.read(buffer);
        note(if outcome.is_ok() { Call::Read } else { Call::EmptyRead });
        outcome
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        note(Call::Write);
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        note(Call::Write);
        self.0.write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Source for Counted {
    fn register(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        self.0.register(registry, token, on)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        self.0.reregister(registry, token, on)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.0.deregister(registry)
    }
}

impl Socket for Counted {
    fn dial(address: SocketAddr, source: Option<IpAddr>, tuning: Tuning) -> io::Result<Self> {
        TcpStream::dial(address, source, tuning).map(Self)
    }

    fn is_connected(&self) -> io::Result<bool> {
        self.0.is_connected()
    }
}

/// What happened from the read before each frame to the write after it.
fn calls_around_frames(policy: WaitPolicy, tls: bool, source: Option<IpAddr>) -> Vec<Vec<Call>> {
    const FRAMES: usize = 300;
    let certificate = tls.then(|| certificate("localhost"));
    let client = certificate
        .as_ref()
        .map(|certificate| Tls::new(Roots::Only(certificate.root_pem.as_bytes())).unwrap());
    let (feed, orders, venue) = match certificate {
        Some(certificate) => echo_venue(FRAMES, move |stream| certificate.open(stream)),
        None => echo_venue(FRAMES, |stream| stream),
    };
    let mut feed = endpoint(feed, client.clone());
    feed.hot = true;
    let mut machine = Echo::new(FRAMES, |moment| {
        if moment == Moment::Frame {
            note(Call::Frame);
        }
    });
    assert_eq!(machine.kind(FEED), LinkKind::WebSocket);
    let ((_sender, inbox), (writer, _reader)) = (inbox(1), stats());
    let mut endpoints = vec![feed, endpoint(orders, client)];
    for endpoint in &mut endpoints {
        let addresses = endpoint.addresses.clone();
        endpoint.addresses = source.map_or(addresses.clone(), |source| {
            addresses.from_source(source).expect("an address of the loopback")
        });
    }
    let mut runner =
        Runner::<Counted>::new(&machine, config(policy), endpoints, inbox, writer).unwrap();
    CALLS.take();
    let ended = runner.run(&mut machine, &AtomicBool::new(false)).unwrap();
    assert_eq!(ended, Ended::Done);
    venue.join().unwrap();

    let calls = CALLS.take();
    let frames = (0..calls.len()).filter(|&at| calls[at] == Call::Frame);
    let around = frames.map(|frame| {
        let read = calls[..frame].iter().rposition(|&call| call == Call::Read).unwrap();
        let write = calls[frame..].iter().position(|&call| call == Call::Write).unwrap();
        calls[read..=frame + write].to_vec()
    });
    let around: Vec<_> = around.collect();
    assert_eq!(around.len(), FRAMES);
    around
}

#[test]
fn between_a_frame_and_its_order_lie_one_read_and_one_write() {
    for policy in [WaitPolicy::Spin, WaitPolicy::Park] {
        for tls in [false, true] {
            // The first frame may have come with the answer to the upgrade, or before the order's
            // link was open.
            // A source address costs a call a dial, and none here.
            for source in [None, Some(IpAddr::from([127, 0, 0, 2]))] {
                for calls in &calls_around_frames(policy, tls, source)[1..] {
                    let wanted = [Call::Read, Call::Frame, Call::Write];
                    assert_eq!(calls[..], wanted, "{policy:?} {tls} {source:?}");
                }
            }
        }
    }
}
