//! TLS: the certificate counts, unless somebody says the long word. The certificates in `tests/tls` are for 127.0.0.1
//! and of an authority whose key was thrown away; they protect nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_core::ErrorKind;
use cti_core::secret::SecretString;
use cti_pbx_asterisk::ami::{Action, Client, Decoder, Frame, Options};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");

/// Answers every action with success, over TLS.
async fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let certificate = CertificateDer::from_pem_file(format!("{FILES}/server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(format!("{FILES}/server.key")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
            let mut decoder = Decoder::new();
            let mut chunk = [0; 1024];
            stream.write_all(b"Asterisk Call Manager/11.0.0\r\n").await.ok();
            while let Ok(count @ 1..) = stream.read(&mut chunk).await {
                decoder.push(&chunk[..count]);
                while let Some(Frame::Message(action)) = decoder.next_frame() {
                    let id = action.action_id().expect("an id");
                    let answer = format!("Response: Success\r\nActionID: {id}\r\nChallenge: 1\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.ok();
                }
            }
        }
    });
    port
}

async fn options() -> Options {
    Options::new("127.0.0.1").port(server().await).login("cti", SecretString::from("s3cret")).tls()
}

#[tokio::test]
async fn an_unknown_authority_is_refused_with_the_way_out() {
    let error = Client::connect(&options().await).await.expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("ca_file()"), "{error}");
}

#[tokio::test]
async fn a_named_authority_is_trusted() {
    let options = options().await.ca_file(format!("{FILES}/ca.pem"));
    let (client, _events) = Client::connect(&options).await.expect("trusted");
    client.send(Action::ping()).await.expect("answered");
}

#[tokio::test]
async fn a_named_authority_does_not_help_another_host() {
    let other = Options::new("localhost").port(server().await).login("cti", SecretString::from("s3cret"));
    let other = other.ca_file(format!("{FILES}/ca.pem"));
    assert_eq!(Client::connect(&other).await.expect_err("another name").kind(), ErrorKind::Unreachable);
}

#[tokio::test]
async fn anybody_is_taken_only_when_that_is_said() {
    let options = options().await.tls_insecure_accept_any_certificate();
    Client::connect(&options).await.expect("anybody");
}

#[tokio::test]
async fn a_file_that_is_no_authority_is_named() {
    for (file, text) in [("nowhere.pem", "nowhere.pem"), ("server.key", "holds no certificate")] {
        let options = options().await.ca_file(format!("{FILES}/{file}"));
        let error = Client::connect(&options).await.expect_err(file);
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.to_string().contains(text), "{error}");
    }
}
