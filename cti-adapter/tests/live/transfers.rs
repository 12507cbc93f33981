//! A call that is handed on stays one call.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished, facts, field};
use cti::core::call::{CallId, CallRecord, Disposition};
use cti::core::pbx::TransferStep;
use cti_lab::{Sipp, SippCall, Version, live_tests};

/// A customer talks to 6001; 6002 waits to be called. The caller hangs up four seconds after the answer.
async fn talking(version: Version) -> (Office, CallId, [SippCall; 3]) {
    let office = Office::open(version).await;
    let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
    let second = Sipp::phone(&office.asterisk, "6002").answer_after(400).start().await.unwrap();
    let caller = Sipp::call_in(&office.asterisk, "0312345005").from(CALLER).talk(4000).start().await.unwrap();
    let call = office.told("answered 6001").await;
    (office, call, [first, second, caller])
}

/// One call, one record, still of the same caller, in the end with 6002.
async fn ended_with_6002(office: Office, call: &CallId, how: &str, told: &[&str]) -> CallRecord {
    let record = office.only_call().await;
    assert_eq!((&record.call, record.disposition), (call, Disposition::Answered));
    assert_eq!(record.caller.number.as_ref().map(|number| number.as_str()), Some(CALLER));
    assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"));
    let transfers = serde_json::to_value(&record.transfers).unwrap();
    assert_eq!(
        (&transfers[0]["from"], &transfers[0]["to"], &transfers[0]["how"]),
        (&"6001".into(), &"6002".into(), &how.into())
    );
    assert_eq!(transfers.as_array().map(Vec::len), Some(1));
    let log = office.call_log(1).await;
    assert_eq!(
        (field(&log[0], "agent"), field(&log[0], "tel"), field(&log[0], "result")),
        ("6002", CUSTOMER, "answered")
    );
    let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    assert_eq!(in_order(facts(&events, call)), told);
    record
}

/// Asterisk tells that the call was transferred, and that the next phone rings, from two threads: either may come first.
fn in_order(mut told: Vec<String>) -> Vec<String> {
    let rings = told.iter().position(|fact| fact == "ringing 6002");
    let blind = told.iter().position(|fact| fact == "transferred 6001 6002 blind");
    if let (Some(rings), Some(blind)) = (rings, blind)
        && blind == rings + 1
    {
        told.swap(rings, blind);
    }
    told
}

/// A consultation that is ended as soon as `fact` is told: the call goes on as it was. Gives what was told between the answer
/// and the end, sorted: Asterisk tells of the two phones from two threads.
async fn taken_back(version: Version, fact: &str) -> (Office, Vec<String>) {
    let office = Office::open(version).await;
    let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
    let second = Sipp::phone(&office.asterisk, "6002");
    let second = if fact.starts_with("ringing") { second.ring_only() } else { second.answer_after(300) };
    let second = second.start().await.unwrap();
    let caller = Sipp::call_in(&office.asterisk, "0312345005").from(CALLER).talk(4000).start().await.unwrap();
    let call = office.told("answered 6001").await;
    office.transfer(&call, "6001", "6002", TransferStep::Consult).await.unwrap();
    office.told(fact).await;
    office.transfer(&call, "6001", "6002", TransferStep::Cancel).await.unwrap();
    all_finished([first, second, caller]).await;
    let record = office.only_call().await;
    assert_eq!((&record.call, record.disposition, &record.transfers[..]), (&call, Disposition::Answered, &[][..]));
    assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6001"));
    let told = facts(&office.seen.now().events, &call);
    assert_eq!(told[..4], ["started", "recording", "ringing 6001", "answered 6001"]);
    assert_eq!(told.last().map(String::as_str), Some("ended answered"));
    let mut between = told[4..told.len() - 1].to_vec();
    between.sort();
    (office, between)
}

live_tests! {
    /// The agent gives the call away without asking.
    async fn blind(version) {
        let (office, call, parties) = talking(version).await;
        office.transfer(&call, "6001", "6002", TransferStep::Blind).await.unwrap();
        office.told("answered 6002").await;
        all_finished(parties).await;
        let told = [
            "started", "recording", "ringing 6001", "answered 6001", "transferred 6001 6002 blind", "ringing 6002", "answered 6002",
            "ended answered",
        ];
        ended_with_6002(office, &call, "blind", &told).await;
    }

    /// The agent asks first, and gives the call away as soon as the other has answered.
    async fn attended(version) {
        let (office, call, parties) = talking(version).await;
        office.transfer(&call, "6001", "6002", TransferStep::Consult).await.unwrap();
        office.told("answered 6002").await;
        office.transfer(&call, "6001", "6002", TransferStep::Complete).await.unwrap();
        office.told("transferred 6001 6002 attended").await;
        all_finished(parties).await;
        let told = [
            "started",
            "recording",
            "ringing 6001",
            "answered 6001",
            "held 6001",
            "ringing 6002",
            "answered 6002",
            "resumed 6001",
            "transferred 6001 6002 attended",
            "ended answered",
        ];
        ended_with_6002(office, &call, "attended", &told).await;
    }

    /// The agent asks, and takes the customer back while the other's phone still rings.
    async fn taken_back_while_it_rings(version) {
        let (office, told) = taken_back(version, "ringing 6002").await;
        let expected = ["held 6001", "missed 6002 caller_gave_up", "resumed 6001", "ringing 6002"];
        assert_eq!(told, expected);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// The agent asks, the other answers, and the agent takes the customer back.
    async fn taken_back_after_the_answer(version) {
        let (office, told) = taken_back(version, "answered 6002").await;
        let expected = ["answered 6002", "held 6001", "resumed 6001", "ringing 6002"];
        assert_eq!(told, expected);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }
}
