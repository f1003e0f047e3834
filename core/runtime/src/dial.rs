//! Where a link leads, and how its socket is opened and tuned without ever blocking.
#![allow(unsafe_code, reason = "two socket options that std and mio do not offer")]

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex};

use mio::event::Source;
use mio::net::TcpStream;
use rustls_pki_types::ServerName;
use socket2::{Domain, Protocol, Type};

use crate::tls::{Tls, TlsError, server_name};

/// Where a link leads and how it is treated.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Addresses of the host, looked up beforehand.
    pub addresses: Addresses,
    /// The host's name: sent in requests, verified against the certificate.
    pub host: String,
    /// The port, as it stands in the `Host` header when it is not the usual one.
    pub port: u16,
    /// Whom to believe; `None` speaks plain TCP.
    pub tls: Option<Tls>,
    /// Whether the spinning loop reads the socket directly, without asking the kernel first.
    pub hot: bool,
    /// Whether orders go over it: reconnecting has its own reserve then.
    pub orders: bool,
}

impl Endpoint {
    /// The URL that opens `path` as a WebSocket.
    pub(crate) fn url(&self, path: &str) -> String {
        let (scheme, usual) = if self.tls.is_some() { ("wss", 443) } else { ("ws", 80) };
        if self.port == usual {
            format!("{scheme}://{}{path}", self.host)
        } else {
            format!("{scheme}://{}:{}{path}", self.host, self.port)
        }
    }

    /// The name for TLS, checked once before the loop starts.
    pub(crate) fn checked_name(&self) -> Result<Option<ServerName<'static>>, TlsError> {
        self.tls.as_ref().map(|_| server_name(&self.host)).transpose()
    }
}

/// Addresses of one host, refreshed by a slow thread while the hot thread reads its last copy; and
/// which address of ours they are dialled from.
#[derive(Clone, Debug)]
pub struct Addresses {
    shared: Arc<Mutex<Vec<SocketAddr>>>,
    /// What this holder saw last.
    copy: Vec<SocketAddr>,
    source: Option<IpAddr>,
}

/// Most addresses kept of one host.
const ADDRESSES_MAX: usize = 8;

/// Why a host has no address.
#[derive(Debug)]
pub enum AddressError {
    /// The lookup failed; the older addresses stay in use.
    Lookup(io::Error),
    /// The lookup succeeded and found none; the older addresses stay in use.
    Empty,
    /// The address to dial from is not this machine's.
    NotOurs {
        /// The address.
        source: IpAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The host has no address of the family that is dialled from.
    OtherFamily {
        /// The address that is dialled from.
        source: IpAddr,
    },
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(error) => write!(f, "the host could not be looked up: {error}"),
            Self::Empty => f.write_str("the host has no address"),
            Self::NotOurs { source, error } => write!(
                f,
                "connections cannot leave from {source}: {error}; `ip address` lists this \
                 machine's addresses"
            ),
            Self::OtherFamily { source } => {
                let family = if source.is_ipv4() { "IPv4" } else { "IPv6" };
                write!(f, "the host has no {family} address to reach from {source}")
            }
        }
    }
}

impl std::error::Error for AddressError {}

impl Addresses {
    /// Known addresses; the first eight count.
    ///
    /// # Errors
    /// [`AddressError::Empty`].
    pub fn new(addresses: &[SocketAddr]) -> Result<Self, AddressError> {
        if addresses.is_empty() {
            return Err(AddressError::Empty);
        }
        let copy = addresses[..addresses.len().min(ADDRESSES_MAX)].to_vec();
        Ok(Self { shared: Arc::new(Mutex::new(copy.clone())), copy, source: None })
    }

    /// The same host dialled from `source`, which must be an address of this machine. Addresses of
    /// the other family are left out.
    ///
    /// # Errors
    /// [`AddressError::NotOurs`] and [`AddressError::OtherFamily`].
    pub fn from_source(self, source: IpAddr) -> Result<Self, AddressError> {
        UdpSocket::bind((source, 0)).map_err(|error| AddressError::NotOurs { source, error })?;
        let mut copy = self.copy;
        copy.retain(|address| reaches(Some(source), address));
        if copy.is_empty() {
            return Err(AddressError::OtherFamily { source });
        }
        Ok(Self { shared: Arc::new(Mutex::new(copy.clone())), copy, source: Some(source) })
    }

    /// Looks `host` up. Blocks: never on the hot thread.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn look_up(host: &str, port: u16) -> Result<Self, AddressError> {
        Self::new(&resolve(host, port)?)
    }

    /// Looks the host up again for every holder. Blocks: never on the hot thread.
    ///
    /// # Errors
    /// [`AddressError`]; the older addresses stay in use.
    pub fn refresh(&self, host: &str, port: u16) -> Result<(), AddressError> {
        let mut found = resolve(host, port)?;
        found.retain(|address| reaches(self.source, address));
        if found.is_empty() {
            return Err(AddressError::Empty);
        }
        found.truncate(ADDRESSES_MAX);
        *self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = found;
        Ok(())
    }

    /// The address for the `attempt`-th dial, in turn. Never waits for a refresh.
    pub(crate) fn pick(&mut self, attempt: usize) -> SocketAddr {
        if let Ok(shared) = self.shared.try_lock() {
            self.copy.clone_from(&shared);
        }
        self.copy[attempt % self.copy.len()]
    }

    /// How many addresses there are to try.
    pub(crate) fn len(&self) -> usize {
        self.copy.len()
    }

    /// The address of ours that they are dialled from; `None` leaves it to the system.
    pub(crate) const fn source(&self) -> Option<IpAddr> {
        self.source
    }
}

