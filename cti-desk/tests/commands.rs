//! What is clicked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{Call, Page, SUZUKI, TANAKA, address, answered, client, desk, post, ringing, settings};
use cti_core::call::CallId;
use cti_core::command::{Command, CommandSource, Outcome};
use cti_core::dial::{Derivation, Offer};
use cti_core::number::Number;
use cti_core::pbx::TransferStep;
use cti_core::{Error, ErrorKind, Result};
use cti_desk::{CallWindow, RunningDesk};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;

/// Answers every command the same way, and tells what was asked for.
async fn pipeline(
    desk: &RunningDesk,
    answer: impl Fn() -> Result<Outcome> + Send + 'static,
) -> mpsc::UnboundedReceiver<Command> {
    let mut commands = desk.open().await.unwrap();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(request) = commands.next().await {
            let _ = sender.send(request.command);
            let _ = request.reply.send(answer());
        }
    });
    receiver
}

async fn refused(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn dialling_hands_in_the_user_of_the_session_whatever_the_body_says() {
    let desk = desk().await;
    let derivation =
        Derivation { extension: "6001".into(), dial_string: Number::new("90312349876").unwrap(), steps: vec![] };
    let placed = Outcome::Placed { call: CallId::new("main", "9"), derivation };
    let mut asked = pipeline(&desk, move || Ok(placed.clone())).await;
    let body = json!({"number": " 03-1234-9876\r\n", "user": "tanaka"});
    let answer: Value = post(&desk, SUZUKI, "/api/dial", &body).send().await.unwrap().json().await.unwrap();
    assert_eq!((&answer["outcome"], &answer["derivation"]["dial_string"]), (&json!("placed"), &json!("90312349876")));
    let number = Number::new("03-1234-9876").unwrap();
    assert_eq!(
        asked.recv().await,
        Some(Command::Dial { user: "suzuki".to_owned(), number, choice: Default::default() })
    );
}

#[tokio::test]
async fn a_choice_is_passed_through_and_comes_back() {
    let desk = desk().await;
    let offer = Offer { extensions: vec!["6001".into()], prefixes: vec!["LOCAL".to_owned()] };
    let mut asked = pipeline(&desk, move || Ok(Outcome::ChoiceNeeded { offer: offer.clone() })).await;
    let answer = post(&desk, SUZUKI, "/api/dial", &json!({"number": "0312349876"})).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer, json!({"outcome": "choice_needed", "offer": {"extensions": ["6001"], "prefixes": ["LOCAL"]}}));
    asked.recv().await;
    let body = json!({"number": "0312349876", "choice": {"extension": "6001", "prefix": {"label": "LOCAL"}}});
    post(&desk, SUZUKI, "/api/dial", &body).send().await.unwrap();
    let Some(Command::Dial { choice, .. }) = asked.recv().await else { panic!("no dial") };
    assert_eq!(serde_json::to_value(choice).unwrap(), body["choice"]);
    let foreign = json!({"number": "0312349876", "choice": {"extension": "6002"}});
    assert_eq!(refused(post(&desk, SUZUKI, "/api/dial", &foreign)).await.0, 403);
}

#[tokio::test]
async fn what_the_pipeline_refuses_comes_back_with_status_code_and_message() {
    for (kind, status) in [
        (ErrorKind::Busy, 409),
        (ErrorKind::NotFound, 404),
        (ErrorKind::Rejected, 422),
        (ErrorKind::Unsupported, 501),
        (ErrorKind::Unreachable, 503),
        (ErrorKind::Unauthenticated, 502),
    ] {
        let desk = desk().await;
        let _asked = pipeline(&desk, move || Err(Error::new(kind, "the words for a person"))).await;
        let (got, body) = refused(post(&desk, SUZUKI, "/api/dial", &json!({"number": "1"}))).await;
        assert_eq!((got, body["code"].as_str()), (status, Some(kind.code())));
        assert_eq!(body["message"], "the words for a person");
    }
}

