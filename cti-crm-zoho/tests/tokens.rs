//! Access tokens: few, shared, kept; and what is told when there is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "the tests share one module of helpers")]

mod common;

use common::{Setup, call, key_of, number};
use cti_core::crm::{CrmSink, LookUp};
use cti_core::outbox::{MemoryOutbox, Outbox, Task, Verdict, Work};
use cti_core::secret::SecretString;
use cti_core::{ErrorKind, Status};
use cti_crm_zoho::{Login, SCOPES, Zoho};
use cti_testkit::zoho::{Fault, Simulator, Target};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn wanted() -> LookUp {
    LookUp::exactly(number("0312345678"))
}

/// A file of its own for each test.
fn token_file() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("zoho-{}-{}.json", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn refreshes(simulator: &Simulator) -> usize {
    simulator.requests().iter().filter(|request| request.path == "/oauth/v2/token").count()
}

/// So many look-ups at once; how many went well.
async fn at_once(crm: &Arc<Zoho>, count: usize) -> usize {
    let look_up = |_| {
        let crm = Arc::clone(crm);
        tokio::spawn(async move { crm.look_up(&wanted()).await.is_ok() })
    };
    let running: Vec<_> = (0..count).map(look_up).collect();
    let mut good = 0;
    for one in running {
        good += usize::from(one.await.unwrap());
    }
    good
}

#[tokio::test]
async fn an_expired_token_under_fifty_requests_at_once_is_refreshed_once() {
    let simulator = Setup::USUAL.builder().token_pause(Duration::from_millis(50)).start().await.unwrap();
    let crm = Arc::new(Setup::USUAL.good(&simulator));
    assert_eq!(at_once(&crm, 50).await, 50);
    assert_eq!(refreshes(&simulator), 1);
    simulator.expire_tokens();
    assert_eq!(at_once(&crm, 50).await, 50);
    assert_eq!(refreshes(&simulator), 2);
}

#[tokio::test]
async fn a_revoked_token_is_permanent_and_clear_and_zoho_is_not_asked_again_and_again() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Arc::new(Setup::USUAL.good(&simulator));
    crm.look_up(&wanted()).await.unwrap();
    assert!(simulator.revoke(Simulator::REFRESH_TOKEN));
    let error = crm.look_up(&wanted()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent));
    assert!(error.to_string().contains("cti-adapter login zoho"), "{error}");
    assert_eq!(at_once(&crm, 20).await, 0);
    assert_eq!(refreshes(&simulator), 2, "once at the beginning, once in vain");
}

#[tokio::test]
async fn a_call_waits_in_the_outbox_while_the_token_is_revoked() {
    let simulator = Setup::USUAL.simulator().await;
    simulator.revoke(Simulator::REFRESH_TOKEN);
    let crm = Setup::USUAL.good(&simulator);
    let outbox = MemoryOutbox::new();
    let record = call();
    let work = Work {
        crm: "zoho".to_owned(),
        call: record.call.clone(),
        key: key_of(&record),
        task: Task::LogCall { record: Box::new(record), matched: None },
    };
    outbox.append(vec![work], None).await.unwrap();
    let token = outbox.take("zoho").await.unwrap();
    let Task::LogCall { record, .. } = &token.work.task else { panic!("another task") };
    let error = crm.log_call(record, None, &token.work.key).await.unwrap_err();
    // What the delivery of the pipeline keeps waiting, see `cti_core::pipeline`.
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent));
    token.settle(Verdict::RetryAfter(Duration::ZERO)).await.unwrap();
    assert_eq!(outbox.take("zoho").await.unwrap().earlier_tries, 1);
}

#[tokio::test]
async fn a_throttle_is_respected_in_every_shape() {
    for status in [400, 200] {
        let simulator = Setup::USUAL.simulator().await;
        let crm = Setup::USUAL.good(&simulator);
        simulator.throttle(Some(status));
        for _ in 0..5 {
            let error = crm.look_up(&wanted()).await.unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::RateLimited, Status::Temporary));
        }
        assert_eq!(refreshes(&simulator), 1, "locked out, and not asking again");
        assert!(crm.look_up(&wanted()).await.unwrap_err().wait().unwrap() > Duration::from_secs(60));
    }
}

