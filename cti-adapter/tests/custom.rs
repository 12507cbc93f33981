//! A CRM by templates, from a simulated call to the agent's page and the CRM: the whole programme.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::{Call, CallHandle};
use cti_testkit::custom::{Customer, Fault, Simulator};
use serde_json::json;
use support::{Adapter, DeskClient, Ended, Stage, command, eventually, run_to_end};

const KNOWN: &str = "09011112222";

/// A running adapter whose only CRM is described by templates.
struct Running {
    stage: Stage,
    crm: Simulator,
    adapter: Adapter,
    desk: DeskClient,
}

impl Running {
    /// `{crm}` in the steps stands for the address of the simulated CRM.
    async fn new(steps: &str) -> Self {
        Self::with_policy(steps, "").await
    }

    async fn with_policy(steps: &str, policy: &str) -> Self {
        let crm = Simulator::start().await.unwrap();
        crm.add(Customer::new("C-7", "田中 花子", KNOWN).company("田中商店"));
        let mut stage = Stage::new().await;
        stage.more = policy.to_owned();
        let config = write(&stage, &steps.replace("{crm}", crm.base_url()));
        let adapter = Adapter::start(command(&["run", "--config", &config]).env("RUST_LOG", "info"));
        adapter.says("the link to the PBX is up").await;
        let desk = stage.desk(&adapter).await;
        Self { stage, crm, adapter, desk }
    }

    fn call(&self, number: &str) -> CallHandle {
        self.stage.asterisk.call_in(Call::from(number).name("network name"))
    }

    async fn popped(&self, call: &CallHandle) -> serde_json::Value {
        self.desk.frame("pop", |view| view["call"] == id(call)).await
    }

    async fn notified(&self, call: &CallHandle) -> serde_json::Value {
        self.desk.frame("notified", |told| told["call"] == id(call)).await
    }

    /// Waits until so many requests went to that path.
    async fn requests(&self, path: &str, count: usize) -> Vec<cti_testkit::custom::Recorded> {
        let what = format!("{count} requests to {path}");
        eventually(&what, async || Some(self.crm.requests_to(path)).filter(|all| all.len() >= count)).await
    }
}

/// The configuration of the stage with that CRM in place of its own.
fn write(stage: &Stage, steps: &str) -> String {
    let text = stage.config_text();
    let (head, rest) = text.split_once("[[crm]]").unwrap();
    let (_, tail) = rest.split_once("[outbox]").unwrap();
    let text = format!("{head}[[crm]]\nname = \"own\"\nkind = \"custom\"\n{steps}\n[outbox]{tail}");
    stage.folder.write("cti.toml", &text).to_str().unwrap().to_owned()
}

fn id(call: &CallHandle) -> String {
    format!("main/{}", call.uniqueid())
}

/// All six steps.
const ALL: &str = r#"
account = { id = "cti", password = "custom-password-5d1e" }
[crm.auth]
method = "http_post"
text = "{crm}/login?user={AID}&password={APW}"
answer = { body = { json = { fields = { SESSION = "$.session" } } } }
[crm.search]
method = "http_get"
text = "{crm}/customers?tel={TEL}"
headers = { authorization = "Bearer {SESSION}" }
answer = { body = { json = { rows = "$.found[*]", fields = { EXT_ID = "$.id", NAME = "$.name", COMPANY = "$.company" } } } }
timeout_seconds = 1
[crm.click]
method = "browser_post"
text = "{crm}/new?id={EXT_ID}&tel={TEL}"
[crm.ring]
method = "http_post"
text = "{crm}/ringing?tel={TEL}&customer={EXT_ID}&extension={EXT}&did={CALLED}"
headers = { authorization = "Bearer {SESSION}" }
timeout_seconds = 1
[crm.answer]
method = "http_post"
text = "{crm}/answered?call={ID}&customer={EXT_ID}"
headers = { authorization = "Bearer {SESSION}" }
timeout_seconds = 1
[crm.hang_up]
method = "http_post"
text = "{crm}/calls?id={ID}&number={SPELLED}&name={NAME}"
headers = { authorization = "Bearer {SESSION}" }
"#;