#[tokio::test]
async fn call_control_uses_the_agents_own_telephone() {
    let desk = desk().await;
    let mut asked = pipeline(&desk, || Ok(Outcome::Done)).await;
    let mut ring = Call::new("1");
    ring.tell(&desk, ringing("6001")).await;
    ring.tell(&desk, answered("6001")).await;
    let (call, extension) = (ring.id.clone(), "6001".into());
    for (action, more, command) in [
        ("hang_up", json!({}), Command::HangUp { call: call.clone(), extension }),
        ("hold", json!({}), Command::Hold { call: call.clone(), extension: "6001".into() }),
        ("resume", json!({}), Command::Resume { call: call.clone(), extension: "6001".into() }),
        ("answer", json!({}), Command::Answer { call: call.clone(), extension: "6001".into() }),
        (
            "digits",
            json!({"digits": "12#"}),
            Command::SendDigits { call: call.clone(), extension: "6001".into(), digits: "12#".into() },
        ),
    ] {
        let mut body = more;
        body["call"] = json!("main/1");
        assert_eq!(post(&desk, SUZUKI, &format!("/api/calls/{action}"), &body).send().await.unwrap().status(), 200);
        assert_eq!(asked.recv().await, Some(command));
    }
}

#[tokio::test]
async fn a_transfer_with_asking_remembers_who_was_asked_also_over_a_reload() {
    let desk = desk().await;
    let mut asked = pipeline(&desk, || Ok(Outcome::Done)).await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    call.tell(&desk, answered("6001")).await;
    let consult = json!({"call": "main/1", "to": "6002", "step": "consult"});
    post(&desk, SUZUKI, "/api/calls/transfer", &consult).send().await.unwrap();
    asked.recv().await;
    let snapshot = Page::open(&desk, SUZUKI).await.expect("snapshot").await.data;
    assert_eq!(snapshot["calls"][0]["consulting"], "6002");
    let complete = json!({"call": "main/1", "step": "complete"});
    post(&desk, SUZUKI, "/api/calls/transfer", &complete).send().await.unwrap();
    let to = Number::new("6002").unwrap();
    let expected =
        Command::Transfer { call: call.id.clone(), extension: "6001".into(), to, step: TransferStep::Complete };
    assert_eq!(asked.recv().await, Some(expected));
    let snapshot = Page::open(&desk, SUZUKI).await.expect("snapshot").await.data;
    assert_eq!(snapshot["calls"][0]["consulting"], Value::Null);
}

#[tokio::test]
async fn the_call_of_another_agent_does_not_exist() {
    let desk = desk().await;
    let mut asked = pipeline(&desk, || Ok(Outcome::Done)).await;
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    for body in [json!({"call": "main/1"}), json!({"call": "main/1", "extension": "6001"}), json!({"call": "main/77"})]
    {
        assert_eq!(refused(post(&desk, TANAKA, "/api/calls/hang_up", &body)).await.0, 404);
    }
    let own_call_foreign_phone = json!({"call": "main/1", "extension": "6002"});
    assert_eq!(refused(post(&desk, SUZUKI, "/api/calls/hang_up", &own_call_foreign_phone)).await.0, 404);
    assert_eq!(refused(post(&desk, SUZUKI, "/api/calls/explode", &json!({"call": "main/1"}))).await.0, 404);
    let keys = json!({"call": "main/1", "digits": "1\r\nAction: Command"});
    assert_eq!(refused(post(&desk, SUZUKI, "/api/calls/digits", &keys)).await.0, 400);
    assert!(asked.try_recv().is_err(), "nothing reached the telephone system");
}

#[tokio::test]
async fn call_control_that_is_switched_off_is_refused() {
    let desk = settings().call_window(CallWindow { call_control: false, ..Default::default() }).bind().await.unwrap();
    let mut call = Call::new("1");
    call.tell(&desk, ringing("6001")).await;
    assert_eq!(refused(post(&desk, SUZUKI, "/api/calls/hang_up", &json!({"call": "main/1"}))).await.0, 403);
}

