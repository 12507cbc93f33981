//! What a CRM sends when somebody clicks in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use async_trait::async_trait;
use common::{address, client, settings};
use cti_core::call::CallId;
use cti_core::command::{Command, CommandSource, Outcome};
use cti_core::webhook::{Webhook, WebhookRequest};
use cti_core::{Error, ErrorKind, Result};
use cti_desk::RunningDesk;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;

/// Hangs up what `call` names, for who knows the word; tells what became of it.
struct Hook(mpsc::UnboundedSender<bool>);

#[async_trait]
impl Webhook for Hook {
    fn name(&self) -> &str {
        "crm"
    }

    fn receive(&self, request: &WebhookRequest) -> Result<Command> {
        if request.param("word").or_else(|| request.header("word")) != Some("sesame") {
            return Err(Error::new(ErrorKind::Unauthenticated, "the word is wrong"));
        }
        match (request.action.as_str(), request.param("call")) {
            ("hang_up", Some(call)) => Ok(Command::HangUp { call: CallId::from(call), extension: "6001".into() }),
            ("hang_up", None) => Err(Error::new(ErrorKind::Rejected, "which call?")),
            _ => Err(Error::new(ErrorKind::NotFound, "there is no such action")),
        }
    }

    async fn done(&self, _: &Command, outcome: &Result<Outcome>) {
        let _ = self.0.send(outcome.is_ok());
    }
}

async fn desk() -> (RunningDesk, mpsc::UnboundedReceiver<bool>) {
    let (told, outcomes) = mpsc::unbounded_channel();
    (settings().webhook(Arc::new(Hook(told))).bind().await.unwrap(), outcomes)
}

async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_click_is_answered_at_once_carried_out_and_told() {
    let (desk, mut outcomes) = desk().await;
    let mut commands = desk.open().await.unwrap();
    let post = |path: &str| client().post(address(&desk, path));
    let form = |body: &'static str| {
        post("/webhook/crm/hang_up")
            .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
            .body(body)
    };
    // From the form, from the query, from JSON; the proof as parameter or header.
    for (request, good) in [
        (form("word=sesame&call=main%2F1"), true),
        (post("/webhook/crm/hang_up?word=sesame&call=main/1"), false),
        (post("/webhook/crm/hang_up").header("word", "sesame").json(&json!({"call": "main/1"})), true),
    ] {
        // Answered before anybody has taken the command.
        assert_eq!(status(request).await, 200);
        let asked = commands.next().await.unwrap();
        assert_eq!(asked.command, Command::HangUp { call: CallId::new("main", "1"), extension: "6001".into() });
        let outcome = if good { Ok(Outcome::Done) } else { Err(Error::new(ErrorKind::NotFound, "no such call")) };
        asked.reply.send(outcome).unwrap();
        assert_eq!(outcomes.recv().await, Some(good));
    }
}

#[tokio::test]
async fn strangers_and_nonsense_are_refused() {
    let (desk, _outcomes) = desk().await;
    let post = |path: &str| client().post(address(&desk, path));
    assert_eq!(status(post("/webhook/crm/hang_up?call=main/1")).await, 401);
    assert_eq!(status(post("/webhook/crm/hang_up?word=sesame")).await, 400);
    assert_eq!(status(post("/webhook/crm/explode?word=sesame")).await, 404);
    assert_eq!(status(post("/webhook/other/hang_up?word=sesame")).await, 404);
    assert_eq!(status(client().get(address(&desk, "/webhook/crm/hang_up?word=sesame&call=a"))).await, 405);
    assert_eq!(status(post("/webhook/crm/hang_up?word=sesame").body("x".repeat(100_000))).await, 413);
    let elsewhere = post("/webhook/crm/hang_up?word=sesame&call=a").header("origin", "https://evil.example.com");
    assert_eq!(status(elsewhere).await, 403);
}
