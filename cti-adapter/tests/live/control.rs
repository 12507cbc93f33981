//! What an agent's page can do to a call, each against the real thing, and looked at from beside it.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished, facts, poll};
use cti::core::ErrorKind;
use cti::core::call::{CallId, Disposition, Extension};
use cti::core::number::Number;
use cti::core::pbx::{DeviceState, PbxControl, RecordingStep, TransferStep, WantedAgentState};
use cti_lab::{Ami, Sipp, SippCall, Version, live_tests};

/// A customer talks to 6001.
async fn talking(version: Version) -> (Office, CallId, [SippCall; 2]) {
    let office = Office::open(version).await;
    let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
    let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).start().await.unwrap();
    let call = office.told("answered 6001").await;
    (office, call, [phone, caller])
}

fn agent() -> Extension {
    Extension::from("6001")
}

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

/// The membership of 6001 (or of `extension`) in the queue `support`, as Asterisk itself lists it.
async fn member(ami: &mut Ami, extension: &str) -> Option<cti_lab::Packet> {
    let from = ami.seen().len();
    ami.action("QueueStatus", &[("Queue", "support")]).await.unwrap();
    ami.event("QueueStatusComplete", &[]).await.unwrap();
    let location = format!("PJSIP/{extension}");
    ami.seen()[from..].iter().find(|packet| packet.is("QueueMember", &[("Location", &location)])).cloned()
}

