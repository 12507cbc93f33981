//! PhoneBridge: the forms sent during the life of a call, clicks, and one call in the CRM.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "the tests share one module of helpers")]

mod common;

use common::{Setup, WEBHOOK_SECRET, agents, call, key_of, missed, number};
use cti_core::call::{CallEvent, CallFact, CallRecord, Direction, Disposition, Party, Withheld};
use cti_core::command::{Command, Outcome};
use cti_core::crm::{CrmSink, Matches};
use cti_core::health::CheckOutcome;
use cti_core::secret::SecretString;
use cti_core::webhook::{Webhook, WebhookRequest};
use cti_core::{Error, ErrorKind, Status};
use cti_crm_zoho::{EndStates, LogBy, MissedCallTasks, PhoneBridge, Zoho};
use cti_testkit::suite::crm::{self, CaseOutcome, Failures};
use cti_testkit::zoho::{Button, Fault, Notice, Proof, Simulator, Target, User};

/// The behaviour suite, where PhoneBridge writes the calls. What stands in its records is Zoho's business, so the cases
/// about their texts do not apply.
#[tokio::test]
async fn phonebridge_writes_the_calls() -> Result<(), Failures> {
    const ZOHOS_TEXTS: [&str; 2] =
        ["the_number_is_spelled_as_in_the_customer_record", "hostile_and_huge_names_are_stored_harmlessly"];
    let mut report = crm::run(&Setup::BRIDGE).await;
    let spelled = |name: &str, outcome: &CaseOutcome| {
        ZOHOS_TEXTS.contains(&name) || (name == "a_call_is_logged" && matches!(outcome, CaseOutcome::Failed(_)))
    };
    report.cases.retain(|(name, outcome)| !spelled(name, outcome));
    report.verdict().map(drop)
}

fn event(record: &CallRecord, fact: CallFact) -> CallEvent {
    CallEvent {
        call: record.call.clone(),
        id: record.ended_id(),
        seq: 1,
        at: record.started_at,
        fact,
        direction: record.direction,
        caller: record.caller.clone(),
        dialed: record.dialed.clone(),
    }
}

fn ended(record: &CallRecord) -> CallEvent {
    let fact = CallFact::Ended {
        cause: record.cause.clone(),
        disposition: record.disposition,
        record: Box::new(record.clone()),
    };
    event(record, fact)
}

async fn tell(crm: &Zoho, event: &CallEvent) {
    crm.notify(event, &Matches::default()).await.unwrap();
}

fn bridge(simulator: &Simulator) -> Zoho {
    Setup::BRIDGE.good(simulator).agents(agents())
}

/// The forms that were sent to `callnotify`.
fn forms(simulator: &Simulator) -> Vec<String> {
    let requests = simulator.requests();
    let told = requests.iter().filter(|request| request.path == "/phonebridge/v3/callnotify");
    told.map(|request| request.body.clone()).collect()
}

fn outbound() -> CallRecord {
    CallRecord {
        direction: Direction::Outbound,
        caller: Party::known("6001", "Sato"),
        dialed: Some(number("0901234567")),
        extensions: vec!["6001".into()],
        answered_by: Some("6001".into()),
        ..call()
    }
}

#[tokio::test]
async fn the_whole_life_of_an_inbound_call_is_told_and_one_call_stands_in_the_crm() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    let record = call();
    tell(&crm, &event(&record, CallFact::Ringing { extension: "6001".into() })).await;
    tell(&crm, &event(&record, CallFact::Ringing { extension: "6002".into() })).await;
    tell(&crm, &event(&record, CallFact::Answered { extension: "6002".into() })).await;
    tell(&crm, &ended(&record)).await;
    // The outbox brings it too.
    assert!(!crm.log_call(&record, None, &key_of(&record)).await.unwrap().created);
    let id = "mainz2f1795225659z2e77";
    let sides = |to: &str, user: &str| format!("id={id}&from=%2B81901234567&to={to}&zohouser={user}");
    let expected = [
        format!("type=received&state=ringing&{}", sides("6001", "700000001")),
        format!("type=received&state=ringing&{}", sides("6002", "700000002")),
        format!("type=received&state=answered&{}", sides("6002", "700000002")),
        format!(
            "type=received&state=ended&{}&start_time=2026-11-20%2001%3A47%3A40&duration=65&\
             voiceuri=https%3A%2F%2Fpbx.example.com%2F1.wav",
            sides("6002", "700000002")
        ),
    ];
    // The first was refused because PhoneBridge was not enabled, or the users were: both enable it first.
    assert_eq!(forms(&simulator), expected);
    assert!(simulator.is_integrated());
    let calls = simulator.records("Calls");
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0]["CTI_Entry"], &calls[0]["Owner"]["email"]), (&true.into(), &"suzuki@example.com".into()));
}

