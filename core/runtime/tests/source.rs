//! Connections leave from the address that they were told to leave from.

mod support;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use runtime::{Addresses, Call, CallError, Endpoint, LinkKind, Roots, Tls, WaitPolicy};

use support::{PATIENCE, certificate, config, endpoint, listen, start};

#[test]
fn a_call_leaves_from_its_source_plain_and_under_tls() {
    for secure in [false, true] {
        let (listener, address) = listen();
        let open = secure.then(|| certificate("localhost"));
        let root = open.as_ref().map(|open| open.root_pem.clone());
        let venue = thread::spawn(move || {
            let (stream, peer) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut byte = [0];
            match open {
                Some(certificate) => {
                    let mut stream = certificate.open(stream);
                    stream.read_exact(&mut byte).unwrap();
                    stream.write_all(&byte).unwrap();
                    stream.flush().unwrap();
                }
                None => {
                    let mut stream = stream;
                    stream.read_exact(&mut byte).unwrap();
                    stream.write_all(&byte).unwrap();
                }
            }
            peer.ip()
        });
        let tls = root.map(|root| Tls::new(Roots::Only(root.as_bytes())).unwrap());
        let mut call = Call::open(&from_source(address, tls), PATIENCE).unwrap();
        call.write_all(b"x").unwrap();
        let mut byte = [0];
        call.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
        assert_eq!(call.secured().map(|secured| secured.version), secure.then(|| V13.to_owned()));
        assert_eq!(venue.join().unwrap(), SOURCE);
    }
}

#[test]
fn a_link_of_the_loop_leaves_from_its_source_each_time_it_is_dialled() {
    let (listener, address) = listen();
    let at = from_source(address, None);
    let running = start(config(WaitPolicy::Park), at, LinkKind::Http, &[b"hello"], vec![]);
    for _ in 0..2 {
        let (mut stream, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip(), SOURCE);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
    }
    drop(running);
}

#[test]
fn a_certificate_that_is_not_believed_and_a_closed_port_are_told_apart() {
    let (listener, address) = listen();
    let shown = certificate("localhost");
    let venue = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = shown.open(stream);
        // The client turns away in the middle of it.
        let _ = stream.read(&mut [0]);
    });
    let public = Tls::new(Roots::Public).unwrap();
    let error = Call::open(&endpoint(address, Some(public)), PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::Handshake { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    venue.join().unwrap();
    let error = Call::open(&endpoint(address, None), PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::Connect { .. }), "{error}");
}

#[test]
fn a_peer_that_says_nothing_ends_the_wait() {
    let (listener, address) = listen();
    let mut call = Call::open(&endpoint(address, None), Duration::from_millis(20)).unwrap();
    let error = call.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    drop(listener);
}

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const V13: &str = "TLSv1_3";

fn from_source(address: SocketAddr, tls: Option<Tls>) -> Endpoint {
    let addresses = Addresses::new(&[address]).unwrap().from_source(SOURCE).unwrap();
    Endpoint { addresses, ..endpoint(address, tls) }
}