#[tokio::test]
async fn a_caller_is_searched_while_the_phone_rings_and_every_later_step_knows_who_it_is() {
    let running = Running::new(ALL).await;
    let call = running.call(KNOWN);
    let pop = running.popped(&call).await["pop"].clone();
    assert_eq!((&pop["matches"][0]["name"], &pop["matches"][0]["company"]), (&json!("田中 花子"), &json!("田中商店")));
    assert_eq!(pop["click"], true);

    let ringing = &running.requests("/ringing", 1).await[0];
    let told = ["tel", "customer", "extension"].map(|name| ringing.parameter(name).unwrap());
    assert_eq!(told, [KNOWN, "C-7", "6001"]);
    assert!(ringing.parameter("did").unwrap().starts_with("03"));

    // The agent clicks the pop: the browser is to submit a form.
    let body = json!({ "call": id(&call), "extension": "6001", "crm": "own" });
    let clicked: serde_json::Value = running.desk.post("/api/click", body).await.json().await.unwrap();
    assert_eq!(clicked["page"]["fields"], json!([["id", "C-7"], ["tel", KNOWN]]));

    assert!(running.stage.asterisk.phone("6001").answer());
    let answered = &running.requests("/answered", 1).await[0];
    assert_eq!(answered.parameter("call").unwrap(), id(&call));
    assert_eq!(answered.parameter("customer").unwrap(), "C-7");

    call.hang_up();
    running.requests("/calls", 1).await;
    let logged = eventually("the call log", async || running.crm.calls().first().cloned()).await;
    assert_eq!((logged.id, logged.number, logged.name), (id(&call), KNOWN.to_owned(), "田中 花子".to_owned()));
    assert_eq!(running.crm.log_ins(), 1, "one session for all of it");
    assert_eq!(running.crm.requests_to("/customers").len(), 1, "asked once");
}

/// The example of the manual, with every step but ringing left out.
const WEB_SEARCH: &str = r#"
[crm.ring]
method = "browser_get"
text = "https://www.google.com/search?q={TEL}"
"#;

#[tokio::test]
async fn the_web_is_searched_for_whoever_calls_whatever_the_number_holds() {
    let running = Running::new(WEB_SEARCH).await;
    for (caller, query) in [
        ("0312345678", "0312345678"),
        ("+81312345678", "%2B81312345678"),
        ("#31#0312345678", "%2331%230312345678"),
        ("03 1234 5678", "03%201234%205678"),
        ("田中&q=x", "%E7%94%B0%E4%B8%AD%26q%3Dx"),
    ] {
        let call = running.call(caller);
        let told = running.notified(&call).await;
        let expected = format!("https://www.google.com/search?q={query}");
        assert_eq!(told["page"], json!({ "method": "get", "url": expected }), "{caller}");
        call.hang_up();
        running.desk.frame("call", |view| view["call"] == id(&call) && view["state"] == "over").await;
    }
    assert!(!running.adapter.log().contains("0312345678"), "no number gets into the log");
}

#[tokio::test]
async fn numbers_are_read_by_the_numbering_of_the_house() {
    let numbering = "[numbering]\ncountry_code = \"49\"\ntrunk_prefix = \"0\"\ninternational_prefix = \"00\"";
    let steps = "[crm.ring]\nmethod = \"http_post\"\ntext = \"{crm}/ringing?e164=E164({TEL})&at_home=NATIONAL({TEL})\"";
    let running = Running::with_policy(steps, numbering).await;
    for (caller, count) in [("030123456", 1), ("+4930123456", 2)] {
        let call = running.call(caller);
        let request = running.requests("/ringing", count).await.pop().unwrap();
        let told = ["e164", "at_home"].map(|name| request.parameter(name).unwrap());
        assert_eq!(told, ["+4930123456", "030123456"], "{caller}");
        call.hang_up();
    }
}

#[tokio::test]
async fn only_watched_numbers_leave_the_house() {
    let watched = "[policy.scope]\nwatched = { only = [\"0399999999\"] }";
    let running = Running::with_policy(ALL, watched).await;
    let call = running.call(KNOWN);
    running.desk.frame("call", |view| view["call"] == id(&call) && view["state"] == "ringing").await;
    assert!(running.stage.asterisk.phone("6001").answer());
    running.desk.frame("call", |view| view["call"] == id(&call) && view["state"] == "talking").await;
    call.hang_up();
    running.desk.frame("call", |view| view["call"] == id(&call) && view["state"] == "over").await;
    // Whatever was to be sent would have been sent before this.
    let ended: Ended = {
        running.adapter.signal("TERM").await;
        running.adapter.ended().await
    };
    assert_eq!(ended.code, Some(0), "{}", ended.complaints);
    // The check of health at the start logs in; nothing is asked or told of the call.
    let of_the_call: Vec<_> = running.crm.requests().into_iter().filter(|request| request.path != "/login").collect();
    assert!(of_the_call.is_empty(), "{of_the_call:?}");
}

