//! The connector with the simulated CRM.
#![allow(dead_code, reason = "every test file uses a part of it")]

use cti_core::call::{CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, EventId, OpenCall, Party};
use cti_core::crm::LookUp;
use cti_core::number::Number;
use cti_core::secret::SecretString;
use cti_crm_custom::{Custom, Step};
use cti_testkit::custom::Simulator;
use std::time::Duration;

/// The connector as it should be.
pub(crate) fn connector(simulator: &Simulator) -> Custom {
    connector_at(simulator.base_url(), Simulator::PASSWORD)
}

pub(crate) fn connector_at(base: &str, password: &str) -> Custom {
    logged_in(base, password)
        .search(search(base))
        .click(Step::browser_get(format!("{base}/customers/{{EXT_ID}}")))
        .ring(with_session(Step::http_post(format!("{base}/ring?tel={{TEL}}&ext={{EXT}}&name={{TELNAME}}"))))
        .hang_up(with_session(Step::http_post(format!("{base}/calls?id={{ID}}&number={{SPELLED}}&name={{TELNAME}}"))))
}

pub(crate) fn logged_in(base: &str, password: &str) -> Custom {
    Custom::new("custom")
        .account(Simulator::USER, SecretString::from(password))
        .auth(Step::http_post(format!("{base}/login?user={{AID}}&password={{APW}}")).capture("SESSION", "$.session"))
}

pub(crate) fn search(base: &str) -> Step {
    with_session(Step::http_get(format!("{base}/customers?tel={{TEL}}")))
        .rows("$.found[*]")
        .capture("EXT_ID", "$.id")
        .capture("NAME", "$.name")
        .capture("COMPANY", "$.company")
}

pub(crate) fn with_session(step: Step) -> Step {
    step.header("authorization", "Bearer {SESSION}")
}

pub(crate) fn look_up(number: &str) -> LookUp {
    LookUp::exactly(Number::new(number).unwrap())
}

pub(crate) fn taro() -> Party {
    Party::known("0901234567", "Taro")
}

pub(crate) fn event(caller: Party, fact: CallFact) -> CallEvent {
    let call = CallId::new("main", "1.1");
    CallEvent {
        id: EventId::of(&call, fact.name()),
        call,
        seq: 1,
        at: chrono::DateTime::from_timestamp(1_767_290_645, 0).unwrap(),
        fact,
        direction: Direction::Inbound,
        caller,
        dialed: Number::new("0312345000"),
    }
}

pub(crate) fn ringing() -> CallEvent {
    event(taro(), CallFact::Ringing { extension: "6001".into() })
}

pub(crate) fn answered() -> CallEvent {
    event(taro(), CallFact::Answered { extension: "6001".into() })
}

pub(crate) fn record(disposition: Disposition) -> CallRecord {
    let first = ringing();
    let mut open = OpenCall::begin(&first);
    if disposition == Disposition::Answered {
        open.apply(&CallEvent { seq: 2, at: first.at + Duration::from_secs(2), ..answered() });
    }
    open.finish(first.at + Duration::from_secs(62), disposition, "normal clearing")
}

pub(crate) fn ended(disposition: Disposition) -> CallEvent {
    let record = Box::new(record(disposition));
    event(taro(), CallFact::Ended { cause: record.cause.clone(), disposition, record })
}