fn reaches(source: Option<IpAddr>, address: &SocketAddr) -> bool {
    source.is_none_or(|source| source.is_ipv4() == address.is_ipv4())
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, AddressError> {
    Ok((host, port).to_socket_addrs().map_err(AddressError::Lookup)?.collect())
}

/// Options of every socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// How long a read may poll the network card's queue, in microseconds; 0 leaves it off. Best
    /// effort: the kernel may demand a privilege.
    pub busy_poll_us: u32,
    /// How long sent bytes may stay unacknowledged before the kernel gives the connection up, in
    /// milliseconds; 0 leaves the kernel's many minutes. Best effort.
    pub user_timeout_ms: u32,
}

/// A socket that never blocks. Tests put a counting one in its place.
pub(crate) trait Socket: Read + Write + Source + Sized {
    /// Starts to connect, from an address of ours when one is named.
    fn dial(address: SocketAddr, source: Option<IpAddr>, tuning: Tuning) -> io::Result<Self>;

    /// Whether the connection stands; an error when it never will.
    fn is_connected(&self) -> io::Result<bool>;
}

impl Socket for TcpStream {
    fn dial(address: SocketAddr, source: Option<IpAddr>, tuning: Tuning) -> io::Result<Self> {
        let socket = match source {
            None => Self::connect(address)?,
            Some(source) => Self::from_std(connect_from(source, address)?),
        };
        socket.set_nodelay(true)?;
        let fd = socket.as_raw_fd();
        set_option(fd, libc::SOL_SOCKET, libc::SO_BUSY_POLL, tuning.busy_poll_us);
        set_option(fd, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, tuning.user_timeout_ms);
        Ok(socket)
    }

    fn is_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.take_error()? {
            return Err(error);
        }
        match self.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Starts to connect from an address of ours.
fn connect_from(source: IpAddr, address: SocketAddr) -> io::Result<std::net::TcpStream> {
    let socket = bound(source, address)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

/// A socket towards `address` whose connection will leave from `source`.
pub(crate) fn bound(source: IpAddr, address: SocketAddr) -> io::Result<socket2::Socket> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // The port is chosen when the peer is known, so that two peers may share one.
    set_option(socket.as_raw_fd(), libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1);
    socket.bind(&SocketAddr::new(source, 0).into())?;
    Ok(socket)
}

/// Sets an option that may be denied; 0 leaves it alone.
fn set_option(fd: RawFd, level: libc::c_int, name: libc::c_int, value: u32) {
    let Ok(value) = libc::c_int::try_from(value) else { return };
    if value == 0 {
        return;
    }
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: `fd` is open for the whole call, and the option is read from a c_int that lives on.
    let _denied = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(tls: bool, port: u16) -> Endpoint {
        let addresses = Addresses::new(&["127.0.0.1:1".parse().unwrap()]).unwrap();
        let tls = tls.then(|| Tls::new(crate::Roots::Public).unwrap());
        Endpoint { addresses, host: "h.example".to_owned(), port, tls, hot: false, orders: false }
    }

    #[test]
    fn the_usual_port_is_not_spelt_out() {
        assert_eq!(endpoint(true, 443).url("/ws?k=1"), "wss://h.example/ws?k=1");
        assert_eq!(endpoint(true, 8443).url("/ws"), "wss://h.example:8443/ws");
        assert_eq!(endpoint(false, 80).url("/ws"), "ws://h.example/ws");
    }

    #[test]
    fn addresses_are_tried_in_turn() {
        let list = ["127.0.0.1:1".parse().unwrap(), "127.0.0.2:2".parse().unwrap()];
        let mut addresses = Addresses::new(&list).unwrap();
        assert_eq!(
            [addresses.pick(0), addresses.pick(1), addresses.pick(2)],
            [list[0], list[1], list[0]]
        );
    }

    #[test]
    fn only_addresses_of_the_sources_family_are_dialled_from_it() {
        let list = ["[::1]:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()];
        let source = "127.0.0.2".parse().unwrap();
        let mut addresses = Addresses::new(&list).unwrap().from_source(source).unwrap();
        assert_eq!([addresses.pick(0), addresses.pick(1)], [list[1], list[1]]);
        assert_eq!(addresses.source(), Some(source));
        let error = Addresses::new(&list[..1]).unwrap().from_source(source).unwrap_err();
        assert!(error.to_string().contains("no IPv4 address to reach from 127.0.0.2"), "{error}");
        addresses.refresh("127.0.0.9", 5).unwrap();
        assert!(addresses.refresh("::1", 5).is_err());
        assert_eq!(addresses.pick(0), "127.0.0.9:5".parse().unwrap());
    }

    #[test]
    fn an_address_that_is_not_ours_is_no_source() {
        // Reserved for documentation: no machine in use has it.
        let source = "203.0.113.254".parse().unwrap();
        let list = ["127.0.0.1:2".parse().unwrap()];
        let error = Addresses::new(&list).unwrap().from_source(source).unwrap_err();
        assert!(matches!(error, AddressError::NotOurs { .. }), "{error}");
        assert!(error.to_string().contains("203.0.113.254"), "{error}");
    }

    #[test]
    fn a_failed_refresh_keeps_the_older_addresses_and_a_good_one_reaches_every_holder() {
        let known = "127.0.0.1:1".parse().unwrap();
        let shared = Addresses::new(&[known]).unwrap();
        let mut holder = shared.clone();
        assert!(shared.refresh("no\0host", 5).is_err());
        assert_eq!(holder.pick(0), known);
        shared.refresh("127.0.0.9", 5).unwrap();
        assert_eq!(holder.pick(0), "127.0.0.9:5".parse().unwrap());
        assert!(Addresses::new(&[]).is_err());
    }
}
