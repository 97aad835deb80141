//! How a server proves who it is.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Fault, UnusableDatabase};
use super::url::Trust;

/// Connections whose server has a certificate for its name that one of the trusted authorities has signed.
pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, Fault> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::System => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Trust::File(path) => {
            roots.add_parsable_certificates(certificates(path)?);
        }
    }
    if roots.is_empty() {
        let place = match trust {
            Trust::System => "the system".to_owned(),
            Trust::File(path) => path.display().to_string(),
        };
        return Err(UnusableDatabase::fault(format!("there is no certificate to trust in {place}")));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Unreachable(Box::new(error)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let unreadable = |error: &dyn std::fmt::Display| {
        UnusableDatabase::fault(format!("sslrootcert {} cannot be read: {error}", path.display()))
    };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
    found.collect::<Result<_, _>>().map_err(|error| unreadable(&error))
}
