//! The link is cut in the middle of more than a plain talk, and mended: the calls go on as if nothing had been.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, Proxy, all_finished, facts};
use cti::core::call::{CallId, CallRecord, Disposition, Extension};
use cti::core::pbx::{PbxControl, TransferStep};
use cti_lab::{Asterisk, Sipp, Version, live_tests};

async fn open(version: Version) -> (Office, Proxy) {
    let asterisk = Asterisk::start(version).await.unwrap();
    let proxy = Proxy::to(asterisk.ami_addr()).await;
    let address = proxy.address();
    (Office::of(asterisk, address).await, proxy)
}

/// Cuts the link and mends it at once.
async fn blink(office: &Office, proxy: &Proxy) {
    proxy.cut();
    office.link_down().await;
    proxy.mend();
    office.link_up(2).await;
}

/// The only call, and what was told of it.
async fn ended(office: Office, call: &CallId) -> (CallRecord, Vec<String>) {
    let record = office.only_call().await;
    assert_eq!((&record.call, record.disposition), (call, Disposition::Answered));
    assert_eq!(record.caller.number.as_ref().map(|number| number.as_str()), Some(CALLER));
    let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    (record, facts(&events, call))
}

live_tests! {
    /// Cut while the caller waits in a queue and two phones ring.
    async fn cut_while_queued(version) {
        let (office, proxy) = open(version).await;
        let phones = [
            Sipp::phone(&office.asterisk, "6001").answer_after(3500).start().await.unwrap(),
            Sipp::phone(&office.asterisk, "6002").ring_only().start().await.unwrap(),
        ];
        let caller = Sipp::call_in(&office.asterisk, "0312345002").from(CALLER).talk(5500).start().await.unwrap();
        let call = office.told("ringing 6001").await;
        office.told("ringing 6002").await;
        blink(&office, &proxy).await;
        all_finished(phones.into_iter().chain([caller])).await;
        let (record, mut told) = ended(office, &call).await;
        assert!((2.5..=5.0).contains(&record.queue_seconds), "waited for 3.5 s, told are {}", record.queue_seconds);
        told.sort();
        let expected = [
            "answered 6001", "dequeued support answered", "ended answered", "missed 6002 answered_elsewhere", "queued support",
            "ringing 6001", "ringing 6002", "started",
        ];
        assert_eq!(told, expected);
    }

    /// Cut while the call is parked; then another phone takes it.
    async fn cut_while_parked(version) {
        let (office, proxy) = open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).start().await.unwrap();
        let call = office.told("answered 6001").await;
        let slot = office.pbx.park(&call, &Extension::from("6001")).await.unwrap().expect("a slot");
        office.told(&format!("parked {slot}")).await;
        phone.finished().await.unwrap();
        blink(&office, &proxy).await;
        let second = Sipp::call_from(&office.asterisk, "6002", &slot).talk(1000).start().await.unwrap();
        all_finished([second, caller]).await;
        let (_, told) = ended(office, &call).await;
        let expected = [
            "started".to_owned(), "ringing 6001".to_owned(), "answered 6001".to_owned(), format!("parked {slot}"),
            format!("unparked {slot}"), "ringing 6002".to_owned(), "answered 6002".to_owned(), "ended answered".to_owned(),
        ];
        assert_eq!(told, expected);
    }

    /// Cut while the customer holds; the hold ends after it is mended.
    async fn cut_while_on_hold(version) {
        let (office, proxy) = open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).hold(500, 2500).talk(500);
        let caller = caller.start().await.unwrap();
        let call = office.told("held").await;
        blink(&office, &proxy).await;
        all_finished([phone, caller]).await;
        let (record, told) = ended(office, &call).await;
        assert!((2.0..=3.5).contains(&record.hold_seconds), "held for 2.5 s, told are {}", record.hold_seconds);
        assert_eq!(told, ["started", "ringing 6001", "answered 6001", "held", "resumed", "ended answered"]);
    }

    /// Cut while a colleague is asked; then the call is handed over.
    async fn cut_while_consulting(version) {
        let (office, proxy) = open(version).await;
        let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let second = Sipp::phone(&office.asterisk, "6002").answer_after(300).start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345005").from(CALLER).talk(7000).start().await.unwrap();
        let call = office.told("answered 6001").await;
        office.transfer(&call, "6001", "6002", TransferStep::Consult).await.unwrap();
        office.told("answered 6002").await;
        blink(&office, &proxy).await;
        office.transfer(&call, "6001", "6002", TransferStep::Complete).await.unwrap();
        office.told("transferred 6001 6002 attended").await;
        all_finished([first, second, caller]).await;
        let (record, told) = ended(office, &call).await;
        assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"));
        let expected = [
            "started", "recording", "ringing 6001", "answered 6001", "held 6001", "ringing 6002", "answered 6002", "resumed 6001",
            "transferred 6001 6002 attended", "ended answered",
        ];
        assert_eq!(told, expected);
    }

    /// Cut while three are in a conference: each of their calls ends once, after it.
    async fn cut_in_a_conference(version) {
        let (office, proxy) = open(version).await;
        let caller = Sipp::call_in(&office.asterisk, "0312345006").from(CALLER).talk(5000).start().await.unwrap();
        let call = office.told("started").await;
        let first = Sipp::call_from(&office.asterisk, "6001", "8000").talk(4000).start().await.unwrap();
        let second = Sipp::call_from(&office.asterisk, "6002", "8000").talk(4000).start().await.unwrap();
        let conferenced = |fact: &String| fact.starts_with("conferenced");
        office.seen.wait("a conference", |all| {
            all.events.iter().any(|event| serde_json::to_string(event).unwrap().contains("\"event\":\"conferenced\""))
        }).await;
        blink(&office, &proxy).await;
        all_finished([caller, first, second]).await;
        let records = office.ended(3).await;
        assert!(records.iter().all(|record| record.disposition != Disposition::LostTrack), "{records:#?}");
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let all: usize =
            records.iter().map(|record| facts(&events, &record.call).iter().filter(|fact| conferenced(fact)).count()).sum();
        assert_eq!(all, 1, "told once");
        assert!(facts(&events, &call).last().unwrap().starts_with("ended"));
    }
}
