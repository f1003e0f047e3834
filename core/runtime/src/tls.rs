//! TLS by rustls over a socket that never blocks. Certificate and host name are always verified.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

/// Whom a connection believes, ready to be shared by all endpoints.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ClientConfig>);

/// Whose certificates are believed.
#[derive(Clone, Copy, Debug)]
pub enum Roots<'a> {
    /// The public authorities that Mozilla trusts, as compiled in.
    Public,
    /// Only the authorities in this PEM text: a simulated exchange with its own certificate.
    Only(&'a [u8]),
}

/// Why no TLS set-up can be made.
#[derive(Clone, Debug, PartialEq)]
pub enum TlsError {
    /// The PEM text holds no certificate that can be read.
    NoRoot,
    /// The host is neither a DNS name nor an address.
    HostName(String),
    /// The library refused the set-up.
    SetUp(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoot => f.write_str("no root certificate in the PEM text"),
            Self::HostName(host) => write!(f, "{host:?} is no host name"),
            Self::SetUp(error) => write!(f, "TLS set-up: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}

impl Tls {
    /// A set-up that believes `roots`, speaks TLS 1.2 and 1.3, and resumes sessions.
    ///
    /// # Errors
    /// [`TlsError::NoRoot`] and [`TlsError::SetUp`].
    pub fn new(roots: Roots<'_>) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::SetUp)?
            .with_root_certificates(store(roots)?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn connect(&self, name: ServerName<'static>) -> Result<ClientConnection, TlsError> {
        let mut session =
            ClientConnection::new(Arc::clone(&self.0), name).map_err(TlsError::SetUp)?;
        session.set_buffer_limit(Some(BACKLOG_MAX));
        Ok(session)
    }
}

/// Plain bytes that wait, at most, for a socket that takes no more.
const BACKLOG_MAX: usize = 64 * 1024;

/// `host` as the name that certificate and server-name extension must carry.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|_| TlsError::HostName(host.to_owned()))
}

fn store(roots: Roots<'_>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::Public => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::Only(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                store.add(certificate.map_err(|_| TlsError::NoRoot)?).map_err(TlsError::SetUp)?;
            }
        }
    }
    if store.is_empty() { Err(TlsError::NoRoot) } else { Ok(store) }
}

/// A TLS session over `socket`. Reading and writing report [`io::ErrorKind::WouldBlock`] only when
/// the socket itself did, so that readiness edges are never lost; a record that breaks the
/// protocol or a certificate that is not believed is [`io::ErrorKind::InvalidData`].
#[derive(Debug)]
pub(crate) struct TlsStream<S> {
    session: ClientConnection,
    socket: S,
}

impl<S: Read + Write> TlsStream<S> {
    pub(crate) fn new(session: ClientConnection, socket: S) -> Self {
        Self { session, socket }
    }

    /// Drives the handshake; `true` when it is complete.
    pub(crate) fn shake_hands(&mut self) -> io::Result<bool> {
        while self.session.is_handshaking() {
            match self.push() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => other?,
            }
            if !self.session.is_handshaking() {
                break;
            }
            match self.pull() {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        match self.push() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            other => other.map(|()| true),
        }
    }

    /// What was agreed on, once the handshake is complete.
    pub(crate) const fn socket(&self) -> &S {
        &self.socket
    }

    pub(crate) fn session(&self) -> &ClientConnection {
        &self.session
    }

    /// Whether sealed bytes wait for the socket.
    pub(crate) fn has_backlog(&self) -> bool {
        self.session.wants_write()
    }

    /// Writes sealed bytes until none are left.
    pub(crate) fn push(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            if self.session.write_tls(&mut self.socket)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Tells the peer that nothing more will come, as far as the socket takes it.
    pub(crate) fn say_goodbye(&mut self) {
        self.session.send_close_notify();
        // The connection is dropped next; a peer that misses the alert sees the end of the stream.
        let _ = self.push();
    }

    /// One read of the socket, opened; how many sealed bytes came.
    fn pull(&mut self) -> io::Result<usize> {
        let len = self.session.read_tls(&mut self.socket)?;
        let opened = self.session.process_new_packets();
        if let Err(error) = opened {
            // The alert that says why goes out as far as the socket takes it.
            let _ = self.push();
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        if self.session.wants_write() {
            // An answer of the protocol itself. What the socket does not take is a backlog, and
            // an error of the socket comes again with the next call.
            let _ = self.push();
        }
        Ok(len)
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The peer ended the stream without saying so: an end all the same. What it cuts
                // short, the protocol above notices by itself.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
            if self.pull()? == 0 {
                return Ok(0);
            }
        }
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    /// Seals and sends. What is taken is in the session and leaves before anything later.
    ///
    /// An error of the socket after bytes were sealed is told by the next call: some of them may
    /// have left, and an order that may have left must count as sent.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push()?;
        let len = self.session.writer().write(bytes)?;
        match self.push() {
            _ if len > 0 => Ok(len),
            Ok(()) => Err(io::ErrorKind::WouldBlock.into()),
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.push()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_certificate_is_no_root() {
        assert_eq!(Tls::new(Roots::Only(b"")).unwrap_err(), TlsError::NoRoot);
        assert_eq!(Tls::new(Roots::Only(b"hello")).unwrap_err(), TlsError::NoRoot);
        let bad = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(Tls::new(Roots::Only(bad)).is_err());
    }

    #[test]
    fn the_public_roots_are_compiled_in() {
        assert!(Tls::new(Roots::Public).is_ok());
    }

    #[test]
    fn a_host_that_is_no_name_is_refused() {
        assert!(server_name("wbs-api.mexc.com").is_ok());
        assert!(server_name("127.0.0.1").is_ok());
        assert_eq!(server_name("a b"), Err(TlsError::HostName("a b".to_owned())));
    }
}
