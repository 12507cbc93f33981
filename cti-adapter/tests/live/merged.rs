//! Two calls that become one, and transfers that phones make by themselves (SIP REFER).

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished, facts};
use cti::core::call::{CallId, CallRecord, Disposition};
use cti_lab::{Packet, Sipp, live_tests};

/// The calls are these, in this order: the first lived on, the second ended in it.
fn lived_on(records: &[CallRecord; 2], survivor: &CallId, gone: &CallId) {
    assert_eq!((&records[0].call, records[0].disposition), (survivor, Disposition::Answered));
    assert_eq!((&records[1].call, records[1].disposition), (gone, Disposition::Merged));
    assert!(records[1].cause.contains(&survivor.to_string()), "{} does not name {survivor}", records[1].cause);
    assert_eq!(records[0].caller.number.as_ref().map(|number| number.as_str()), Some(CALLER));
}

live_tests! {
    /// The phone gives the customer away without asking (SIP REFER).
    async fn blind_by_refer(version) {
        let office = Office::open(version).await;
        let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let second = Sipp::phone(&office.asterisk, "6002").answer_after(300).start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(3000).start().await.unwrap();
        let call = office.told("answered 6001").await;
        first.refer(&office.asterisk, "6002").await.unwrap();
        office.told("answered 6002").await;
        first.leave(&office.asterisk).await.unwrap();
        all_finished([second, caller]).await;
        let record = office.only_call().await;
        assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"));
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let mut told = facts(&events, &call);
        assert!(told.contains(&"transferred 6001 6002 blind".to_owned()), "{told:?}");
        told.retain(|fact| !fact.starts_with("transferred"));
        let rest = ["started", "ringing 6001", "answered 6001", "ringing 6002", "answered 6002", "ended answered"];
        assert_eq!(told, rest);
    }

    /// The phone asks a colleague in a call of its own and then joins the two (SIP REFER with Replaces): the customer's call
    /// goes on with the colleague, the question ends in it.
    async fn attended_by_refer_with_replaces(version) {
        let office = Office::open(version).await;
        let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(5000).start().await.unwrap();
        let call = office.told("answered 6001").await;
        let second = Sipp::phone(&office.asterisk, "6002").start().await.unwrap();
        let question = Sipp::call_from(&office.asterisk, "6001", "6002").start().await.unwrap();
        let asked = office.told_beside(&call, "answered 6002").await;
        first.refer_to_other_side_of(&question, &office.asterisk).await.unwrap();
        office.told("transferred 6001 6002 attended").await;
        first.leave(&office.asterisk).await.unwrap();
        all_finished([question, caller, second]).await;
        let records = office.merged().await;
        lived_on(&records, &call, &asked);
        assert_eq!(records[0].answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"));
        assert_eq!(records[0].transfers.len(), 1, "{records:#?}");
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// The same, said in the other call of the phone: it makes no difference which one lives on.
    async fn attended_by_refer_from_the_younger_call(version) {
        let office = Office::open(version).await;
        let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(5000).start().await.unwrap();
        let call = office.told("answered 6001").await;
        let far_end = Sipp::trunk(&office.asterisk).start().await.unwrap();
        let outside = Sipp::call_from(&office.asterisk, "6001", "90312349999").start().await.unwrap();
        let younger = office.told_beside(&call, "answered 6001").await;
        outside.refer_to_other_side_of(&first, &office.asterisk).await.unwrap();
        office.seen.wait("the merge", |all| serde_json::to_string(&all.events).unwrap().contains("\"merged\"")).await;
        outside.leave(&office.asterisk).await.unwrap();
        all_finished([first, caller, far_end]).await;
        lived_on(&office.merged().await, &call, &younger);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME, "0312349999"]).await;
    }

    /// Somebody joins two customers over AMI (`Bridge`): the older call goes on.
    async fn by_ami_bridge(version) {
        let office = Office::open(version).await;
        let mut ami = office.asterisk.ami().await.unwrap();
        let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let older = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(4000).start().await.unwrap();
        let call = office.told("answered 6001").await;
        let far_end = Sipp::trunk(&office.asterisk).start().await.unwrap();
        let outside = Sipp::call_from(&office.asterisk, "6002", "90312349999").start().await.unwrap();
        let younger = office.told_beside(&call, "answered 6002").await;
        let is_line = |packet: &&Packet| packet.is("Newchannel", &[("Channel", "PJSIP/trunk-")]);
        ami.event("BridgeEnter", &[("Channel", "PJSIP/trunk-"), ("Linkedid", younger.native())]).await.unwrap();
        let lines: Vec<_> = ami.seen().iter().filter(is_line).map(|packet| packet.get("Channel").to_owned()).collect();
        let done = ami.action("Bridge", &[("Channel1", &lines[0]), ("Channel2", &lines[1])]).await.unwrap();
        assert_eq!(done.get("Response"), "Success", "{done:?}");
        all_finished([first, outside, older, far_end]).await;
        lived_on(&office.merged().await, &call, &younger);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME, "0312349999"]).await;
    }
}
