//! Descriptions that are wrong: everything is told at once, with its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_core::capture::{BodyRule, CaptureSettings};
use cti_core::crm::CrmSink;
use cti_core::health::CheckOutcome;
use cti_core::secret::SecretString;
use cti_crm_custom::{Custom, Step};
use std::time::Duration;

fn faults(crm: &Custom) -> Vec<String> {
    crm.faults().iter().map(ToString::to_string).collect()
}

fn only(crm: Custom) -> String {
    let faults = faults(&crm);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults[0].clone()
}

fn with_account() -> Custom {
    Custom::new("crm").account("cti", SecretString::from("very-secret"))
}

#[test]
fn a_broken_template_is_shown_with_its_place() {
    let fault = only(Custom::new("crm").ring(Step::browser_get("https://crm.example/?tel={TELL}")));
    assert!(fault.starts_with("ring.text: "), "{fault}");
    let caret = fault.lines().last().unwrap();
    assert!(fault.contains("did you mean {TEL}?") && caret.contains("^^^^^^"), "{fault}");
}

#[test]
fn every_mistake_is_told_at_once() {
    let crm = Custom::new("crm")
        .auth(Step::browser_get("https://crm.example/login"))
        .search(Step::http_get("https://crm.example/find?tel={TEL}&company={COMPANY}"))
        .click(Step::http_get("http://crm.example/{NOBODY}").timeout(Duration::ZERO))
        .ring(Step::command("look-up {TEL}").capture("NAME", "$.name"))
        .answer(Step::http_get("https://{TEL}/").only_if_answered(true).env("A", "b"))
        .hang_up(
            Step::http_post("https://crm.example/")
                .json("{\"tel\": {TEL}}")
                .header("host", "x")
                .delay(Duration::from_secs(1)),
        );
    let told = faults(&crm);
    for expected in [
        "auth.method: ",
        "search.answer: missing",
        "search.text: ",
        "click.text: ",
        "click.timeout_seconds: ",
        "ring.text: ",
        "ring.answer: ",
        "answer.text: ",
        "answer.env: ",
        "answer.only_if_answered: ",
        "hang_up.json: ",
        "hang_up.headers.host: ",
        "hang_up.delay_seconds: ",
    ] {
        assert!(told.iter().any(|fault| fault.starts_with(expected)), "{expected} not in {told:#?}");
    }
}

#[test]
fn a_variable_that_never_has_a_value_is_a_mistake() {
    let page = |text: &str| Step::browser_get(format!("https://crm.example/?x={text}"));
    for (crm, why) in [
        (Custom::new("crm").ring(page("{AID}")), "account"),
        (Custom::new("crm").ring(page("{SVADDR}")), "no server"),
        (Custom::new("crm").ring(page("{TALKTIME}")), "never a value at the step ringing"),
        (Custom::new("crm").ring(page("{SFID}")), "Salesforce"),
        (
            Custom::new("crm").search(Step::http_get("https://crm.example/{EXT_ID}").capture("NAME", "$.n")),
            "step search",
        ),
        (with_account().auth(Step::http_get("https://crm.example/?x={TEL}")), "step authentication"),
    ] {
        assert!(only(crm).contains(why), "{why}");
    }
    assert_eq!(faults(&with_account().server("https://pbx.example:8000").ring(page("{AID}{SVADDR}"))), [""; 0]);
}

#[test]
fn a_telephone_of_two_agents_is_a_mistake() {
    let agent = |crm: Custom, extension: &str| crm.agent(extension, "a", "b".into(), None);
    let two = || agent(agent(Custom::new("crm"), "6001"), "6002");
    assert!(only(two().also_registered("6001", "6002")).starts_with("agents: the telephone 6002"));
    assert!(only(two().also_registered("6001", "6011").also_registered("6002", "6011")).starts_with("agents: "));
    assert_eq!(faults(&two().also_registered("6001", "6011").also_registered("6002", "6012")), [""; 0]);
}

#[test]
fn names_depend_on_the_version_of_the_product() {
    let ring = |text: &str, version: &str| {
        let crm = Custom::new("crm").ring(Step::browser_get(format!("https://crm.example/?x={text}")));
        faults(&crm.version(version.parse().unwrap())).len()
    };
    assert_eq!((ring("{CODE1}", "3.2.11"), ring("{CODE1}", "3.2.20")), (0, 1));
    assert_eq!((ring("{ARG1}", "3.2.11"), ring("{ARG1}", "3.2.20")), (1, 0));
}

