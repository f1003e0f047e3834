//! A certificate for this host alone, made at start.

use std::sync::Arc;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::ServerError;

/// The TLS side, and the certificate as PEM for clients to trust.
pub(super) fn make() -> Result<(Arc<rustls::ServerConfig>, String), ServerError> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names);
    let made = made.map_err(|error| ServerError::Tls(error.to_string()))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
        })
        .map_err(|error| ServerError::Tls(error.to_string()))?;
    Ok((Arc::new(config), made.cert.pem()))
}
