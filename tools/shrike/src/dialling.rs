//! From the configuration to where connections lead: addresses, roots of trust, the address of ours
//! that an account's connections leave from. The trader and every check dial by this alone.

pub(crate) mod stream;

use std::fmt;
use std::net::IpAddr;

use runtime::{AddressError, Addresses, Endpoint, Roots, Tls, TlsError};
use settings::{Account, Settings};

/// How the exchange is dialled.
#[derive(Clone, Debug)]
pub struct Dialling {
    tls: Option<Tls>,
}

/// Why it cannot be.
#[derive(Debug)]
pub enum DialError {
    /// The file of roots cannot be read.
    Roots(std::io::Error),
    /// It holds none.
    Tls(TlsError),
    /// A host without an address.
    Host {
        /// Its name.
        host: String,
        /// Why.
        error: AddressError,
    },
    /// The account's own address cannot be used.
    Source {
        /// The account.
        account: String,
        /// Why.
        error: AddressError,
    },
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Roots(error) => write!(f, "venue.tls_roots: {error}"),
            Self::Tls(error) => write!(f, "venue.tls_roots: {error}"),
            Self::Host { host, error } => write!(f, "{host}: {error}"),
            Self::Source { account, error } => {
                write!(f, "source of account {account:?}: {error}, or write source = \"any\"")
            }
        }
    }
}

impl std::error::Error for DialError {}

impl DialError {
    /// Whether the configuration is at fault and not the network.
    pub const fn is_configuration(&self) -> bool {
        match self {
            Self::Roots(_) | Self::Tls(_) => true,
            Self::Source { .. } => true,
            Self::Host { .. } => false,
        }
    }
}

impl Dialling {
    /// Reads the roots of trust.
    ///
    /// # Errors
    /// [`DialError::Roots`] and [`DialError::Tls`].
    pub fn new(settings: &Settings) -> Result<Self, DialError> {
        let venue = &settings.venue;
        let own = venue.tls_roots.as_ref().map(std::fs::read).transpose();
        let own = own.map_err(DialError::Roots)?;
        let roots = own.as_deref().map_or(Roots::Public, Roots::Only);
        let tls = venue.tls.then(|| Tls::new(roots)).transpose().map_err(DialError::Tls)?;
        Ok(Self { tls })
    }

    /// The way to `place`; for an account, from the address that it names.
    ///
    /// # Errors
    /// [`DialError::Host`] and [`DialError::Source`].
    pub fn endpoint(
        &self,
        place: &settings::Endpoint,
        account: Option<&Account>,
    ) -> Result<Endpoint, DialError> {
        let named = |error| DialError::Host { host: place.host.clone(), error };
        let mut addresses = Addresses::look_up(&place.host, place.port).map_err(named)?;
        if let Some((account, source)) = account.and_then(|one| Some((one, one.source?))) {
            let denied = |error| DialError::Source { account: account.name.clone(), error };
            addresses = addresses.from_source(source).map_err(denied)?;
        }
        Ok(Endpoint {
            addresses,
            host: place.host.clone(),
            port: place.port,
            tls: self.tls.clone(),
            hot: false,
            orders: false,
        })
    }
}

/// The address that an account's connections leave from, in words.
pub(crate) fn shown(source: Option<IpAddr>) -> String {
    source.map_or_else(|| "the system's choice".to_owned(), |source| source.to_string())
}
