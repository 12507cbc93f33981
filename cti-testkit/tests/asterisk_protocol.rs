//! The simulated Asterisk as a server: logins, rights, masks, limits, lists, faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::{Call, Simulator, User, Version};
use cti_testkit::trace::{Trace, TracePacket};
use md5::{Digest, Md5};
use std::time::Duration;
use support::{PATIENCE, Raw};

fn names(packets: &[TracePacket]) -> Vec<&str> {
    packets.iter().filter_map(TracePacket::event).collect()
}

#[tokio::test]
async fn the_banner_tells_the_version() {
    for (version, banner) in
        [(Version::V22, "Asterisk Call Manager/11.0.0"), (Version::V16, "Asterisk Call Manager/5.0.4")]
    {
        let sim = Simulator::start_version(version).await.unwrap();
        assert_eq!(Raw::connect(&sim).await.line().await, banner);
    }
}

#[tokio::test]
async fn a_challenge_is_answered_with_md5() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::connect(&sim).await;
    raw.line().await;
    let reply = raw.action("Action: Challenge\r\nAuthType: MD5\r\nActionID: c").await;
    let key = format!("{}{}", reply.get("Challenge").unwrap(), Simulator::SECRET);
    let key: String = Md5::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let reply =
        raw.action(&format!("Action: Login\r\nAuthType: MD5\r\nUsername: cti\r\nKey: {key}\r\nActionID: l")).await;
    assert_eq!((reply.response(), reply.get("ActionID")), (Some("Success"), Some("l")));
    assert_eq!(raw.next().await.unwrap().event(), Some("FullyBooted"));
    assert!(!format!("{:?}", sim.received()).contains(&key), "a secret in the test output");
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_the_link_closed() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::connect(&sim).await;
    raw.line().await;
    let reply = raw.action("Action: Login\r\nUsername: cti\r\nSecret: wrong").await;
    assert_eq!((reply.response(), reply.get("Message")), (Some("Error"), Some("Authentication failed")));
    assert_eq!(raw.next().await, None);
    let mut raw = Raw::connect(&sim).await;
    raw.line().await;
    let reply = raw.action("Action: CoreShowChannels").await;
    assert_eq!(reply.get("Message"), Some("Permission denied"));
}

#[tokio::test]
async fn rights_and_masks_decide_what_is_seen_and_done() {
    let sim = Simulator::start().await.unwrap();
    sim.add_user(User::new("narrow", "x").read("call").write("reporting"));
    let mut wide = Raw::login(&sim).await;
    let mut narrow = Raw::connect(&sim).await;
    narrow.line().await;
    narrow.action("Action: Login\r\nUsername: narrow\r\nSecret: x").await;
    let reply = narrow.action("Action: Originate\r\nChannel: PJSIP/6001").await;
    assert_eq!(reply.get("Message"), Some("Permission denied"));
    let reply = narrow.action("Action: Nonsense").await;
    assert!(reply.get("Message").unwrap().starts_with("Invalid/unknown command: Nonsense."));
    wide.action("Action: Events\r\nEventMask: off").await;
    sim.call_in(Call::from("0901234567").to("0312345002")).hang_up();
    let seen = narrow.so_far().await;
    assert!(names(&seen).contains(&"Hangup") && !names(&seen).contains(&"VarSet"), "{:?}", names(&seen));
    assert!(!names(&seen).contains(&"QueueCallerJoin"));
    assert_eq!(names(&wide.so_far().await), Vec::<&str>::new());
    wide.action("Action: Events\r\nEventMask: agent").await;
    sim.phone("6001").pause(true, "lunch");
    assert_eq!(names(&wide.so_far().await), ["QueueMemberPause"]);
}

#[tokio::test]
async fn long_lines_are_refused_and_the_session_goes_on() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let reply = raw.action(&format!("Action: Ping\r\nActionID: a\r\nX: {}", "y".repeat(1100))).await;
    assert_eq!(reply.get("Message"), Some("Failed to parse message: line too long"));
    let reply = raw.action("Action: Ping\r\nActionID: b").await;
    assert_eq!((reply.get("Ping"), reply.get("ActionID")), (Some("Pong"), Some("b")));
    let reply = raw.action("Action: Logoff").await;
    assert_eq!(reply.response(), Some("Goodbye"));
    assert_eq!(raw.next().await, None);
}

