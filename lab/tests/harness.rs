//! The harness itself: real Asterisk, SIPp and Chromium do what the live tests build on.

use cti_lab::{Ami, Asterisk, Sipp, live_tests};

/// Starts an instance and looks on.
async fn start(version: cti_lab::Version) -> (Asterisk, Ami) {
    let asterisk = Asterisk::start(version).await.unwrap();
    let ami = asterisk.ami().await.unwrap();
    (asterisk, ami)
}

live_tests! {
    /// A call rings, is answered and ends.
    async fn an_inbound_call(version) {
        let (asterisk, mut ami) = start(version).await;
        let phone = Sipp::phone(&asterisk, "6001").answer_after(300).start().await.unwrap();
        let caller = Sipp::call_in(&asterisk, "0312345000").name("Taro").talk(500).start().await.unwrap();
        let ring = ami.event("Newchannel", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        assert_eq!((ring.get("CallerIDNum"), ring.get("CallerIDName")), ("0901234567", "Taro"));
        let end = ami.event("DialEnd", &[("DestChannel", "PJSIP/6001-")]).await.unwrap();
        assert_eq!(end.get("DialStatus"), "ANSWER");
        ami.event("Hangup", &[("Channel", "PJSIP/trunk-"), ("Cause", "16")]).await.unwrap();
        phone.finished().await.unwrap();
        caller.finished().await.unwrap();
    }
}
