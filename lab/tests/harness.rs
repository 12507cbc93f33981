//! The harness itself: real Asterisk and SIPp do what the live tests build on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_lab::{Ami, Asterisk, Sipp, SippCall, StartOptions, Version, live_tests};

/// Starts an instance and looks on.
async fn start(version: Version) -> (Asterisk, Ami) {
    let asterisk = Asterisk::start(version).await.unwrap();
    let ami = asterisk.ami().await.unwrap();
    (asterisk, ami)
}

/// Waits until all parties have done what they were told.
async fn all_finished(parties: impl IntoIterator<Item = SippCall>) {
    for party in parties {
        party.finished().await.unwrap();
    }
}

/// A recorded call from outside that 6001 has answered: the parties, and the channel of 6001.
async fn answered_call(asterisk: &Asterisk, ami: &mut Ami) -> ([SippCall; 2], String) {
    let phone = Sipp::phone(asterisk, "6001").start().await.unwrap();
    let caller = Sipp::call_in(asterisk, "0312345005").start().await.unwrap();
    let enter = ami.event("BridgeEnter", &[("Channel", "PJSIP/6001-")]).await.unwrap();
    ami.event("BridgeEnter", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
    ([phone, caller], enter.get("Channel").to_owned())
}

/// The channel of the outside caller; hanging it up ends the call.
async fn hang_up_caller(ami: &mut Ami) {
    let caller = ami.seen().iter().find(|p| p.is("Newchannel", &[("Channel", "PJSIP/trunk-")])).unwrap();
    let channel = caller.get("Channel").to_owned();
    let reply = ami.action("Hangup", &[("Channel", &channel)]).await.unwrap();
    assert_eq!(reply.get("Response"), "Success");
}

live_tests! {
    /// A call rings, is answered and ends.
    async fn an_inbound_call(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").answer_after(300).start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").name("Taro").talk(500).start().await.unwrap();
        let ring = ami.event("Newchannel", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        assert_eq!((ring.get("CallerIDNum"), ring.get("CallerIDName")), ("0901234567", "Taro"));
        assert_eq!(ring.get("Exten"), "0312345000");
        let end = ami.event("DialEnd", &[("DestChannel", "PJSIP/6001-")]).await.unwrap();
        assert_eq!(end.get("DialStatus"), "ANSWER");
        ami.event("Hangup", &[("Channel", "PJSIP/trunk-"), ("Cause", "16")]).await.unwrap();
        all_finished([phone, caller]).await;
    }

    /// The phone is busy.
    async fn a_busy_phone(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").busy().start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").refused().start().await.unwrap();
        let end = ami.event("DialEnd", &[("DestChannel", "PJSIP/6001-")]).await.unwrap();
        assert_eq!(end.get("DialStatus"), "BUSY");
        all_finished([phone, caller]).await;
    }

    /// The caller gives up while the phone rings.
    async fn a_caller_who_gives_up(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").ring_only().start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").cancel_after(300).start().await.unwrap();
        let end = ami.event("DialEnd", &[("DestChannel", "PJSIP/6001-")]).await.unwrap();
        assert_eq!(end.get("DialStatus"), "CANCEL");
        all_finished([phone, caller]).await;
    }

    /// The agent hangs up.
    async fn an_agent_who_hangs_up(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").hang_up_after(300).start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").start().await.unwrap();
        ami.event("HangupRequest", &[("Channel", "PJSIP/6001-")]).await.unwrap();
        all_finished([phone, caller]).await;
    }

    /// Three phones ring, one answers; the caller's name is hostile.
    async fn a_ring_group(version) {
        let (asterisk, mut ami) = start(version).await;
        let name = r#"山田 [太郎]: "><b>&amp;\ %00"#;
        let phones = [
            Sipp::phone(&asterisk, "6001").ring_only().start().await.unwrap(),
            Sipp::phone(&asterisk, "6002").answer_after(400).start().await.unwrap(),
            Sipp::phone(&asterisk, "6003").ring_only().start().await.unwrap(),
        ];
        let caller = Sipp::call_in(&asterisk, "0312345001").name(name).talk(300).start().await.unwrap();
        let ring = ami.event("Newchannel", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        // AMI escapes quotes and backslashes of a name; Asterisk itself has left the escapes of SIP in it.
        let unescaped = |text: &str| text.replace("\\\"", "\"").replace("\\\\", "\\");
        assert_eq!(unescaped(&unescaped(ring.get("CallerIDName"))), name);
        let enter = ami.event("BridgeEnter", &[("Channel", "PJSIP/6002-")]).await.unwrap();
        assert_eq!(enter.get("CallerIDName"), "佐藤 花子");
        all_finished(phones.into_iter().chain([caller])).await;
    }

    /// Two phones ring through Local channels.
    async fn a_ring_group_over_local_channels(version) {
        let (asterisk, mut ami) = start(version).await;
        let phones = [
            Sipp::phone(&asterisk, "6001").ring_only().start().await.unwrap(),
            Sipp::phone(&asterisk, "6002").answer_after(400).start().await.unwrap(),
        ];
        let caller = Sipp::call_in(&asterisk, "0312345004").talk(300).start().await.unwrap();
        ami.event("LocalBridge", &[]).await.unwrap();
        ami.event("BridgeEnter", &[("Channel", "PJSIP/6002-")]).await.unwrap();
        all_finished(phones.into_iter().chain([caller])).await;
    }

    /// A queue rings both members, one takes the call.
    async fn a_queue(version) {
        let (asterisk, mut ami) = start(version).await;
        let phones = [
            Sipp::phone(&asterisk, "6001").answer_after(400).start().await.unwrap(),
            Sipp::phone(&asterisk, "6002").ring_only().start().await.unwrap(),
        ];
        let caller = Sipp::call_in(&asterisk, "0312345002").talk(1500).start().await.unwrap();
        ami.event("QueueCallerJoin", &[("Queue", "support")]).await.unwrap();
        ami.event("AgentConnect", &[("DestChannel", "PJSIP/6001-")]).await.unwrap();
        ami.event("AgentComplete", &[("Reason", "caller")]).await.unwrap();
        all_finished(phones.into_iter().chain([caller])).await;
    }

    /// A withheld caller: the number is there, and with `channelvars` every event says that it must not be shown.
    async fn a_withheld_caller(version) {
        let options = StartOptions { presentation_in_events: true, timestamp_events: true };
        let asterisk = Asterisk::start_with(version, options).await.unwrap();
        let mut ami = asterisk.ami().await.unwrap();
        let phone = Sipp::phone(&asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").withheld().talk(300).start().await.unwrap();
        let ring = ami.event("Newchannel", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        assert_eq!(ring.get("CallerIDNum"), "0901234567");
        // Newchannel is made before the privacy is read: it still says "allowed".
        assert!(ring.get("ChanVariable").starts_with("CALLERID(num-pres)=allowed"), "{ring:?}");
        let next = ami.event("Newexten", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        assert!(next.get("ChanVariable").starts_with("CALLERID(num-pres)=prohib"), "{next:?}");
        assert!(!ring.get("Timestamp").is_empty());
        all_finished([phone, caller]).await;
    }

    /// Click-to-dial: the agent's phone first, then the outside line.
    async fn an_originated_call(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").start().await.unwrap();
        let far_end = Sipp::trunk(&asterisk).answer_after(300).hang_up_after(300).start().await.unwrap();
        let lines = [
            ("Channel", "PJSIP/6001"), ("Context", "from-internal"), ("Exten", "90901234567"), ("Priority", "1"),
            ("Async", "true"),
        ];
        let reply = ami.action("Originate", &lines).await.unwrap();
        assert_eq!(reply.get("Response"), "Success", "{reply:?}");
        let begin = ami.event("DialBegin", &[("DestChannel", "PJSIP/trunk-")]).await.unwrap();
        assert_eq!((begin.get("DialString"), begin.get("CallerIDNum")), ("0901234567@trunk", "0312345000"));
        ami.event("BridgeEnter", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        all_finished([far_end, phone]).await;
    }

    /// Phones call each other and the outside.
    async fn handsets(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6002").start().await.unwrap();
        let inside = Sipp::call_from(&asterisk, "6001", "6002").talk(300).start().await.unwrap();
        let ring = ami.event("Newchannel", &[("Channel", "PJSIP/6001-")]).await.unwrap();
        assert_eq!((ring.get("CallerIDNum"), ring.get("CallerIDName")), ("6001", "Agent One"));
        all_finished([phone, inside]).await;

        let far_end = Sipp::trunk(&asterisk).start().await.unwrap();
        let outside = Sipp::call_from(&asterisk, "6002", "90901234567").talk(300).start().await.unwrap();
        ami.event("BridgeEnter", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        all_finished([far_end, outside]).await;
    }

    /// The outside party holds the call and resumes it.
    async fn hold(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").hold(300, 300).talk(300).start().await.unwrap();
        ami.event("Hold", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        ami.event("Unhold", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        all_finished([caller, phone]).await;
    }

    /// A blind transfer by AMI; the call is recorded.
    async fn a_blind_transfer(version) {
        let (asterisk, mut ami) = start(version).await;
        let (parties, agent) = answered_call(&asterisk, &mut ami).await;
        let second = Sipp::phone(&asterisk, "6002").start().await.unwrap();
        let lines = [("Channel", agent.as_str()), ("Exten", "6002"), ("Context", "from-internal")];
        let reply = ami.action("BlindTransfer", &lines).await.unwrap();
        assert_eq!(reply.get("Response"), "Success", "{reply:?}");
        ami.event("BlindTransfer", &[("Result", "Success")]).await.unwrap();
        ami.event("BridgeEnter", &[("Channel", "PJSIP/6002-")]).await.unwrap();
        hang_up_caller(&mut ami).await;
        all_finished(parties.into_iter().chain([second])).await;
        let recordings = std::fs::read_dir(asterisk.recordings()).unwrap().count();
        assert_eq!(recordings, 1);
    }

    /// An attended transfer by AMI, completed when the agent hangs up.
    async fn an_attended_transfer(version) {
        let (asterisk, mut ami) = start(version).await;
        let (parties, agent) = answered_call(&asterisk, &mut ami).await;
        let second = Sipp::phone(&asterisk, "6002").start().await.unwrap();
        let lines = [("Channel", agent.as_str()), ("Exten", "6002"), ("Context", "from-internal")];
        let reply = ami.action("Atxfer", &lines).await.unwrap();
        assert_eq!(reply.get("Response"), "Success", "{reply:?}");
        ami.event("BridgeEnter", &[("Channel", "PJSIP/6002-")]).await.unwrap();
        ami.action("Hangup", &[("Channel", &agent)]).await.unwrap();
        let transfer = ami.event("AttendedTransfer", &[]).await.unwrap();
        assert_eq!(transfer.get("Result"), "Success");
        hang_up_caller(&mut ami).await;
        all_finished(parties.into_iter().chain([second])).await;
    }

    /// A parked caller and a conference.
    async fn parking_and_conference(version) {
        let (asterisk, mut ami) = start(version).await;
        let parked = Sipp::call_in(&asterisk, "0312345007").start().await.unwrap();
        let park = ami.event("ParkedCall", &[("ParkeeChannel", "PJSIP/trunk-")]).await.unwrap();
        let back = Sipp::call_from(&asterisk, "6001", park.get("ParkingSpace")).talk(300).start().await.unwrap();
        ami.event("UnParkedCall", &[("RetrieverChannel", "PJSIP/6001-")]).await.unwrap();
        all_finished([back, parked]).await;

        let outside = Sipp::call_in(&asterisk, "0312345006").talk(600).start().await.unwrap();
        let inside = Sipp::call_from(&asterisk, "6002", "8000").talk(600).start().await.unwrap();
        for _ in 0..2 {
            ami.event("ConfbridgeJoin", &[("Conference", "lab")]).await.unwrap();
        }
        all_finished([outside, inside]).await;
    }

    /// Twenty calls at once.
    async fn twenty_calls(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").calls(20).start().await.unwrap();
        let mut parties = Vec::new();
        for n in 0..20 {
            let number = format!("0900000000{n:02}");
            parties.push(Sipp::call_in(&asterisk, "0312345000").from(&number).talk(1000).start().await.unwrap());
        }
        for _ in 0..20 {
            ami.event("BridgeEnter", &[("Channel", "PJSIP/6001-")]).await.unwrap();
        }
        parties.push(phone);
        all_finished(parties).await;
    }

    /// An instance comes back on its ports after a stop and after a kill.
    async fn restart(version) {
        let (mut asterisk, mut ami) = start(version).await;
        let address = asterisk.ami_addr();
        asterisk.restart().await.unwrap();
        ami.event("Shutdown", &[]).await.unwrap();
        asterisk.kill();
        assert!(asterisk.ami().await.is_err());
        asterisk.restart().await.unwrap();
        assert_eq!(asterisk.ami_addr(), address);
        assert!(asterisk.ami().await.is_ok());
    }

    /// Two instances do not meet.
    async fn two_instances(version) {
        let (one, two) = tokio::join!(Asterisk::start(version), Asterisk::start(version));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_ne!((one.ami_addr(), one.sip_addr()), (two.ami_addr(), two.sip_addr()));
        drop(one);
        assert!(two.cli("core show version").await.unwrap().starts_with("Asterisk"));
        let endpoints = two.cli("pjsip show endpoints").await.unwrap();
        assert!(endpoints.contains("6003"), "{endpoints}");
    }

    /// A wrong secret is refused.
    async fn a_wrong_secret(version) {
        let asterisk = Asterisk::start(version).await.unwrap();
        let error = Ami::login(asterisk.ami_addr(), Asterisk::AMI_USER, "wrong").await.unwrap_err();
        assert_eq!(error.to_string(), "AMI login: Authentication failed");
    }
}