#[tokio::test]
async fn lists_tell_what_is_live() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    sim.call_in(Call::from("0901234567").withheld());
    sim.phone("6001").answer();
    raw.so_far().await;
    let recorded =
        std::fs::read(format!("{}/tests/fixtures/traces/22-resync_mid_call.ami", env!("CARGO_MANIFEST_DIR")));
    let recorded = Trace::new(&recorded.unwrap()).packets();
    for (action, end) in [
        ("CoreShowChannels", "CoreShowChannelsComplete"),
        ("Status", "StatusComplete"),
        ("BridgeList", "BridgeListComplete"),
        ("QueueStatus", "QueueStatusComplete"),
        ("PJSIPShowEndpoints", "EndpointListComplete"),
    ] {
        raw.send(&format!("Action: {action}\r\nActionID: x-1\r\n\r\n")).await;
        let told = raw.until(|packet| packet.event() == Some(end)).await;
        for packet in &told {
            let keys = |packet: &TracePacket| -> Vec<String> {
                packet.headers().iter().map(|(key, _)| key.clone()).filter(|key| key != "Variable").collect()
            };
            let real = recorded.iter().find(|real| {
                real.event() == packet.event()
                    && real.response() == packet.response()
                    && real.get("Message") == packet.get("Message")
            });
            assert_eq!(keys(packet), keys(real.unwrap()), "{:?}", packet.event());
        }
        let count = told.len() - 2;
        assert_eq!(told.last().unwrap().get("ListItems"), Some(count.to_string().as_str()), "{action}");
    }
    let reply = raw.action("Action: Getvar\r\nChannel: PJSIP/trunk-00000000\r\nVariable: CALLERID(num-pres)").await;
    assert_eq!(reply.get("Value"), Some("prohib_not_screened"));
    let reply = raw.action("Action: CoreSettings").await;
    assert_eq!(reply.get("AMIversion"), Some("11.0.0"));
}

#[tokio::test]
async fn a_restart_is_another_asterisk() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let before = raw.action("Action: CoreStatus").await;
    let call = sim.call_in(Call::from("0901234567"));
    sim.restart();
    assert!(call.is_over() && sim.open_channels() == 0);
    let mut raw = Raw::login(&sim).await;
    let after = raw.action("Action: CoreStatus").await;
    assert_ne!(before.get("CoreStartupTime"), after.get("CoreStartupTime"));
    let second = sim.call_in(Call::from("0901234567"));
    assert!(second.uniqueid().ends_with(".0"));
    assert_ne!(second.uniqueid(), call.uniqueid());
}

#[tokio::test]
async fn faults() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    sim.duplicate_events(true);
    sim.phone("6001").pause(true, "");
    let seen = raw.so_far().await;
    assert_eq!(names(&seen).iter().filter(|name| **name == "QueueMemberPause").count(), 2);
    sim.duplicate_events(false);
    sim.stall(true);
    raw.send("Action: Ping\r\nActionID: s\r\n\r\n").await;
    assert!(tokio::time::timeout(Duration::from_millis(200), raw.next()).await.is_err());
    sim.stall(false);
    raw.until(|packet| packet.get("ActionID") == Some("s")).await;
    sim.cut_links();
    while raw.next().await.is_some() {}
    sim.refuse_connections(true);
    assert_eq!(Raw::connect(&sim).await.next().await, None);
    sim.refuse_connections(false);
    sim.banner(false);
    let mut raw = Raw::connect(&sim).await;
    let reply = raw.action("Action: Login\r\nUsername: cti\r\nSecret: s3cret").await;
    assert_eq!(reply.response(), Some("Success"));
    assert!(sim.wait_until(|sim| sim.logged_in() == 1, PATIENCE).await);
}