#[tokio::test]
async fn without_a_pipeline_or_an_answer_the_agent_is_told_so() {
    let desk = settings().command_timeout(Duration::from_millis(50)).bind().await.unwrap();
    let mut commands = desk.open().await.unwrap();
    assert!(desk.open().await.is_err(), "the commands have one reader");
    let (status, body) = refused(post(&desk, SUZUKI, "/api/dial", &json!({"number": "1"}))).await;
    assert_eq!((status, &body["code"], &body["outcome_unknown"]), (504, &json!("timeout"), &json!(true)));
    let reply = tokio::spawn(post(&desk, SUZUKI, "/api/dial", &json!({"number": "2"})).send());
    let Some(Command::Dial { number, .. }) = commands.next().await.map(|request| request.command) else { panic!() };
    assert_eq!(number.as_str(), "2", "the first one is not dialled any more: nobody waits for it");
    assert_eq!(reply.await.unwrap().unwrap().status(), 503);
    drop(commands);
    let (status, body) = refused(post(&desk, SUZUKI, "/api/dial", &json!({"number": "1"}))).await;
    assert_eq!((status, &body["code"]), (503, &json!("unreachable")));
}

#[tokio::test]
async fn a_crm_page_of_an_allowed_origin_dials_and_no_other() {
    let desk = desk().await;
    let mut asked = pipeline(&desk, || Ok(Outcome::Done)).await;
    let click = |origin: &str, token: &str| {
        let request = client().post(address(&desk, "/click-to-dial")).header("origin", origin).bearer_auth(token);
        request.json(&json!({"number": "0312349876"})).send()
    };
    let answer = click("https://crm.example.com", SUZUKI).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://crm.example.com");
    assert!(matches!(asked.recv().await, Some(Command::Dial { user, .. }) if user == "suzuki"));
    let wrong = click("https://crm.example.com", "wrong-token-0123456789").await.unwrap();
    assert_eq!((wrong.status().as_u16(), wrong.headers().contains_key("access-control-allow-origin")), (401, true));
    for origin in ["https://evil.example", "https://crm.example.com.evil.example", "http://crm.example.com", "null"] {
        let answer = click(origin, SUZUKI).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers().contains_key("access-control-allow-origin")),
            (403, false)
        );
    }
    let preflight = |origin: &str| {
        let request = client().request(reqwest::Method::OPTIONS, address(&desk, "/click-to-dial"));
        request.header("origin", origin).header("access-control-request-method", "POST").send()
    };
    let answer = preflight("https://crm.example.com").await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://crm.example.com");
    assert_eq!(answer.headers()["access-control-allow-headers"], "authorization, content-type");
    assert!(!preflight("https://evil.example").await.unwrap().headers().contains_key("access-control-allow-origin"));
    let elsewhere = client().post(address(&desk, "/api/dial")).header("origin", "https://crm.example.com");
    assert_eq!(refused(elsewhere.bearer_auth(SUZUKI).json(&json!({"number": "1"}))).await.0, 403);
    let form = client().post(address(&desk, "/click-to-dial")).header("origin", "https://crm.example.com");
    let form = form.bearer_auth(SUZUKI).header("content-type", "text/plain").body("{\"number\":\"1\"}");
    assert_eq!(refused(form).await.0, 415);
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn a_click_on_a_pop_is_handed_in_for_ones_own_telephone_alone() {
    let desk = desk().await;
    let page = cti_core::crm::Page::Get { url: "https://crm.example/7".parse().unwrap() };
    let mut asked = pipeline(&desk, move || Ok(Outcome::Open { page: page.clone() })).await;
    let body = |extension: &str| json!({ "call": "main/1.1", "extension": extension, "crm": "custom" });
    let (status, _) = refused(post(&desk, SUZUKI, "/api/click", &body("6002"))).await;
    assert_eq!(status, 403);
    let answer: Value = post(&desk, SUZUKI, "/api/click", &body("6001")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&answer["outcome"], &answer["page"]["url"]), (&json!("open"), &json!("https://crm.example/7")));
    let expected = Command::Click { call: "main/1.1".into(), extension: "6001".into(), crm: "custom".to_owned() };
    assert_eq!(asked.recv().await, Some(expected));
}
