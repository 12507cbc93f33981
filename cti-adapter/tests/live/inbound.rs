//! Calls from outside: answered, given up, refused, not answered, in a ring group, over Local channels, in a queue.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished, facts, field};
use chrono::{DateTime, TimeDelta, Utc};
use cti::core::call::{CallRecord, Disposition};
use cti_lab::{CallIn, Sipp, StartOptions, live_tests};

/// An instant that was written by the second.
fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no instant"))
}

fn call_in<'a>(office: &'a Office, dialled: &str) -> CallIn<'a> {
    Sipp::call_in(&office.asterisk, dialled).from(CALLER)
}

/// Several phones rang, one was answered: these facts (sorted; which phone rings first is chance), one record, and a pop
/// for each phone.
async fn one_answered_by(office: Office, winner: &str, told: &[&str], rang: &[&str]) -> CallRecord {
    let record = office.only_call().await;
    assert_eq!(record.disposition, Disposition::Answered);
    assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some(winner));
    let log = office.call_log(1).await;
    assert_eq!(
        (field(&log[0], "result"), field(&log[0], "agent"), field(&log[0], "tel")),
        ("answered", winner, CUSTOMER)
    );
    let mut popped: Vec<_> = office.seen.now().pops.iter().map(|(_, pop)| pop.extension.as_str().to_owned()).collect();
    popped.sort();
    assert_eq!(popped, rang);
    let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    let mut facts = facts(&events, &record.call);
    facts.sort();
    assert_eq!(facts, told);
    record
}

