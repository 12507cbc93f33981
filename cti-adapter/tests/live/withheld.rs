//! Callers who do not want to be known, and callers with a hostile name.

use crate::support::{Office, all_finished, facts, field};
use cti::core::call::{PbxEvent, Withheld};
use cti_lab::{Sipp, StartOptions, Version, live_tests};

/// The number that must not be seen.
const SECRET: &str = "09087654321";
/// The name that must not be seen.
const SECRET_NAME: &str = "Hanako Himitsu";

/// A withheld caller is answered; neither number nor name comes through to anywhere.
async fn nothing_is_known(version: Version, options: StartOptions) {
    let office = Office::open_with(version, options).await;
    let phone = Sipp::phone(&office.asterisk, "6001").answer_after(500).start().await.unwrap();
    let caller = Sipp::call_in(&office.asterisk, "0312345000").from(SECRET).name(SECRET_NAME).withheld().talk(1000);
    let caller = caller.start().await.unwrap();
    all_finished([phone, caller]).await;
    let record = office.only_call().await;
    assert_eq!(record.caller.withheld, Some(Withheld::RejectedByUser));
    let log = office.call_log(1).await;
    assert_eq!((field(&log[0], "tel"), field(&log[0], "result"), field(&log[0], "agent")), ("", "answered", "6001"));

    let seen = office.seen.now();
    assert_eq!(seen.pops[0].1.title(), "withheld");
    let requests = office.kintone.requests();
    let bodies: Vec<_> = requests.iter().map(|request| (&request.query, &request.headers, &request.body)).collect();
    let everywhere = [
        serde_json::to_string(&seen.events).unwrap(),
        serde_json::to_string(&seen.pops).unwrap(),
        serde_json::to_string(&bodies).unwrap(),
    ];
    for text in everywhere {
        assert!(!text.contains("87654321") && !text.contains("Himitsu"), "{text}");
    }
    for file in std::fs::read_dir(office.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("87654321") && !text.contains("Himitsu"), "it was stored");
    }
    let events = office.close(&["87654321", "Himitsu"]).await;
    assert_eq!(facts(&events, &record.call), ["started", "ringing 6001", "answered 6001", "ended answered"]);
}

live_tests! {
    /// Asterisk is asked, because its events say nothing.
    async fn when_asked(version) {
        nothing_is_known(version, StartOptions::default()).await;
    }

    /// Asterisk says so in its events (`channelvars`).
    async fn when_told(version) {
        nothing_is_known(version, StartOptions { presentation_in_events: true, ..StartOptions::default() }).await;
    }

    /// Names that want to be more than a name: what is stored is text, and the calls are told as ever.
    async fn hostile_names(version) {
        let office = Office::open(version).await;
        let long = "x".repeat(1024);
        let names: [&[u8]; 7] = [
            br#""><script>alert(1)</script>"#,
            br#"O'Brien "Bob" \ \\ \n"#,
            long.as_bytes(),
            "佐藤 花子（株式会社）".as_bytes(),
            b"Caf\xe9 M\xfcller",
            br#"{"records":[{"$id":1}]} " or tel like "0"#,
            b"Action: Originate: Event: Hangup; %0d%0a $(id) `id` ${CALLERID(num)}",
        ];
        let phone = Sipp::phone(&office.asterisk, "6001").calls(names.len() as u32).start().await.unwrap();
        for (before, name) in names.into_iter().enumerate() {
            let caller = Sipp::call_in(&office.asterisk, "0312345000").from("0455550000").name_bytes(name).talk(50);
            caller.start().await.unwrap().finished().await.unwrap();
            let record = &office.ended(before + 1).await[before];
            // As it came, but for what is no UTF-8; Asterisk itself keeps 79 bytes of a name.
            let expected = String::from_utf8_lossy(&name[..name.len().min(79)]);
            assert_eq!(record.caller.name.as_ref().map(|name| name.as_str()), Some(&*expected));
            let log = office.call_log(before + 1).await;
            assert_eq!((field(&log[before], "name"), field(&log[before], "tel")), (&*expected, "0455550000"));
            let facts = facts(&office.seen.now().events, &record.call);
            assert_eq!(facts, ["started", "ringing 6001", "answered 6001", "ended answered"], "{expected}");
        }
        phone.finished().await.unwrap();
        for event in &office.seen.now().events {
            let line = serde_json::to_string(event).unwrap();
            let back: PbxEvent = serde_json::from_str(&line).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), line);
        }
        office.close(&["0455550000", "<script>", "佐藤", "O'Brien"]).await;
    }
}