#[tokio::test]
async fn an_outbound_call_is_dialed_with_the_customer_as_the_one_called() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    let record = outbound();
    let dialing = CallFact::Dialing { extension: "6001".into(), number: Some(number("00901234567")) };
    tell(&crm, &event(&record, dialing)).await;
    tell(&crm, &event(&record, CallFact::Answered { extension: "6001".into() })).await;
    tell(&crm, &ended(&record)).await;
    let states: Vec<(String, String, String)> =
        simulator.notices().into_iter().map(|notice| (notice.state, notice.from, notice.to)).collect();
    let told = |state: &str| (state.to_owned(), "6001".to_owned(), "+81901234567".to_owned());
    assert_eq!(states, [told("ringing"), told("answered"), told("ended")]);
    assert_eq!(simulator.notices()[0].kind, "dialed");
}

#[tokio::test]
async fn how_a_call_ended_has_its_documented_word() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    let of = |direction, disposition, id: &str| CallRecord {
        call: cti_core::call::CallId::new("main", id),
        direction,
        disposition,
        dialed: Some(number("0901234567")),
        ..missed()
    };
    let cases = [
        (Direction::Inbound, Disposition::Missed, "missed"),
        (Direction::Inbound, Disposition::Abandoned, "missed"),
        (Direction::Outbound, Disposition::Busy, "busy"),
        (Direction::Outbound, Disposition::Rejected, "rejected"),
        (Direction::Outbound, Disposition::Failed, "notavailable"),
        (Direction::Outbound, Disposition::Cancelled, "noanswer"),
    ];
    for (index, (direction, disposition, _)) in cases.iter().enumerate() {
        tell(&crm, &ended(&of(*direction, *disposition, &index.to_string()))).await;
    }
    let states: Vec<String> = simulator.notices().into_iter().map(|notice| notice.state).collect();
    assert_eq!(states, cases.map(|(_, _, state)| state));
    assert!(simulator.notices().iter().all(|notice| notice.start_time.as_deref() == Some("2026-11-20 01:47:40")));
}

#[tokio::test]
async fn where_only_ended_is_taken_the_documented_word_is_tried_once() {
    let simulator = Setup::BRIDGE.builder().only_ended().start().await.unwrap();
    let crm = bridge(&simulator);
    let second = CallRecord { call: cti_core::call::CallId::new("main", "2"), ..missed() };
    tell(&crm, &ended(&missed())).await;
    tell(&crm, &ended(&second)).await;
    let ends = simulator.notices();
    let is_end = |notice: &Notice| notice.state == "ended" && notice.duration == Some(0) && notice.start_time.is_some();
    assert!(ends.len() == 2 && ends.iter().all(is_end), "{ends:?}");
    assert_eq!(forms(&simulator).iter().filter(|form| form.contains("state=missed")).count(), 1);
    assert_eq!(simulator.records("Calls").iter().filter(|call| call["Call_Type"] == "Missed").count(), 2);
    // And with the switch it is not tried at all.
    let settings = PhoneBridge::new().end_states(EndStates::OnlyEnded);
    let simulator = Setup::BRIDGE.builder().only_ended().start().await.unwrap();
    tell(&Setup::USUAL.good(&simulator).phone_bridge(settings), &ended(&missed())).await;
    assert_eq!(forms(&simulator).len(), 2, "refused once because PhoneBridge was not enabled");
}

#[tokio::test]
async fn a_caller_without_number_and_a_call_inside_the_house() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    let withheld = CallRecord { caller: Party::withheld(Withheld::RejectedByUser), ..call() };
    tell(&crm, &event(&withheld, CallFact::Ringing { extension: "6001".into() })).await;
    assert_eq!(simulator.notices()[0].from, "anonymous");
    let inside = CallRecord { direction: Direction::Internal, ..outbound() };
    tell(&crm, &event(&inside, CallFact::Ringing { extension: "6001".into() })).await;
    tell(&crm, &ended(&inside)).await;
    assert_eq!(simulator.notices().len(), 1);
}

#[tokio::test]
async fn an_end_whose_answer_was_lost_is_told_again_and_stands_there_once() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    crm.register().await.unwrap();
    simulator.fail_next(Target::Writes, 1, Fault::CloseBeforeAnswer);
    assert!(crm.notify(&ended(&call()), &Matches::default()).await.unwrap_err().is_temporary());
    crm.log_call(&call(), None, &key_of(&call())).await.unwrap();
    assert_eq!(simulator.records("Calls").len(), 1);
}