/// A call while the CRM fails in that way, and the next one when it does not.
async fn survives(running: &Running, path: &str, caller: &str, fault: Fault) {
    // More often than anybody tries again.
    running.crm.fail_next(path, 100, fault.clone());
    let call = running.call(caller);
    if path == "/customers" {
        let view = running.popped(&call).await;
        assert_eq!(view["pop"]["problem"], true, "{fault:?}");
    } else {
        assert_eq!(running.notified(&call).await["problem"], true, "{fault:?}");
    }
    // The call goes on.
    running.desk.frame("call", |view| view["call"] == id(&call) && view["state"] == "ringing").await;
    running.crm.mend();
    let next = running.call(KNOWN);
    assert_eq!(running.popped(&next).await["pop"]["matches"][0]["name"], "田中 花子", "{fault:?}");
    next.hang_up();
    call.hang_up();
}

fn faults() -> [Fault; 5] {
    let late = Fault::Late(std::time::Duration::from_secs(600));
    [Fault::NeverAnswers, late, Fault::Huge(10 * 1024 * 1024), Fault::ClosesInTheMiddle, Fault::Closes]
}

#[tokio::test]
async fn a_search_that_fails_in_any_way_spoils_no_call() {
    let running = Running::new(ALL).await;
    for (number, fault) in faults().into_iter().enumerate() {
        // A number each: what is known of one is known for a while.
        survives(&running, "/customers", &format!("080123456{number:02}"), fault).await;
    }
    let log = running.adapter.log();
    for cause in ["timeout", "protocol", "unreachable"] {
        assert!(log.contains(cause), "the log names no {cause}");
    }
    assert!(!log.contains("080123456"), "no number gets into the log");
}

#[tokio::test]
async fn a_ring_step_that_fails_in_any_way_spoils_no_call() {
    let running = Running::new(ALL).await;
    for fault in faults() {
        survives(&running, "/ringing", "0801234567", fault).await;
    }
    assert!(running.adapter.log().contains("could not be told"));
}

#[tokio::test]
async fn a_call_log_that_fails_is_kept_and_written_once() {
    let running = Running::new(ALL).await;
    running.crm.fail_next("/calls", 2, Fault::Closes);
    let call = running.call(KNOWN);
    running.popped(&call).await;
    call.hang_up();
    running.requests("/calls", 3).await;
    assert_eq!(running.crm.calls().len(), 1);
}

#[tokio::test]
async fn a_broken_template_is_told_with_path_place_and_a_caret() {
    let stage = Stage::new().await;
    let steps = "[crm.ring]\nmethod = \"browser_get\"\ntext = \"https://crm.example/?tel={TELL}\"\n[crm.search]\nmethod = \"post\"";
    let config = write(&stage, steps);
    let ended = run_to_end(&["run", "--config", &config]).await;
    assert_eq!(ended.code, Some(1));
    let told = ended.complaints;
    for expected in [
        "crm[0].ring.text: error: there is no variable {TELL}",
        "1 | https://crm.example/?tel={TELL}",
        "^^^^^^ did you mean {TEL}?",
        "crm[0].search.method: must be one of browser_get",
    ] {
        assert!(told.contains(expected), "{expected:?} not in:\n{told}");
    }
}

#[tokio::test]
async fn the_doctor_looks_at_every_step() {
    let (stage, crm) = (Stage::new().await, Simulator::start().await.unwrap());
    let programme =
        "programs = [\"/opt/nowhere\"]\n[crm.answer]\nmethod = \"command\"\ntext = \"/opt/nowhere {TEL}\"\n";
    let config = write(&stage, &format!("{programme}{}", WEB_SEARCH));
    let ended = run_to_end(&["doctor", "--config", &config]).await;
    assert!(ended.out.contains("FAILED  custom.answer: /opt/nowhere"), "{}", ended.out);
    let config = write(&stage, &ALL.replace("{crm}", crm.base_url()));
    let ended = run_to_end(&["doctor", "--config", &config]).await;
    assert!(ended.out.contains("ok      custom.session: the CRM lets us in"), "{}", ended.out);
    assert!(crm.calls().is_empty());
}

#[tokio::test]
async fn two_crms_at_once_are_both_asked_told_and_written() {
    let crm = Simulator::start().await.unwrap();
    let mut stage = Stage::new().await;
    stage.more = format!("[[crm]]\nname = \"own\"\nkind = \"custom\"\n{}", ALL.replace("{crm}", crm.base_url()));
    let adapter = stage.run().await;
    let desk = stage.desk(&adapter).await;
    let call = stage.asterisk.call_in(Call::from(support::CUSTOMER));
    desk.frame("pop", |view| view["call"] == id(&call)).await;
    eventually("the ring step", async || crm.requests_to("/ringing").first().cloned()).await;
    call.hang_up();
    assert_eq!(stage.logged(1).await.len(), 1);
    let own = eventually("the other call log", async || crm.calls().first().cloned()).await;
    assert_eq!(own.id, id(&call));
}
