//! TLS to Asterisk: verified by default, with the crypto provider that the HTTP client of the family uses too.

use super::options::Options;
use cti_core::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Shakes hands over an open connection.
pub(super) async fn handshake(options: &Options, tcp: TcpStream) -> Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(options.host().to_owned())
        .map_err(|error| Error::config("host", "no name that a certificate could have").caused_by(error))?;
    let settings = options.clone();
    let config = tokio::task::spawn_blocking(move || client_config(&settings))
        .await
        .map_err(|error| Error::new(ErrorKind::Unexpected, "reading the certificates failed").caused_by(error))??;
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(|error| {
        Error::new(
            ErrorKind::Unreachable,
            format!(
                "TLS failed: {error}. Check tlsenable and tlscertfile in manager.conf, and name the authority of a \
                 self-made certificate with ca_file()"
            ),
        )
        .caused_by(error)
    })
}

fn client_config(options: &Options) -> Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Unexpected, "TLS cannot be set up").caused_by(error))?;
    if options.accept_any_certificate {
        let verifier = Arc::new(AcceptAny(provider));
        return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    Ok(builder.with_root_certificates(roots(options)?).with_no_client_auth())
}

fn roots(options: &Options) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    for file in &options.ca_files {
        add_file(&mut roots, file)?;
    }
    if roots.is_empty() {
        return Err(Error::config("ca_file", "no trusted certificate on this machine: name a PEM file with ca_file()"));
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<()> {
    let unreadable = |error: rustls::pki_types::pem::Error| {
        Error::config("ca_file", format!("{} cannot be read as PEM", file.display())).caused_by(error)
    };
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?).map_err(|error| {
            Error::config("ca_file", format!("{} holds a certificate that is no authority", file.display()))
                .caused_by(error)
        })?;
    }
    if roots.len() == before {
        return Err(Error::config("ca_file", format!("{} holds no certificate", file.display())));
    }
    Ok(())
}

/// Takes any certificate, as `tls_insecure_accept_any_certificate` says. Signatures are still checked.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