#[tokio::test]
async fn a_missed_call_becomes_a_task_also_where_phonebridge_writes_the_calls() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = Setup::USUAL
        .good(&simulator)
        .agents(agents())
        .phone_bridge(PhoneBridge::new())
        .missed_call_tasks(MissedCallTasks::default());
    crm.log_call(&missed(), None, &key_of(&missed())).await.unwrap();
    assert_eq!((simulator.records("Calls").len(), simulator.records("Tasks").len()), (1, 1));
}

#[tokio::test]
async fn where_we_write_the_calls_phonebridge_is_told_of_none() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = Setup::USUAL.good(&simulator).phone_bridge(PhoneBridge::new().log_by(LogBy::Records));
    assert!(!crm.capabilities().notify && crm.capabilities().log_call);
    let refused = crm.notify(&ended(&call()), &Matches::default()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    crm.log_call(&call(), None, &key_of(&call())).await.unwrap();
    assert_eq!((simulator.notices().len(), simulator.records("Calls").len()), (0, 1));
}

#[tokio::test]
async fn a_user_whom_phonebridge_does_not_know_any_more_is_left_out() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    crm.register().await.unwrap();
    assert!(simulator.change_user("sato@example.com", |user| user.active = false));
    tell(&crm, &event(&call(), CallFact::Ringing { extension: "6001".into() })).await;
    assert_eq!(simulator.notices()[0].zohouser, None);
}

#[tokio::test]
async fn what_an_administrator_must_mend_is_permanent_and_says_how() {
    for (builder, kind, word) in [
        (Setup::BRIDGE.builder().other_provider(), ErrorKind::PermissionDenied, "another telephony provider"),
        (Setup::BRIDGE.builder().no_provider(), ErrorKind::ConfigInvalid, "have it registered"),
    ] {
        let simulator = builder.start().await.unwrap();
        let error = bridge(&simulator).register().await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, Status::Permanent));
        assert!(error.to_string().contains(word), "{error}");
    }
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    let state = async || {
        crm.health().await.into_iter().find(|check| check.name == "zoho.phonebridge").map(|check| check.outcome)
    };
    assert_eq!(state().await, Some(CheckOutcome::Warning));
    assert!(!simulator.is_integrated(), "a check enabled PhoneBridge");
    crm.register().await.unwrap();
    assert_eq!(state().await, Some(CheckOutcome::Ok));
}

#[tokio::test]
async fn click_to_dial_and_call_control_are_registered_for_every_agent() {
    let simulator = Setup::BRIDGE.simulator().await;
    assert_eq!(bridge(&simulator).register().await.unwrap(), 2);
    let requests = simulator.requests();
    let of = |resource: &str| requests.iter().find(|r| r.path == format!("/phonebridge/v3/{resource}")).unwrap().form();
    let base = "http://127.0.0.1:1/webhook/zoho";
    let owned =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
    let proof = format!("{{name:ctisecret,value:{WEBHOOK_SECRET}}}");
    let dialling = [
        ("clicktodialuri", &*format!("{base}/dial")),
        ("zohouser", "700000001"),
        ("clicktodialparam", "[{name:ctiextension,value:6001},{name:tonumber,value:'{to}'}]"),
        ("authorizationparam", &proof),
    ];
    assert_eq!(of("clicktodial"), owned(&dialling));
    let control = of("callcontrol");
    assert_eq!(control[0], ("answeruri".to_owned(), format!("{base}/answer")));
    assert!(control.iter().any(|(name, value)| name == "hungupuri" && *value == format!("{base}/hang_up")));
}

/// A webhook of the simulator as a request without a framework.
fn request(hook: &cti_testkit::zoho::Webhook) -> WebhookRequest {
    let params = hook.body.split('&').filter_map(|pair| pair.split_once('='));
    let decode = |text: &str| {
        let text = text.replace("%2B", "+").replace('+', " ").replace("%2F", "/");
        text.replace("%23", "#").replace("%28", "(").replace("%29", ")")
    };
    WebhookRequest {
        action: hook.url.rsplit('/').next().unwrap().to_owned(),
        params: params.map(|(name, value)| (name.to_owned(), decode(value))).collect(),
        headers: hook.headers.clone(),
    }
}