#[test]
fn secrets_stay_out_of_addresses_pages_and_arguments() {
    let text = "https://crm.example/login?u={AID}&p=MD5({APW})";
    assert!(only(with_account().auth(Step::http_get(text))).starts_with("auth.text: "));
    assert_eq!(faults(&with_account().auth(Step::http_post(text))), [""; 0], "a form is no address");
    assert_eq!(faults(&with_account().auth(Step::http_get(text)).secrets_in_urls(true)), [""; 0], "if it must be");
    assert!(only(with_account().ring(Step::browser_post(text))).contains("browser"));
    let command = |step: Step| with_account().program("/bin/true").ring(step);
    assert!(only(command(Step::command("/bin/true {APW}"))).starts_with("ring.text: "));
    assert_eq!(faults(&command(Step::command("/bin/true {TEL}").env("PASSWORD", "{APW}"))), [""; 0]);
    // What a log-in gives is secret, unless it is said to be public.
    let session = |auth: Step| with_account().auth(auth).ring(Step::http_get("https://crm.example/?s={SESSION}"));
    let auth = || Step::http_post("https://crm.example/login?u={AID}").capture("SESSION", "$.s");
    assert!(only(session(auth())).starts_with("ring.text: "));
    let public = auth().answer(CaptureSettings {
        public: ["SESSION".to_owned()].into(),
        body: Some(BodyRule::Text("{SESSION}".to_owned())),
        ..CaptureSettings::default()
    });
    assert_eq!(faults(&session(public)), [""; 0]);
}

#[test]
fn an_answer_cannot_take_the_place_of_a_built_in_name() {
    let login = |name: &str| with_account().auth(Step::http_post("https://crm.example/login").capture(name, "$.x"));
    for name in ["TEL", "APW", "EXT_ID", "lower", ""] {
        assert!(only(login(name)).starts_with("auth.answer.body.json.fields."), "{name}");
    }
    let search = |name: &str| Custom::new("crm").search(Step::http_get("https://crm.example/").capture(name, "$.x"));
    assert!(only(search("TEL")).starts_with("search.answer.body.json.fields.TEL: "));
    assert_eq!(faults(&search("EXT_ID")), [""; 0]);
}

#[test]
fn a_broken_path_or_pattern_is_shown_with_its_place() {
    let search = |answer: BodyRule| {
        let answer = CaptureSettings { body: Some(answer), ..CaptureSettings::default() };
        Custom::new("crm").search(Step::http_get("https://crm.example/").answer(answer))
    };
    let fault = only(search(BodyRule::Regex("(?<NAME>[".to_owned())));
    assert!(fault.starts_with("search.answer.body.regex: ") && fault.contains('^'), "{fault}");
}

#[test]
fn clear_text_needs_a_word_except_on_this_machine() {
    let ring = |url: &str| Custom::new("crm").ring(Step::http_get(url));
    assert!(only(ring("http://crm.example/x")).contains("clear_text"));
    assert!(only(ring("{SVADDR}x").server("http://pbx.example:8000")).contains("clear_text"));
    for fine in
        [ring("http://127.0.0.1:8080/x"), ring("http://localhost/x"), ring("http://crm.example/x").clear_text(true)]
    {
        assert_eq!(faults(&fine), [""; 0]);
    }
}

#[tokio::test]
async fn a_wrong_description_is_a_failed_check_and_no_template_gets_into_an_error() {
    let crm = Custom::new("crm")
        .search(Step::http_get("https://crm.example/?key=verysecret&x={OOPS}").capture("NAME", "$.n"));
    let checks = crm.health().await;
    assert!(
        checks.iter().any(|check| check.outcome == CheckOutcome::Failed && check.name == "custom.search.text"),
        "{checks:?}"
    );
    let number = cti_core::number::Number::new("0312345678").unwrap();
    let error = crm.look_up(&cti_core::crm::LookUp::exactly(number)).await.unwrap_err();
    assert!(error.to_string().contains("search.text") && !error.to_string().contains("verysecret"), "{error}");
}