#[tokio::test]
async fn a_recorded_call_can_be_played_in_pieces() {
    let path = format!("{}/tests/fixtures/traces/22-inbound_answered.ami", env!("CARGO_MANIFEST_DIR"));
    let recorded = std::fs::read(path).unwrap();
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    raw.so_far().await;
    sim.play(&recorded, 7);
    let played = raw.so_far().await;
    let real = Trace::new(&recorded).packets();
    assert_eq!(played, real[1..real.len() - 1]);
}

#[tokio::test]
async fn phones_act_by_themselves_in_their_time() {
    let sim = Simulator::start().await.unwrap();
    sim.phone("6001").answers_after(Duration::from_millis(20)).hangs_up_after(Duration::from_millis(20));
    let call = sim.call_in(Call::from("0901234567"));
    assert!(sim.phone("6001").is_ringing());
    assert!(call.wait_answered(PATIENCE).await);
    assert!(call.wait_over(PATIENCE).await);
    sim.ring_time(Duration::from_millis(20));
    sim.phone("6001").rings_out();
    assert!(sim.call_in(Call::from("0901234567")).wait_over(PATIENCE).await);
    assert!(sim.call_in(Call::from("0901234567").to("0399999999")).is_over());
}

#[tokio::test]
async fn every_way_a_call_can_go_leaves_nothing_behind() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let mut bridges = std::collections::HashSet::new();
    for (step, number) in ["0312345000", "0312345001", "0312345002", "0312345004", "0312345005"].iter().enumerate() {
        for ending in 0..7 {
            let call = sim.call_in(Call::from("0901234567").to(number));
            match ending {
                0 => {}
                1 => drop(sim.phone("6001").refuse_busy()),
                2 => drop(sim.phone("6001").answer()),
                3 => {
                    sim.phone("6001").answer();
                    sim.phone("6001").transfer_blind("6003");
                    sim.phone("6003").answer();
                }
                4 => {
                    sim.phone("6001").answer();
                    sim.phone("6001").consult("6003");
                    sim.phone("6003").answer();
                    sim.phone("6001").hang_up();
                }
                5 => {
                    sim.phone("6001").answer();
                    sim.phone("6001").consult("6003");
                    sim.phone("6003").refuse_busy();
                }
                _ => {
                    sim.phone("6001").answer();
                    let slot = sim.phone("6001").park();
                    sim.phone("6002").retrieve(&slot.unwrap_or_default());
                }
            }
            call.hang_up();
            assert_eq!(sim.open_channels(), 0, "{number}, ending {ending}");
            let told = raw.so_far().await;
            let count = |name: &str| names(&told).iter().filter(|event| **event == name).count();
            assert_eq!(count("Newchannel"), count("Hangup"), "{step} {ending}");
            for message in &told {
                let bridge = || message.get("BridgeUniqueid").unwrap_or_default().to_owned();
                match message.event() {
                    Some("BridgeCreate") => drop(bridges.insert(bridge())),
                    Some("BridgeDestroy") => assert!(bridges.remove(&bridge()), "{number}, ending {ending}"),
                    _ => {}
                }
            }
            // Once somebody was parked, the bridge of the lot stays (`parking_lot_get_bridge`).
            let lots = usize::from(step > 0 || ending == 6);
            assert_eq!(bridges.len(), lots, "{number}, ending {ending}: {:?}", names(&told));
            assert_eq!(count("BridgeEnter"), count("BridgeLeave"), "{number}, ending {ending}");
            assert_eq!(count("DialBegin"), count("DialEnd").min(count("DialBegin")), "{number}, ending {ending}");
        }
    }
    let reply = raw.action("Action: BridgeList").await;
    assert_eq!(reply.response(), Some("Success"));
    let lot = raw.next().await.unwrap();
    assert_eq!((lot.event(), lot.get("BridgeTechnology")), (Some("BridgeListItem"), Some("holding_bridge")));
    assert_eq!(raw.next().await.unwrap().get("ListItems"), Some("1"));
}