#[tokio::test]
async fn tokens_that_never_last_do_not_lead_to_the_lock_out() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup::USUAL.good(&simulator);
    for _ in 0..30 {
        simulator.expire_tokens();
        let _ = crm.look_up(&wanted()).await;
    }
    assert_eq!(refreshes(&simulator), 8);
}

#[tokio::test]
async fn a_restart_uses_the_token_of_the_file_and_the_file_is_private() {
    let simulator = Setup::USUAL.simulator().await;
    let file = token_file();
    for _ in 0..20 {
        Setup::USUAL.good(&simulator).token_file(&file).look_up(&wanted()).await.unwrap();
    }
    assert_eq!(refreshes(&simulator), 1);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_server_out_of_order_and_the_old_form_of_a_token_do_no_harm() {
    let simulator = Setup::USUAL.builder().old_token_form().start().await.unwrap();
    let crm = Setup::USUAL.good(&simulator);
    simulator.fail_next(Target::Tokens, 1, Fault::Status(502));
    assert!(crm.look_up(&wanted()).await.unwrap_err().is_temporary());
    crm.look_up(&wanted()).await.unwrap();
    crm.look_up(&wanted()).await.unwrap();
    assert_eq!(refreshes(&simulator), 2);
}

fn login(simulator: &Simulator, secret: &str, file: &PathBuf) -> Login {
    Login::new(simulator.base_url(), Simulator::CLIENT_ID, SecretString::from(secret), file).unwrap()
}

async fn works(simulator: &Simulator, file: &PathBuf) {
    let crm = Zoho::new(simulator.base_url())
        .client(Simulator::CLIENT_ID, SecretString::from(Simulator::CLIENT_SECRET))
        .token_file(file);
    crm.look_up(&wanted()).await.unwrap();
}

#[tokio::test]
async fn the_code_of_a_self_client_becomes_a_file_of_tokens() {
    let simulator = Setup::USUAL.simulator().await;
    let file = token_file();
    let code = simulator.self_client_code();
    login(&simulator, Simulator::CLIENT_SECRET, &file).finish_with_code(&format!(" {code}\n")).await.unwrap();
    works(&simulator, &file).await;
    assert_eq!(refreshes(&simulator), 1, "the access token of the exchange is used");
    let again = login(&simulator, Simulator::CLIENT_SECRET, &file).finish_with_code(&code).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Unauthenticated);
    works(&simulator, &file).await;
}

#[tokio::test]
async fn the_consent_of_a_server_based_client_becomes_a_file_of_tokens() {
    let simulator = Setup::USUAL.builder().location("jp").start().await.unwrap();
    let (file, redirect) = (token_file(), "https://cti.example.com/zoho");
    let login = login(&simulator, Simulator::CLIENT_SECRET, &file);
    let url = login.consent_url(redirect, "state-1").unwrap();
    let scope = url.query_pairs().find(|(name, _)| name == "scope").unwrap().1.into_owned();
    assert_eq!(scope, SCOPES);
    // What the browser does: it opens the page, and is sent back.
    let http = cti_http_of(&simulator);
    let reply = http.send(http.get(url), cti_http::Repeat::Harmless).await.unwrap();
    assert_eq!(reply.status, 302);
    let code = simulator.grant_for(redirect);
    let back = format!(
        "{redirect}?state=state-1&code={code}&location=jp&accounts-server={}",
        simulator.base_url().replace(':', "%3A").replace('/', "%2F")
    );
    let other = login.finish_with_address(&back, redirect, "state-2").await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Rejected);
    let elsewhere = back.replace("127.0.0.1", "127.0.0.2");
    assert_eq!(
        login.finish_with_address(&elsewhere, redirect, "state-1").await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
    login.finish_with_address(&back, redirect, "state-1").await.unwrap();
    works(&simulator, &file).await;
}

fn cti_http_of(simulator: &Simulator) -> cti_http::Client {
    let base = cti_http::secure_base(simulator.base_url()).unwrap();
    cti_http::Client::new("Zoho", cti_http::Options::for_base(&base)).unwrap()
}