live_tests! {
    /// A call is hung up, while it rings and while they talk; what is over cannot be hung up again.
    async fn hang_up(version) {
        let office = Office::open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).refused().start().await.unwrap();
        let call = office.told("ringing 6001").await;
        office.pbx.hang_up(&call, &agent()).await.unwrap();
        all_finished([phone, caller]).await;
        assert_eq!(office.only_call().await.answered_by, None);

        let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).start().await.unwrap();
        let call = office.told("answered 6001").await;
        office.pbx.hang_up(&call, &agent()).await.unwrap();
        all_finished([phone, caller]).await;
        assert_eq!(office.ended(2).await[1].disposition, Disposition::Answered);
        let over = office.pbx.hang_up(&call, &agent()).await.unwrap_err();
        assert_eq!(over.kind(), ErrorKind::NotFound);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// The caller is sent to another phone, while the first one rings, and while they talk: one call, one record.
    async fn redirect(version) {
        let office = Office::open(version).await;
        let first = Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap();
        let second = Sipp::phone(&office.asterisk, "6002").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).start().await.unwrap();
        let rang = office.told("ringing 6001").await;
        office.pbx.redirect(&rang, &agent(), &number("6002")).await.unwrap();
        office.told("answered 6002").await;
        office.pbx.hang_up(&rang, &Extension::from("6002")).await.unwrap();
        all_finished([first, second, caller]).await;

        let first = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let second = Sipp::phone(&office.asterisk, "6002").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).start().await.unwrap();
        let talked = office.told_beside(&rang, "answered 6001").await;
        office.pbx.redirect(&talked, &agent(), &number("6002")).await.unwrap();
        office.told_beside(&rang, "answered 6002").await;
        office.pbx.hang_up(&talked, &Extension::from("6002")).await.unwrap();
        all_finished([first, second, caller]).await;

        let records = office.ended(2).await;
        for (record, call) in records.iter().zip([&rang, &talked]) {
            assert_eq!((&record.call, record.disposition), (call, Disposition::Answered));
            assert_eq!(record.answered_by.as_ref().map(|extension| extension.as_str()), Some("6002"));
            assert_eq!(record.caller.number.as_ref().map(|number| number.as_str()), Some(CALLER));
        }
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let told = ["started", "ringing 6001", "answered 6001", "ringing 6002", "answered 6002", "ended answered"];
        assert_eq!(facts(&events, &talked), told);
        let told = ["started", "ringing 6001", "missed 6001 caller_gave_up", "ringing 6002", "answered 6002", "ended answered"];
        assert_eq!(facts(&events, &rang), told);
    }

    /// A transfer to a number that the dial plan does not know is refused, and the call goes on.
    async fn transfer_to_nowhere(version) {
        let (office, call, parties) = talking(version).await;
        for refused in [
            office.transfer(&call, "6001", "5551234", TransferStep::Blind).await,
            office.transfer(&call, "6001", "5551234", TransferStep::Consult).await,
            office.pbx.redirect(&call, &agent(), &number("5551234")).await,
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
        }
        let error = office.transfer(&call, "6001", "6002", TransferStep::Complete).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "nobody was asked");
        office.pbx.hang_up(&call, &agent()).await.unwrap();
        all_finished(parties).await;
        assert_eq!(office.only_call().await.transfers, []);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// Key tones reach the customer, in order.
    async fn digits(version) {
        let (office, call, [phone, caller]) = talking(version).await;
        office.pbx.send_digits(&call, &agent(), "12#").await.unwrap();
        let pressed = |messages: &str| {
            let keys = messages.lines().filter_map(|line| line.trim().strip_prefix("Signal="));
            keys.map(str::trim).collect::<String>()
        };
        poll("the keys", async || (pressed(&caller.messages()) == "12#").then_some(())).await;
        office.pbx.hang_up(&call, &agent()).await.unwrap();
        all_finished([phone, caller]).await;
        office.only_call().await;
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// A recording is begun, paused, taken up and ended; the file is there, and stands on the call.
    async fn recording(version) {
        let (office, call, parties) = talking(version).await;
        let mut ami = office.asterisk.ami().await.unwrap();
        let record = async |step| office.pbx.record(&call, &agent(), step).await.unwrap();
        record(RecordingStep::Start).await;
        office.told("recording").await;
        for (step, state) in [(RecordingStep::Pause, "1"), (RecordingStep::Resume, "0")] {
            record(step).await;
            ami.event("MixMonitorMute", &[("Channel", "PJSIP/trunk-"), ("State", state)]).await.unwrap();
        }
        record(RecordingStep::Stop).await;
        let again = office.pbx.record(&call, &agent(), RecordingStep::Stop).await.unwrap_err();
        assert!(matches!(again.kind(), ErrorKind::Rejected | ErrorKind::NotFound), "{again}");
        office.pbx.hang_up(&call, &agent()).await.unwrap();
        all_finished(parties).await;
        let recordings = office.only_call().await.recordings;
        assert_eq!(recordings.len(), 1, "{recordings:?}");
        let file = serde_json::to_value(&recordings[0]).unwrap();
        let file = file["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        poll("the file is closed", async || {
            std::fs::metadata(office.asterisk.recordings().join(&file)).is_ok_and(|file| file.len() >= 44).then_some(())
        })
        .await;
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// The microphone is silenced and opened; on a call that is over it cannot be.
    async fn mute(version) {
        let (office, call, parties) = talking(version).await;
        for silent in [true, false] {
            office.pbx.mute(&call, &agent(), silent).await.unwrap();
        }
        office.pbx.hang_up(&call, &agent()).await.unwrap();
        all_finished(parties).await;
        office.only_call().await;
        assert_eq!(office.pbx.mute(&call, &agent(), true).await.unwrap_err().kind(), ErrorKind::NotFound);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// Picking up and holding is the telephone's own business: refused, and nothing is sent.
    async fn what_ami_cannot(version) {
        let (office, call, parties) = talking(version).await;
        for refused in [
            office.pbx.answer(&call, &agent()).await,
            office.pbx.hold(&call, &agent()).await,
            office.pbx.resume(&call, &agent()).await,
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
        }
        let can = PbxControl::capabilities(&office.pbx);
        assert!(!can.answer && !can.hold && can.cancel_transfer && can.mute && can.device_state);
        office.pbx.hang_up(&call, &agent()).await.unwrap();
        all_finished(parties).await;
        office.only_call().await;
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// An agent pauses with a reason, goes on, signs in to a queue and out of it.
    async fn agent_states(version) {
        let office = Office::open(version).await;
        let mut ami = office.asterisk.ami().await.unwrap();
        let third = Extension::from("6003");
        let set = async |extension: &Extension, state| office.pbx.set_agent_state(extension, &state).await.unwrap();

        set(&agent(), WantedAgentState::NotReady { reason: Some("lunch".to_owned()) }).await;
        office.told_of_agent("agent 6001 not_ready lunch").await;
        let paused = member(&mut ami, "6001").await.unwrap();
        assert_eq!((paused.get("Paused"), paused.get("PausedReason")), ("1", "lunch"));
        set(&agent(), WantedAgentState::Ready).await;
        office.told_of_agent("agent 6001 ready").await;
        assert_eq!(member(&mut ami, "6001").await.unwrap().get("Paused"), "0");

        let sign_in = WantedAgentState::LoggedIn { queue: "support".to_owned(), penalty: Some(3) };
        set(&third, sign_in.clone()).await;
        set(&third, sign_in).await; // is there already: fine
        office.told_of_agent("agent 6003 logged_in").await;
        assert_eq!(member(&mut ami, "6003").await.unwrap().get("Penalty"), "3");
        set(&third, WantedAgentState::LoggedOut { queue: "support".to_owned() }).await;
        office.told_of_agent("agent 6003 logged_out").await;
        assert_eq!(member(&mut ami, "6003").await, None);

        let nowhere = WantedAgentState::LoggedIn { queue: "nowhere".to_owned(), penalty: None };
        let error = office.pbx.set_agent_state(&third, &nowhere).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let stranger = office.pbx.set_agent_state(&Extension::from("6099"), &WantedAgentState::Ready).await.unwrap_err();
        assert_eq!(stranger.kind(), ErrorKind::NotFound, "{stranger}");
        office.close(&[]).await;
    }

    /// What a telephone does: nothing, rings, talks, holds, is not there.
    async fn device_states(version) {
        let office = Office::open(version).await;
        let state = async |extension: &str| office.pbx.device_state(&Extension::from(extension)).await;
        assert_eq!(state("6001").await.unwrap(), DeviceState::Idle);
        assert_eq!(state("6009").await.unwrap(), DeviceState::Unavailable);
        assert_eq!(state("6099").await.unwrap_err().kind(), ErrorKind::NotFound);
        let phone = Sipp::phone(&office.asterisk, "6001").answer_after(1500).start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(1500).start().await.unwrap();
        for (fact, expected) in [("ringing 6001", DeviceState::Ringing), ("answered 6001", DeviceState::InUse)] {
            office.told(fact).await;
            // Asterisk works out the states of devices beside the call.
            poll("the state of the phone", async || (state("6001").await.unwrap() == expected).then_some(())).await;
        }
        all_finished([phone, caller]).await;
        poll("it is idle again", async || (state("6001").await.unwrap() == DeviceState::Idle).then_some(())).await;
        office.only_call().await;
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// A call is parked, the slot is told, and another phone takes it from there.
    async fn park_and_retrieve(version) {
        let (office, call, [phone, caller]) = talking(version).await;
        let slot = office.pbx.park(&call, &agent()).await.unwrap().expect("a slot");
        office.told(&format!("parked {slot}")).await;
        phone.finished().await.unwrap();
        let second = Sipp::call_from(&office.asterisk, "6002", &slot).talk(1000).start().await.unwrap();
        office.told(&format!("unparked {slot}")).await;
        all_finished([second, caller]).await;
        office.only_call().await;
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let expected = [
            "started".to_owned(), "ringing 6001".to_owned(), "answered 6001".to_owned(), format!("parked {slot}"),
            format!("unparked {slot}"), "ringing 6002".to_owned(), "answered 6002".to_owned(), "ended answered".to_owned(),
        ];
        assert_eq!(facts(&events, &call), expected);
    }
}
