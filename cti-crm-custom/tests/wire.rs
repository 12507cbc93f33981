//! What goes over the wire, and what becomes of what comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{answered, connector, ended, event, logged_in, look_up, record, ringing, search, with_session};
use cti_core::call::{CallFact, Direction, Disposition, Party, Withheld};
use cti_core::crm::{CrmSink, Matches, Page, WriteKey};
use cti_core::secret::SecretString;
use cti_core::{Error, ErrorKind, Status};
use cti_crm_custom::{Custom, Step};
use cti_testkit::custom::{Customer, Fault, Simulator};
use std::time::{Duration, Instant};

const HOSTILE: &str = "+81 3#1234&x=田中\"'<b>";

async fn simulator() -> Simulator {
    let simulator = Simulator::start().await.unwrap();
    simulator.add(Customer::new("C-7", "山田 太郎", "0901234567").company("山田商店"));
    simulator
}

fn open(simulator: &Simulator) -> String {
    format!("{}/open", simulator.base_url())
}

fn key() -> WriteKey {
    WriteKey::of("main/1.1#ended".into())
}

/// Fast enough for a test, slow enough for a busy machine.
const SHORT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn the_search_finds_whom_the_crm_knows() {
    let simulator = simulator().await;
    let matches = connector(&simulator).look_up(&look_up("0901234567")).await.unwrap();
    let found = matches.one().unwrap();
    assert_eq!((found.id.as_str(), found.name.as_ref().unwrap().as_str()), ("C-7", "山田 太郎"));
    assert_eq!(found.company.as_ref().unwrap().as_str(), "山田商店");
    assert_eq!(found.url.as_ref().unwrap().path(), "/customers/C-7");
    assert!(connector(&simulator).look_up(&look_up("0699999999")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_search_that_is_answered_with_404_found_nobody() {
    let simulator = simulator().await;
    simulator.fail_next("/customers", 1, Fault::Status(404));
    assert!(connector(&simulator).look_up(&look_up("0901234567")).await.unwrap().is_none());
}

#[tokio::test]
async fn every_value_is_escaped_for_its_place() {
    let simulator = simulator().await;
    let url = open(&simulator);
    let caller = Party::known(HOSTILE, HOSTILE);
    let steps = [
        Step::http_get(format!("{url}?q={{TEL}}&fixed=1")),
        Step::http_post(format!("{url}?q={{TEL}}&fixed=1")),
        Step::http_post(&url).form("q={TEL}&fixed=1"),
    ];
    for step in steps {
        let crm = Custom::new("custom").ring(step);
        crm.notify(&event(caller.clone(), CallFact::Ringing { extension: "6001".into() }), &Matches::default())
            .await
            .unwrap();
        let request = simulator.requests().pop().unwrap();
        assert_eq!(request.parameter("q").as_deref(), Some(HOSTILE), "{request:?}");
        assert_eq!(request.parameter("fixed").as_deref(), Some("1"));
        assert_eq!(request.parameter("x"), None, "no value becomes a parameter");
    }
    let crm = Custom::new("custom").ring(Step::http_post(format!("{url}?keep={{EXT}}")).json(r#"{"tel": "{TEL}"}"#));
    crm.notify(&event(caller, CallFact::Ringing { extension: "6001".into() }), &Matches::default()).await.unwrap();
    let request = simulator.requests().pop().unwrap();
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body, serde_json::json!({ "tel": HOSTILE }));
    assert_eq!(
        (request.parameter("keep").as_deref(), request.header("content-type")),
        (Some("6001"), Some("application/json"))
    );
}

#[tokio::test]
async fn many_calls_at_once_are_one_log_in() {
    let simulator = simulator().await;
    let crm = connector(&simulator);
    let wanted = look_up("0901234567");
    let (a, b, c, d) =
        tokio::join!(crm.look_up(&wanted), crm.look_up(&wanted), crm.look_up(&wanted), crm.look_up(&wanted));
    for found in [a, b, c, d] {
        assert_eq!(found.unwrap().found.len(), 1);
    }
    assert_eq!(simulator.log_ins(), 1);
}

#[tokio::test]
async fn a_session_that_expired_is_fetched_again_once_and_nobody_notices() {
    let simulator = simulator().await;
    let crm = connector(&simulator);
    let wanted = look_up("0901234567");
    crm.look_up(&wanted).await.unwrap();
    simulator.expire_sessions();
    let (a, b, c) = tokio::join!(crm.look_up(&wanted), crm.look_up(&wanted), crm.look_up(&wanted));
    assert!(a.unwrap().one().is_some() && b.unwrap().one().is_some() && c.unwrap().one().is_some());
    assert_eq!(simulator.log_ins(), 2);
}

#[tokio::test]
async fn after_its_keep_time_a_session_is_fetched_before_it_is_refused() {
    let simulator = simulator().await;
    let crm = connector(&simulator).session_keep(Duration::from_millis(1));
    for _ in 0..2 {
        crm.look_up(&look_up("0901234567")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(simulator.log_ins(), 2);
    assert_eq!(simulator.requests_to("/customers").len(), 2, "none was refused first");
}

#[tokio::test]
async fn a_session_by_cookie_needs_no_capture() {
    let simulator = simulator().await;
    let base = simulator.base_url();
    let crm = Custom::new("custom")
        .account(Simulator::USER, SecretString::from(Simulator::PASSWORD))
        .auth(Step::http_post(format!("{base}/login?user={{AID}}&password={{APW}}")))
        .search(Step::http_get(format!("{base}/customers?tel={{TEL}}")).rows("$.found[*]").capture("NAME", "$.name"));
    assert_eq!(crm.look_up(&look_up("0901234567")).await.unwrap().found.len(), 1);
}

#[tokio::test]
async fn each_agent_logs_in_with_his_own_account() {
    let simulator = simulator().await;
    let url = open(&simulator);
    let password = || SecretString::from(Simulator::PASSWORD);
    let crm = logged_in(simulator.base_url(), Simulator::PASSWORD)
        .agent("6001", Simulator::USER, password(), Some("佐藤".to_owned()))
        .ring(Step::http_post(format!("{url}?agent={{AGENTNAME}}&account={{AID}}")));
    for extension in ["6001", "6002"] {
        let event = event(common::taro(), CallFact::Ringing { extension: extension.into() });
        crm.notify(&event, &Matches::default()).await.unwrap();
    }
    let agents: Vec<_> =
        simulator.requests_to("/open").iter().map(|request| request.parameter("agent").unwrap()).collect();
    assert_eq!(agents, ["佐藤", ""]);
    assert_eq!(simulator.log_ins(), 2, "a session each");
}

#[tokio::test]
async fn the_telephone_an_agent_signs_in_with_comes_before_his_others() {
    let simulator = simulator().await;
    let password = || SecretString::from(Simulator::PASSWORD);
    let text = format!("{}?ext={{EXT}}&agent={{AGENTNAME}}", open(&simulator));
    let crm = Custom::new("custom")
        .agent("6001", Simulator::USER, password(), Some("佐藤".to_owned()))
        .also_registered("6001", "6011")
        .ring(Step::http_post(text));
    for (rings, expected) in [("6011", ["6001", "佐藤"]), ("6001", ["6001", "佐藤"]), ("6002", ["6002", ""])] {
        let event = event(common::taro(), CallFact::Ringing { extension: rings.into() });
        crm.notify(&event, &Matches::default()).await.unwrap();
        let request = simulator.requests().pop().unwrap();
        assert_eq!(["ext", "agent"].map(|name| request.parameter(name).unwrap()), expected, "{rings} rings");
    }
}

/// The error of a look-up, and how long it took.
async fn failing(simulator: &Simulator, fault: Fault) -> (Error, Duration) {
    let crm = logged_in(simulator.base_url(), Simulator::PASSWORD).search(search(simulator.base_url()).timeout(SHORT));
    crm.look_up(&look_up("0688888888")).await.unwrap();
    simulator.fail_next("/customers", 1, fault);
    let begun = Instant::now();
    let error = crm.look_up(&look_up("0901234567")).await.unwrap_err();
    let text = error.chain();
    assert!(!text.contains("0901234567") && !text.contains("127.0.0.1"), "{text}");
    (error, begun.elapsed())
}

#[tokio::test]
async fn a_crm_that_fails_is_told_with_its_cause_and_in_time() {
    let simulator = simulator().await;
    let late = Fault::Late(Duration::from_secs(600));
    let table = [
        (Fault::NeverAnswers, ErrorKind::Timeout),
        (late, ErrorKind::Timeout),
        (Fault::Closes, ErrorKind::Unreachable),
        (Fault::ClosesInTheMiddle, ErrorKind::Unreachable),
        (Fault::Huge(10 * 1024 * 1024), ErrorKind::Protocol),
        (Fault::WrongContentType, ErrorKind::Protocol),
        (Fault::Status(500), ErrorKind::Unreachable),
    ];
    for (fault, kind) in table {
        let (error, took) = failing(&simulator, fault.clone()).await;
        assert_eq!((error.kind(), error.status()), (kind, Status::Temporary), "{fault:?}: {error}");
        assert!(took < SHORT * 20, "{fault:?} took {took:?}");
    }
    let (error, _) = failing(&simulator, Fault::WrongContentType).await;
    assert!(error.to_string().contains("text/html"), "{error}");
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let (simulator, other) = (simulator().await, simulator().await);
    let (error, _) = failing(&simulator, Fault::Redirect(format!("{}/open", other.base_url()))).await;
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed() {
    let simulator = simulator().await;
    simulator.fail_next("/open", 1, Fault::Redirect("/open?redirected=1".to_owned()));
    let crm = Custom::new("custom").ring(Step::http_post(open(&simulator)));
    crm.notify(&ringing(), &Matches::default()).await.unwrap();
    let last = simulator.requests().pop().unwrap();
    assert_eq!((last.method.as_str(), last.query.as_str()), ("GET", "redirected=1"));
}

#[tokio::test]
async fn what_was_sent_and_not_answered_has_an_unknown_outcome() {
    let simulator = simulator().await;
    let crm = connector(&simulator).timeout(SHORT);
    simulator.fail_next("/calls", 1, Fault::NeverAnswers);
    let error = crm.log_call(&record(Disposition::Answered), None, &key()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, Status::OutcomeUnknown));
    let again = crm.log_call(&record(Disposition::Answered), None, &key()).await.unwrap();
    assert!(!again.created, "it was there already");
    assert_eq!(simulator.calls().len(), 1);
}

#[tokio::test]
async fn what_the_search_found_is_in_the_later_steps() {
    let simulator = simulator().await;
    let url = open(&simulator);
    let crm = logged_in(simulator.base_url(), Simulator::PASSWORD)
        .search(search(simulator.base_url()).capture("STORED", "$.tel"))
        .ring(with_session(Step::http_post(format!(
            "{url}?id={{EXT_ID}}&name={{NAME}}&of={{COMPANY}}&stored={{STORED}}"
        ))))
        .hang_up(with_session(Step::http_post(format!(
            "{url}?ended={{EXT_ID}}&seconds={{TALKTIME}}&result={{RESULT}}"
        ))));
    let matches = crm.look_up(&look_up("0901234567")).await.unwrap();
    crm.notify(&ringing(), &matches).await.unwrap();
    let request = simulator.requests().pop().unwrap();
    let parameter = |name: &str| request.parameter(name).unwrap();
    assert_eq!(
        [parameter("id"), parameter("name"), parameter("of"), parameter("stored")],
        ["C-7", "山田 太郎", "山田商店", "0901234567"]
    );
    crm.log_call(&record(Disposition::Answered), matches.one(), &key()).await.unwrap();
    let request = simulator.requests().pop().unwrap();
    assert_eq!(request.query, "", "a POST sends what stands behind the ? as a form");
    let told = ["ended", "seconds", "result"].map(|name| request.parameter(name).unwrap());
    assert_eq!(told, ["C-7", "60", "answered"]);
}

#[tokio::test]
async fn a_ring_step_that_uses_what_was_found_waits_for_the_search_and_any_other_does_not() {
    let simulator = simulator().await;
    let waits = |text: &str| {
        let crm = connector(&simulator).ring(with_session(Step::http_post(format!("{}?{text}", open(&simulator)))));
        assert_eq!(crm.faults(), []);
        crm.notice(&ringing()).unwrap().with_matches
    };
    assert!(!waits("tel={TEL}"));
    assert!(waits("id={EXT_ID}"));
}

#[tokio::test]
async fn the_answer_step_has_its_delay_and_ringing_out_is_no_ring() {
    let crm = Custom::new("custom")
        .ring(Step::browser_get("https://crm.example/"))
        .answer(Step::browser_get("https://crm.example/").delay(Duration::from_secs(3)));
    assert_eq!(crm.notice(&answered()).unwrap().after, Duration::from_secs(3));
    assert_eq!(crm.notice(&ringing()).unwrap().after, Duration::ZERO);
    assert_eq!(crm.notice(&cti_core::call::CallEvent { direction: Direction::Outbound, ..ringing() }), None);
    assert_eq!(crm.notice(&ended(Disposition::Missed)), None, "there is no such step");
}

#[tokio::test]
async fn the_hang_up_step_can_be_for_answered_calls_alone() {
    let simulator = simulator().await;
    for (only, expected) in [(true, 1), (false, 2)] {
        let step = Step::http_post(format!("{}?n={{ID}}", open(&simulator))).only_if_answered(only);
        let crm = Custom::new("custom").hang_up(step);
        let before = simulator.requests().len();
        for disposition in [Disposition::Missed, Disposition::Answered] {
            crm.log_call(&record(disposition), None, &key()).await.unwrap();
        }
        assert_eq!(simulator.requests().len() - before, expected);
        let crm = Custom::new("custom").hang_up(Step::browser_get("https://crm.example/").only_if_answered(only));
        let shown = [Disposition::Missed, Disposition::Answered].map(|way| crm.notice(&ended(way)).is_some());
        assert_eq!(shown, [!only, true]);
    }
}

#[tokio::test]
async fn pages_for_the_browser_are_handed_out_and_nothing_is_sent() {
    let get = Custom::new("custom").ring(Step::browser_get("https://www.google.com/search?q={TEL}"));
    let caller = Party::known("+81 3#1234 田", "");
    let ringing = event(caller, CallFact::Ringing { extension: "6001".into() });
    let page = get.notify(&ringing, &Matches::default()).await.unwrap().unwrap();
    assert_eq!(page.url().as_str(), "https://www.google.com/search?q=%2B81%203%231234%20%E7%94%B0");
    assert_eq!(page.url().query_pairs().next().unwrap().1, "+81 3#1234 田");

    let post = Custom::new("custom").click(Step::browser_post("https://crm.example/new?tel={TEL}&from=a b"));
    let page = post.clicked(&ringing, &Matches::default()).await.unwrap().unwrap();
    let fields = [("tel", "+81 3#1234 田"), ("from", "a b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(post.form_targets()[0].host_str(), Some("crm.example"));
    assert_eq!(page, Page::Post { url: "https://crm.example/new".parse().unwrap(), fields: fields.to_vec() });
}

#[tokio::test]
async fn a_withheld_caller_has_a_word_and_no_digits() {
    let simulator = simulator().await;
    let step = || Step::http_get(format!("{}?tel={{TEL}}&remote={{REMOTE}}", open(&simulator)));
    let event = event(Party::withheld(Withheld::RejectedByUser), CallFact::Ringing { extension: "6001".into() });
    for (crm, tel) in
        [(Custom::new("a").ring(step()), "anonymous"), (Custom::new("b").ring(step()).anonymous("非通知"), "非通知")]
    {
        crm.notify(&event, &Matches::default()).await.unwrap();
        let request = simulator.requests().pop().unwrap();
        assert_eq!(
            (request.parameter("tel").unwrap(), request.parameter("remote").unwrap()),
            (tel.to_owned(), String::new())
        );
    }
}

#[tokio::test]
async fn dates_are_of_the_event_and_of_the_time_zone() {
    let simulator = simulator().await;
    let crm = Custom::new("custom").ring(Step::http_get(format!(
        "{}?at={{DATE-YYYY}}{{DATE-MM}}{{DATE-DD}}{{DATE-HH}}{{DATE-II}}{{DATE-SS}}",
        open(&simulator)
    )));
    crm.notify(&ringing(), &Matches::default()).await.unwrap();
    assert_eq!(simulator.requests()[0].parameter("at").unwrap(), "20260102030405");
}

#[tokio::test]
async fn a_value_that_a_search_brings_is_no_template() {
    let simulator = Simulator::start().await.unwrap();
    simulator.add(Customer::new("{APW}", "MD5({APW})", "0901234567"));
    let crm = logged_in(simulator.base_url(), Simulator::PASSWORD)
        .search(search(simulator.base_url()))
        .ring(with_session(Step::http_post(format!("{}?id={{EXT_ID}}&name={{NAME}}", open(&simulator)))));
    let matches = crm.look_up(&look_up("0901234567")).await.unwrap();
    crm.notify(&ringing(), &matches).await.unwrap();
    let request = simulator.requests().pop().unwrap();
    assert_eq!(
        (request.parameter("id").unwrap(), request.parameter("name").unwrap()),
        ("{APW}".to_owned(), "MD5({APW})".to_owned())
    );
}

#[tokio::test]
async fn codes_behind_the_number_are_taken_apart_where_the_version_has_them() {
    let simulator = simulator().await;
    let caller = Party::known("0312345678#A 1#B2", "");
    let event = event(caller, CallFact::Ringing { extension: "6001".into() });
    let told = async |text: &str, version: Option<&str>| {
        let crm = Custom::new("custom").ring(Step::http_post(format!("{}?{text}", open(&simulator))));
        let crm = match version {
            Some(version) => crm.version(version.parse().unwrap()),
            None => crm,
        };
        crm.notify(&event, &Matches::default()).await.unwrap();
        let request = simulator.requests().pop().unwrap();
        ["t", "a", "b"].map(|name| request.parameter(name).unwrap())
    };
    let old = told("t={TEL}&a={CODE1}&b={CODE2}", Some("3.2.11")).await;
    assert_eq!(old, ["0312345678", "A 1", "B2"]);
    let new = told("t={TEL}&a={ARG1}&b={ARG2}", Some("3.2.20")).await;
    assert_eq!(new, ["0312345678", "A 1", "B2"]);
    let none = told("t={TEL}&a={ARG1}&b={CODE2}", None).await;
    assert_eq!(none, ["0312345678#A 1#B2", "", ""], "without a version a # is a #");
}

#[tokio::test]
async fn an_outbound_call_has_its_parties_the_other_way_round() {
    let simulator = simulator().await;
    let url = format!(
        "{}?tel={{TEL}}&called={{CALLED}}&remote={{REMOTE}}&ext={{EXT}}&id={{ID}}&way={{DIRECTION}}",
        open(&simulator)
    );
    let event = cti_core::call::CallEvent {
        direction: Direction::Outbound,
        caller: Party::known("0312345000", "We"),
        dialed: cti_core::number::Number::new("0901234567"),
        ..answered()
    };
    Custom::new("custom").answer(Step::http_post(url)).notify(&event, &Matches::default()).await.unwrap();
    let request = simulator.requests().pop().unwrap();
    let told = ["tel", "called", "remote", "ext", "id", "way"].map(|name| request.parameter(name).unwrap());
    assert_eq!(told, ["0312345000", "0901234567", "0901234567", "6001", "main/1.1", "outbound"]);
}

#[tokio::test]
async fn the_server_may_stand_at_the_beginning_of_an_address() {
    let simulator = simulator().await;
    let crm = Custom::new("custom").server(simulator.base_url()).ring(Step::http_get("{SVADDR}open?tel={TEL}"));
    crm.notify(&ringing(), &Matches::default()).await.unwrap();
    assert_eq!(simulator.requests_to("/open").len(), 1);
}

#[tokio::test]
async fn names_come_from_the_phone_books_before_the_network() {
    let simulator = simulator().await;
    let entry = |number: &str, name: &str| (number.to_owned(), name.to_owned());
    let crm = Custom::new("custom")
        .phone_book([entry("03-1234-5678", "for all"), entry("03-1234-5000", "our line")])
        .phone_book_of("6002", [entry("+81312345678", "my friend")])
        .ring(Step::http_post(format!("{}?name={{TELNAME}}&called={{CALLEDNAME}}", open(&simulator))));
    for (extension, number, expected) in
        [("6001", "0312345678", "for all"), ("6002", "0312345678", "my friend"), ("6002", "0801111111", "network")]
    {
        let event = event(Party::known(number, "network"), CallFact::Ringing { extension: extension.into() });
        crm.notify(&event, &Matches::default()).await.unwrap();
        let request = simulator.requests().pop().unwrap();
        assert_eq!([request.parameter("name").unwrap(), request.parameter("called").unwrap()], [expected, "our line"]);
    }
}
