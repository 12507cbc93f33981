//! Calls with more than two parties, one after another or at once: rounds of a queue, pick-up, forward, follow-me,
//! conference.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished, facts};
use cti::core::call::{CallId, Disposition};
use cti_lab::{CallIn, Sipp, live_tests};

fn call_in<'a>(office: &'a Office, dialled: &str) -> CallIn<'a> {
    Sipp::call_in(&office.asterisk, dialled).from(CALLER)
}

fn sorted(mut facts: Vec<String>) -> Vec<String> {
    facts.sort();
    facts
}

live_tests! {
    /// A queue rings its three members, nobody answers, it rings them again and one does: each was offered the call twice.
    async fn the_second_round_of_a_queue(version) {
        let office = Office::open(version).await;
        let quiet = [
            Sipp::phone(&office.asterisk, "6001").ring_only().calls(2).start().await.unwrap(),
            Sipp::phone(&office.asterisk, "6003").ring_only().calls(2).start().await.unwrap(),
        ];
        let first_round = Sipp::phone(&office.asterisk, "6002").ring_only().start().await.unwrap();
        let caller = call_in(&office, "0312345003").talk(7500).start().await.unwrap();
        first_round.finished().await.unwrap();
        let second_round = Sipp::phone(&office.asterisk, "6002").answer_after(700).start().await.unwrap();
        let call = office.told("answered 6002").await;
        all_finished(quiet.into_iter().chain([second_round, caller])).await;
        let record = office.only_call().await;
        assert_eq!((record.disposition, record.queue.as_deref()), (Disposition::Answered, Some("rounds")));
        assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"));
        assert!((4.0..=8.0).contains(&record.queue_seconds), "waited for about 5.7 s, told are {}", record.queue_seconds);
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let told = [
            "answered 6002", "dequeued rounds answered", "ended answered", "missed 6001 answered_elsewhere", "missed 6001 no_answer",
            "missed 6002 no_answer", "missed 6003 answered_elsewhere", "missed 6003 no_answer", "queued rounds", "ringing 6001",
            "ringing 6001", "ringing 6002", "ringing 6002", "ringing 6003", "ringing 6003", "started",
        ];
        assert_eq!(sorted(facts(&events, &call)), told);
    }

    /// A colleague takes the call that rings at another phone, by naming it and by the key for any.
    async fn pick_up(version) {
        let office = Office::open(version).await;
        let mut known = CallId::new("main", "none");
        for (before, key) in ["**6001", "*8"].into_iter().enumerate() {
            let phone = Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap();
            let caller = call_in(&office, "0312345000").talk(2500).start().await.unwrap();
            office.told_beside(&known, "ringing 6001").await;
            let colleague = Sipp::call_from(&office.asterisk, "6002", key).start().await.unwrap();
            all_finished([phone, caller, colleague]).await;
            let record = &office.ended(before + 1).await[before];
            assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"), "{key}");
            assert_eq!(record.caller.number.as_ref().map(|number| number.as_str()), Some(CALLER), "{key}");
            let told = facts(&office.seen.now().events, &record.call);
            let expected = ["started", "ringing 6001", "missed 6001 answered_elsewhere", "ringing 6002", "answered 6002", "ended answered"];
            assert_eq!(told, expected, "{key}");
            known = record.call.clone();
        }
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// The phone sends its caller to a colleague (SIP 302): one call, answered there.
    async fn forward_by_the_phone(version) {
        let office = Office::open(version).await;
        let away = Sipp::phone(&office.asterisk, "6001").forward("6002").start().await.unwrap();
        let colleague = Sipp::phone(&office.asterisk, "6002").answer_after(500).start().await.unwrap();
        let caller = call_in(&office, "0312345008").talk(1500).start().await.unwrap();
        all_finished([away, colleague, caller]).await;
        let record = office.only_call().await;
        assert_eq!(record.disposition, Disposition::Answered);
        assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"));
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let told = facts(&events, &record.call);
        assert!(told.contains(&"ringing 6002".to_owned()) && told.contains(&"answered 6002".to_owned()), "{told:?}");
        assert!(!told.contains(&"answered 6001".to_owned()), "{told:?}");
    }

    /// Follow me: the phone rings and a mobile outside, and the mobile answers. There is no extension to name, but they
    /// talked.
    async fn follow_me(version) {
        let office = Office::open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap();
        let mobile = Sipp::trunk(&office.asterisk).answer_after(700).start().await.unwrap();
        let caller = call_in(&office, "0312345009").talk(1500).start().await.unwrap();
        all_finished([phone, mobile, caller]).await;
        let record = office.only_call().await;
        assert_eq!((record.disposition, &record.answered_by), (Disposition::Answered, &None));
        assert!(record.talk_seconds > 0.5, "{record:?}");
        assert_eq!(record.caller.number.as_ref().map(|number| number.as_str()), Some(CALLER));
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME, "09011112222"]).await;
        let told = facts(&events, &record.call);
        assert_eq!(told, ["started", "ringing 6001", "missed 6001 answered_elsewhere", "ended answered"]);
    }

    /// A customer and two phones in one conference: told once it is one.
    async fn a_conference_of_three(version) {
        let office = Office::open(version).await;
        let caller = call_in(&office, "0312345006").talk(4000).start().await.unwrap();
        let call = office.told("started").await;
        let first = Sipp::call_from(&office.asterisk, "6001", "8000").talk(2000).start().await.unwrap();
        let second = Sipp::call_from(&office.asterisk, "6002", "8000").talk(2000).start().await.unwrap();
        let all = office.seen.wait("a conference", |all| {
            all.events.iter().any(|event| serde_json::to_string(event).unwrap().contains("\"event\":\"conferenced\""))
        }).await;
        all_finished([caller, first, second]).await;
        let events = serde_json::to_string(&all.events).unwrap();
        assert!(events.contains(r#""extensions":["6001","6002"]"#) || events.contains(r#""extensions":["6002","6001"]"#), "{events}");
        office.ended(3).await;
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        assert!(facts(&events, &call).last().unwrap().starts_with("ended"));
    }
}