live_tests! {
    /// A customer calls, is shown by name before anybody answers, talks, and stands in the call history once, with the
    /// right times.
    async fn an_answered_call(version) {
        let office = Office::open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").answer_after(1000).start().await.unwrap();
        let began = Utc::now();
        let caller = call_in(&office, "0312345000").name("Taro").talk(1500).start().await.unwrap();
        let call = office.told("ringing 6001").await;
        let seen = office.seen.wait("a pop", |all| !all.pops.is_empty()).await;
        all_finished([phone, caller]).await;
        let record = office.only_call().await;
        let over = Utc::now();

        let (told_before, pop) = &seen.pops[0];
        assert!(!facts(&seen.events[..*told_before], &call).contains(&"answered 6001".to_owned()), "popped too late");
        assert_eq!((pop.extension.as_str(), pop.title().as_str()), ("6001", CUSTOMER_NAME));
        assert!(pop.url.as_ref().is_some_and(|url| url.path().starts_with("/k/14/")), "{pop:?}");

        assert_eq!(record.disposition, Disposition::Answered);
        let talk = record.talk_seconds;
        assert!((1.0..=2.5).contains(&talk), "talked for 1.5 s, told are {talk}");
        assert!((0.5..=2.5).contains(&record.ring_seconds), "rang for 1 s, told are {}", record.ring_seconds);

        let log = office.call_log(1).await;
        for (code, value) in [
            ("call_id", call.to_string().as_str()),
            ("tel", CUSTOMER),
            ("name", CUSTOMER_NAME),
            ("direction", "inbound"),
            ("result", "answered"),
            ("agent", "6001"),
            ("line", "0312345000"),
        ] {
            assert_eq!(field(&log[0], code), value, "{code}");
        }
        let duration: f64 = field(&log[0], "duration").parse().unwrap();
        assert!((duration - 1.5).abs() <= 1.0, "talked for 1.5 s, written are {duration}");

        let written = office.written();
        let [started, answered, ended] = ["started_at", "answered_at", "ended_at"].map(|code| instant(field(&written, code)));
        // Written without the part of a second.
        let second = TimeDelta::seconds(1);
        assert!(began - second <= started && started <= answered && answered <= ended && ended <= over, "{written}");
        let talked = (ended - answered).as_seconds_f64();
        assert!((talked - talk).abs() <= 1.0, "talk of {talk} s, from answer to end {talked} s");

        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME, "Taro"]).await;
        assert_eq!(facts(&events, &call), ["started", "ringing 6001", "answered 6001", "ended answered"]);
    }

    /// The caller gives up while the phone rings: nobody answered, and the customer is written as missed.
    async fn a_caller_who_gives_up(version) {
        let office = Office::open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap();
        let caller = call_in(&office, "0312345000").cancel_after(500).start().await.unwrap();
        all_finished([phone, caller]).await;
        let record = office.only_call().await;
        assert_eq!((record.disposition, record.talk_seconds, record.answered_at), (Disposition::Abandoned, 0.0, None));
        let log = office.call_log(1).await;
        assert_eq!((field(&log[0], "result"), field(&log[0], "tel")), ("missed", CUSTOMER));
        assert_eq!((field(&log[0], "agent"), field(&log[0], "answered_at"), field(&log[0], "duration")), ("", "", "0"));
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let told = ["started", "ringing 6001", "missed 6001 caller_gave_up", "ended abandoned"];
        assert_eq!(facts(&events, &record.call), told);
    }

    /// The phone is busy, the person refuses, nobody is there: each call ends at once and says why.
    async fn a_phone_that_does_not_take_the_call(version) {
        // These calls are over before Asterisk could be asked whether the caller is withheld; so it tells by itself.
        let told_by_asterisk = StartOptions { presentation_in_events: true, ..StartOptions::default() };
        let office = Office::open_with(version, told_by_asterisk).await;
        let refusals = [
            ("486 Busy Here", "busy", Disposition::Busy, "missed"),
            ("603 Decline", "rejected", Disposition::Rejected, "missed"),
            ("480 Temporarily Unavailable", "no_answer", Disposition::Missed, "missed"),
        ];
        for (before, (status, reason, disposition, result)) in refusals.into_iter().enumerate() {
            let phone = Sipp::phone(&office.asterisk, "6001").refuse(status).start().await.unwrap();
            let caller = call_in(&office, "0312345000").refused().start().await.unwrap();
            all_finished([phone, caller]).await;
            let record = &office.ended(before + 1).await[before];
            let told = facts(&office.seen.now().events, &record.call);
            assert_eq!(told[2], format!("missed 6001 {reason}"), "{status}: {told:?}");
            assert_eq!((record.disposition, told.len()), (disposition, 4), "{status}: {told:?}");
            let log = office.call_log(before + 1).await;
            assert_eq!((field(&log[before], "result"), field(&log[before], "tel")), (result, CUSTOMER), "{status}");
        }
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// Nobody answers until the time is up.
    async fn nobody_answers(version) {
        let office = Office::open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap();
        let caller = call_in(&office, "0312345000").refused().start().await.unwrap();
        all_finished([phone, caller]).await;
        let record = office.only_call().await;
        assert_eq!(record.disposition, Disposition::Missed);
        assert!((13.0..=17.0).contains(&record.ring_seconds), "rang for 15 s, told are {}", record.ring_seconds);
        assert_eq!(field(&office.call_log(1).await[0], "result"), "missed");
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let told = ["started", "ringing 6001", "missed 6001 no_answer", "ended missed"];
        assert_eq!(facts(&events, &record.call), told);
    }

    /// Three phones ring at once, one answers: one call, one record, and two phones that lost to the one.
    async fn a_ring_group(version) {
        let office = Office::open(version).await;
        let phones = [
            Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap(),
            Sipp::phone(&office.asterisk, "6002").answer_after(700).start().await.unwrap(),
            Sipp::phone(&office.asterisk, "6003").ring_only().start().await.unwrap(),
        ];
        let caller = call_in(&office, "0312345001").talk(1000).start().await.unwrap();
        all_finished(phones.into_iter().chain([caller])).await;
        let told = [
            "answered 6002", "ended answered", "missed 6001 answered_elsewhere", "missed 6003 answered_elsewhere", "ringing 6001",
            "ringing 6002", "ringing 6003", "started",
        ];
        one_answered_by(office, "6002", &told, &["6001", "6002", "6003"]).await;
    }

    /// The same through Local channels, as FreePBX does it: they are never named.
    async fn a_ring_group_over_local_channels(version) {
        let office = Office::open(version).await;
        let phones = [
            Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap(),
            Sipp::phone(&office.asterisk, "6002").answer_after(700).start().await.unwrap(),
        ];
        let caller = call_in(&office, "0312345004").talk(1000).start().await.unwrap();
        all_finished(phones.into_iter().chain([caller])).await;
        let told = [
            "answered 6002", "ended answered", "missed 6001 answered_elsewhere", "ringing 6001", "ringing 6002", "started",
        ];
        one_answered_by(office, "6002", &told, &["6001", "6002"]).await;
    }

    /// A queue rings both members, one takes the call.
    async fn a_queue(version) {
        let office = Office::open(version).await;
        let phones = [
            Sipp::phone(&office.asterisk, "6001").answer_after(700).start().await.unwrap(),
            Sipp::phone(&office.asterisk, "6002").ring_only().start().await.unwrap(),
        ];
        let caller = call_in(&office, "0312345002").talk(2500).start().await.unwrap();
        all_finished(phones.into_iter().chain([caller])).await;
        let told = [
            "answered 6001", "dequeued support answered", "ended answered", "missed 6002 answered_elsewhere", "queued support",
            "ringing 6001", "ringing 6002", "started",
        ];
        let record = one_answered_by(office, "6001", &told, &["6001", "6002"]).await;
        assert_eq!(record.queue.as_deref(), Some("support"));
        assert!(record.queue_seconds > 0.3 && record.talk_seconds > 0.3, "{record:?}");
    }
}
