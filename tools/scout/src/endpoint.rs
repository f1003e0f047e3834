//! Where pages are, whom we believe there, and how we introduce ourselves.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use venue::http1::Suffix;

/// One host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Stands before every path; `/` or nothing for none.
    pub path: String,
}

impl Endpoint {
    pub(crate) fn prefix(&self) -> &str {
        self.path.trim_end_matches('/')
    }

    /// The header `Host`: the port stands there when it is not the usual one.
    fn header(&self, tls: bool) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let usual = if tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// Whether hosts speak TLS, and whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// No TLS.
    Plain,
    /// The public authorities that Mozilla trusts, as compiled in.
    Public,
    /// Only the authorities in this PEM text.
    Only(Vec<u8>),
}

/// How the web site, which may refuse programs, sees us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserHeaders {
    /// `User-Agent`
    pub user_agent: String,
    /// `Accept`
    pub accept: String,
    /// `Accept-Language`
    pub accept_language: String,
    /// `Referer`
    pub referer: String,
}

impl Default for BrowserHeaders {
    fn default() -> Self {
        Self {
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
                .to_owned(),
            accept: "application/json, text/plain, */*".to_owned(),
            accept_language: "en-US,en;q=0.5".to_owned(),
            referer: "https://www.mexc.com/newlisting".to_owned(),
        }
    }
}

/// How long the thread waits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For one address to accept a connection. Also how long a stop may take at worst.
    pub connect: Duration,
    /// For a whole reply, connecting included.
    pub reply: Duration,
}

impl Default for Timeouts {
    /// 3 s and 15 s: the web list has about 1 MB.
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), reply: Duration::from_secs(15) }
    }
}

/// Why the thread cannot begin.
#[derive(Debug)]
pub enum SpawnError {
    /// A PEM text without a certificate that can be read.
    NoRoot,
    /// A host that is neither a name nor an address.
    Host {
        /// It.
        host: String,
    },
    /// A header, or a host in one, that is empty or not visible ASCII.
    Header {
        /// Its name.
        name: &'static str,
    },
    /// The TLS library refused its settings.
    Tls(rustls::Error),
    /// The system gave no thread.
    Thread(io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoot => f.write_str("no root certificate in the PEM text"),
            Self::Host { host } => write!(f, "{host:?} is no host name"),
            Self::Header { name } => write!(f, "header {name} is empty or not visible ASCII"),
            Self::Tls(error) => write!(f, "TLS set-up: {error}"),
            Self::Thread(error) => write!(f, "no thread: {error}"),
        }
    }
}

impl std::error::Error for SpawnError {}

impl Security {
    /// The set-up that all connections share.
    pub(crate) fn config(&self) -> Result<Option<Arc<ClientConfig>>, SpawnError> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::Plain => return Ok(None),
            Self::Public => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Self::Only(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate = certificate.map_err(|_| SpawnError::NoRoot)?;
                    roots.add(certificate).map_err(SpawnError::Tls)?;
                }
            }
        }
        if roots.is_empty() {
            return Err(SpawnError::NoRoot);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SpawnError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(config)))
    }
}

/// The name that the certificate must carry.
pub(crate) fn server_name(endpoint: &Endpoint) -> Result<ServerName<'static>, SpawnError> {
    ServerName::try_from(endpoint.host.clone())
        .map_err(|_| SpawnError::Host { host: endpoint.host.clone() })
}

/// What follows the target in requests to REST.
pub(crate) fn rest_suffix(endpoint: &Endpoint, tls: bool) -> Result<Vec<u8>, SpawnError> {
    let suffix = Suffix::new(&endpoint.header(tls), &[]);
    Ok(suffix.map_err(|_| SpawnError::Header { name: "Host" })?.as_bytes().to_vec())
}

/// What follows the target in requests to the web site. Bodies are asked for unpacked, since
/// nothing here unpacks them.
pub(crate) fn web_suffix(
    endpoint: &Endpoint,
    tls: bool,
    browser: &BrowserHeaders,
) -> Result<Vec<u8>, SpawnError> {
    let mut bytes = b" HTTP/1.1\r\n".to_vec();
    for (name, value) in [
        ("Host", endpoint.header(tls).as_str()),
        ("User-Agent", &browser.user_agent),
        ("Accept", &browser.accept),
        ("Accept-Language", &browser.accept_language),
        ("Accept-Encoding", "identity"),
        ("Referer", &browser.referer),
        ("Connection", "keep-alive"),
    ] {
        let visible = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if value.is_empty() || !visible {
            return Err(SpawnError::Header { name });
        }
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint { host: host.to_owned(), port, path: "/".to_owned() }
    }

    #[test]
    fn the_host_header_has_a_port_only_when_it_is_unusual() {
        assert_eq!(endpoint("a.b", 443).header(true), "a.b");
        assert_eq!(endpoint("a.b", 443).header(false), "a.b:443");
        assert_eq!(endpoint("::1", 81).header(false), "[::1]:81");
    }

    #[test]
    fn a_header_that_would_break_out_of_its_line_is_refused_by_name() {
        let referer = "x\r\nCookie: a".to_owned();
        let browser = BrowserHeaders { referer, ..BrowserHeaders::default() };
        let refused = web_suffix(&endpoint("a.b", 443), true, &browser);
        assert!(matches!(refused, Err(SpawnError::Header { name: "Referer" })));
        assert!(matches!(rest_suffix(&endpoint("", 443), true), Err(SpawnError::Header { .. })));
    }

    #[test]
    fn roots_without_a_certificate_are_refused() {
        for pem in ["", "nothing", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"] {
            assert!(Security::Only(pem.as_bytes().to_vec()).config().is_err(), "{pem}");
        }
        assert!(Security::Public.config().unwrap().is_some());
    }
}
