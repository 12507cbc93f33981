//! The client against a server that misbehaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::any;
use cti_core::{ErrorKind, Status};
use cti_http::{Client, Options, Repeat};
use std::time::Duration;
use tokio::net::TcpListener;
use url::Url;

async fn server(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn client(url: &Url, timeout: Duration) -> Client {
    Client::new("the CRM", Options { timeout, max_answer: 1000, ..Options::for_base(url) }).unwrap()
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let url = server(Router::new().route("/", any(|| async { "0312345678".repeat(200) }))).await;
    let client = client(&url, Duration::from_secs(10));
    for (repeat, expected) in [(Repeat::Harmless, Status::Temporary), (Repeat::Harmful, Status::OutcomeUnknown)] {
        let error = client.send(client.get(url.clone()), repeat).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Protocol, expected));
        assert!(!error.chain().contains("0312345678"));
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_waits_are_told() {
    let answer = (StatusCode::FOUND, [(header::LOCATION, "http://127.0.0.1:1/"), (header::RETRY_AFTER, "7")]);
    let url = server(Router::new().route("/", any(move || async move { answer }))).await;
    let client = client(&url, Duration::from_secs(10));
    let reply = client.send(client.get(url), Repeat::Harmless).await.unwrap();
    assert_eq!((reply.status, reply.retry_after), (302, Some(Duration::from_secs(7))));
    assert_eq!(reply.error_by_status().wait(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_not_asked_twice_what_must_not_be_repeated() {
    let url = server(Router::new().route("/", any(std::future::pending::<String>))).await;
    let client = client(&url, Duration::from_millis(50));
    let secret: Url = format!("{url}?tel=0312345678").parse().unwrap();
    let error = client.send(client.post(secret), Repeat::Harmful).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, Status::OutcomeUnknown));
    assert!(!error.chain().contains("0312345678"), "{}", error.chain());
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url: Url = format!("http://127.0.0.1:{port}/?tel=0312345678").parse().unwrap();
    let client = client(&url, Duration::from_secs(10));
    let error = client.send(client.post(url), Repeat::Harmful).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Status::Temporary));
    assert!(!error.chain().contains("0312345678"), "{}", error.chain());
}

#[tokio::test]
async fn certificates_that_are_none_are_told_with_the_way_to_make_one() {
    let base: Url = "https://crm.example.com/".parse().unwrap();
    let options = Options { identity: Some("not a certificate".into()), ..Options::for_base(&base) };
    let error = Client::new("the CRM", options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.to_string().contains("openssl pkcs12"), "{error}");
}