#[tokio::test]
async fn a_click_becomes_a_command_whichever_way_the_proof_comes() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    crm.register().await.unwrap();
    let suzuki = User::new(2, "", "").zuid;
    for proof in [Proof::Parameter, Proof::Header] {
        let hook = simulator.click(&suzuki, "(090) 1234-567", proof).unwrap();
        let expected =
            Command::Dial { user: "suzuki".to_owned(), number: number("(090) 1234-567"), choice: Default::default() };
        assert_eq!(crm.receive(&request(&hook)).unwrap(), expected);
        let mut stranger = request(&hook);
        stranger.params.retain(|(name, _)| name != "ctisecret");
        stranger.headers.clear();
        assert_eq!(crm.receive(&stranger).unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
    let press =
        |button| request(&simulator.press(&suzuki, button, "mainz2f1795225659z2e77", Proof::Parameter).unwrap());
    let (call, extension) = (call().call, cti_core::call::Extension::from("6002"));
    let own = || (call.clone(), extension.clone());
    let expect = |button, command: Command| assert_eq!(crm.receive(&press(button)).unwrap(), command, "{button:?}");
    let (call, extension) = own();
    expect(Button::Answer, Command::Answer { call, extension });
    let (call, extension) = own();
    expect(Button::HangUp, Command::HangUp { call, extension });
    let (call, extension) = own();
    expect(Button::Hold, Command::Hold { call, extension });
    let (call, extension) = own();
    expect(Button::Unhold, Command::Resume { call, extension });
    let (call, extension) = own();
    expect(Button::Mute, Command::Mute { call, extension, silent: true });
    let (call, extension) = own();
    expect(Button::Unmute, Command::Mute { call, extension, silent: false });
    let (call, extension) = own();
    expect(Button::Key('#'), Command::SendDigits { call, extension, digits: "#".into() });
}

#[tokio::test]
async fn a_click_that_makes_no_sense_is_refused() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    let of = |action: &str, params: &[(&str, &str)]| {
        let mut all = vec![("ctisecret".to_owned(), WEBHOOK_SECRET.to_owned())];
        all.extend(params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        crm.receive(&WebhookRequest { action: action.to_owned(), params: all, headers: Vec::new() }).unwrap_err().kind()
    };
    assert_eq!(of("dial", &[("ctiextension", "6999"), ("tonumber", "1")]), ErrorKind::Rejected);
    assert_eq!(of("dial", &[("ctiextension", "6001"), ("tonumber", " ")]), ErrorKind::Rejected);
    assert_eq!(of("explode", &[("ctiextension", "6001")]), ErrorKind::NotFound);
    assert_eq!(of("hang_up", &[("ctiextension", "6001"), ("callrefid", "../x")]), ErrorKind::Rejected);
    let bare = Setup::USUAL.good(&simulator);
    assert_eq!(bare.receive(&WebhookRequest::default()).unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_click_to_dial_that_fails_is_told_with_zohos_word() {
    let simulator = Setup::BRIDGE.simulator().await;
    let crm = bridge(&simulator);
    crm.register().await.unwrap();
    let dial = Command::Dial { user: "sato".to_owned(), number: number("0901234567"), choice: Default::default() };
    crm.done(&dial, &Err(Error::new(ErrorKind::NoAnswer, "the phone rang and nobody took it"))).await;
    crm.done(&dial, &Ok(Outcome::Done)).await;
    let [error] = simulator.dial_errors().try_into().unwrap();
    assert_eq!((error.code.as_str(), error.from.as_str(), error.to.as_str()), ("noanswer", "6001", "0901234567"));
    assert_eq!(error.zohouser.as_deref(), Some("700000001"));
    assert_eq!(error.message.as_deref(), Some("the phone rang and nobody took it"));
}

#[tokio::test]
async fn a_secret_that_can_be_guessed_and_an_address_in_clear_text_are_faults() {
    let simulator = Setup::BRIDGE.simulator().await;
    let faults = |url: &str, secret: &str| {
        let settings = PhoneBridge::new().webhooks(url, SecretString::from(secret));
        Setup::USUAL
            .good(&simulator)
            .phone_bridge(settings)
            .faults()
            .into_iter()
            .map(|fault| fault.path)
            .collect::<Vec<_>>()
    };
    assert_eq!(faults("https://cti.example.com/webhook/zoho", WEBHOOK_SECRET), Vec::<String>::new());
    let wrong = faults("http://cti.example.com/", "short");
    assert_eq!(wrong, ["phonebridge.webhook_url", "phonebridge.secret"]);
    assert_eq!(faults("https://cti.example.com/", "0123456789,abcdef{}"), ["phonebridge.secret"]);
}
