//! The simulated Asterisk tells a call as the recorded real ones did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::{Call, Simulator, Version};
use cti_testkit::trace::{Trace, TracePacket};
use std::collections::BTreeMap;
use support::Raw;

/// Events of other threads of Asterisk, or about its inside: their place between the others means nothing.
const ASIDE: [&str; 10] = [
    "VarSet",
    "TestEvent",
    "DeviceStateChange",
    "QueueMemberStatus",
    "RTCPSent",
    "RTCPReceived",
    "Cdr",
    "FullyBooted",
    "SuccessfulAuth",
    "OriginateResponse",
];

/// What of an event must be equal: all headers that name no time, no bridge and no identity of this very run.
const FACTS: [&str; 26] = [
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Context",
    "Exten",
    "Priority",
    "Extension",
    "Application",
    "AppData",
    "DialStatus",
    "DialString",
    "DestCallerIDNum",
    "DestConnectedLineNum",
    "DestExten",
    "Cause",
    "Cause-txt",
    "TechCause",
    "Queue",
    "Position",
    "Count",
    "Interface",
    "Result",
    "IsExternal",
    "Digit",
];

fn role(packet: &TracePacket) -> String {
    let name = ["Channel", "TransfererChannel", "OrigTransfererChannel", "LocalOneChannel", "DestChannel"]
        .iter()
        .find_map(|key| packet.get(key));
    let Some(name) = name else { return "bridge".to_owned() };
    let (device, rest) = name.rsplit_once('-').unwrap();
    match rest.split_once(';') {
        Some((_, half)) => format!("{device};{half}"),
        None => device.to_owned(),
    }
}

fn facts(packet: &TracePacket, exact: bool) -> String {
    let mut text = packet.event().unwrap().to_owned();
    if exact {
        for (key, value) in packet.headers() {
            // The file name of a recording holds the unique id.
            let value = if value.contains("rec-") { "a recording" } else { value };
            if FACTS.contains(&key.as_str()) {
                text.push_str(&format!(" {key}={value}"));
            }
        }
    }
    text
}

/// The events of each channel, in order. `exact` compares the headers too.
fn by_channel(packets: &[TracePacket], exact: bool) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for packet in packets.iter().filter(|packet| packet.event().is_some_and(|event| !ASIDE.contains(&event))) {
        all.entry(role(packet)).or_default().push(facts(packet, exact));
    }
    all
}

fn recorded(name: &str) -> Vec<TracePacket> {
    let path = format!("{}/tests/fixtures/traces/{name}.ami", env!("CARGO_MANIFEST_DIR"));
    Trace::new(&std::fs::read(path).unwrap()).packets()
}

fn assert_alike(told: &[TracePacket], name: &str, exact: bool) {
    let recorded = recorded(name);
    let (told, recorded) = (by_channel(told, exact), by_channel(&recorded, exact));
    for (channel, events) in &recorded {
        let mine = told.get(channel).cloned().unwrap_or_default();
        for (place, real) in events.iter().enumerate() {
            let event = mine.get(place).map_or("nothing", String::as_str);
            assert_eq!(event, real, "{name}, {channel}, event {place}: simulated is left, recorded is right");
        }
        assert_eq!(mine.get(events.len()), None, "{name}, {channel}: more than recorded");
    }
    assert_eq!(told.keys().collect::<Vec<_>>(), recorded.keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn inbound_answered_even_the_order_of_all_channels_together() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let call = sim.call_in(Call::from("0901234567").name("Taro").to("0312345000"));
    sim.phone("6001").answer();
    call.hang_up();
    let told = raw.so_far().await;
    assert_alike(&told, "22-inbound_answered", true);
    let order = |packets: &[TracePacket]| -> Vec<String> {
        let events = packets.iter().filter(|packet| packet.event().is_some_and(|event| !ASIDE.contains(&event)));
        events.map(|packet| format!("{} {}", role(packet), facts(packet, false))).collect()
    };
    assert_eq!(order(&told), order(&recorded("22-inbound_answered")));
}

#[tokio::test]
async fn every_header_of_an_event_is_there_in_the_recorded_order() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let call = sim.call_in(Call::from("0901234567").name("Taro").to("0312345000"));
    sim.phone("6001").answer();
    call.hang_up();
    let told = raw.so_far().await;
    let keys = |packet: &TracePacket| packet.headers().iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    for real in recorded("22-inbound_answered") {
        let Some(event) = real.event().filter(|event| !["TestEvent", "SuccessfulAuth", "FullyBooted"].contains(event))
        else {
            continue;
        };
        let mine = told.iter().find(|packet| packet.event() == Some(event)).expect(event);
        assert_eq!(keys(mine), keys(&real), "{event}");
    }
}

#[tokio::test]
async fn variables_are_set_as_recorded() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let call = sim.call_in(Call::from("0901234567").name("Taro").to("0312345000"));
    sim.phone("6001").answer();
    call.hang_up();
    let variables = |packets: &[TracePacket]| -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        for packet in packets.iter().filter(|packet| packet.event() == Some("VarSet")) {
            let name = packet.get("Variable").unwrap();
            let line = format!("{} {name}", role(packet));
            if !name.starts_with("RTPAUDIOQOS") && !name.starts_with("BRIDGE") && seen.last() != Some(&line) {
                seen.push(line);
            }
        }
        seen
    };
    assert_eq!(variables(&raw.so_far().await), variables(&recorded("22-inbound_answered")));
}

#[tokio::test]
async fn busy() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    sim.phone("6001").busy();
    sim.call_in(Call::from("0901234567").to("0312345000"));
    assert_alike(&raw.so_far().await, "22-inbound_busy", true);
}

#[tokio::test]
async fn ring_group() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    sim.call_in(Call::from("0901234567").to("0312345001"));
    sim.phone("6002").answer();
    sim.hang_up_all();
    assert_alike(&raw.so_far().await, "22-ring_group", true);
}

#[tokio::test]
async fn ring_group_through_local_channels() {
    let sim = Simulator::start_version(Version::V16).await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let call = sim.call_in(Call::from("0901234567").to("0312345004"));
    sim.phone("6002").answer();
    call.hang_up();
    assert_alike(&raw.so_far().await, "16-ring_group_local", false);
}

#[tokio::test]
async fn queue_answered() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    sim.call_in(Call::from("0901234567").to("0312345002"));
    sim.phone("6001").answer();
    sim.hang_up_all();
    assert_alike(&raw.so_far().await, "22-queue_answered", true);
}

#[tokio::test]
async fn queue_abandoned() {
    let sim = Simulator::start_version(Version::V16).await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let call = sim.call_in(Call::from("0901234567").to("0312345002"));
    call.hang_up();
    assert_alike(&raw.so_far().await, "16-queue_abandoned", true);
}

#[tokio::test]
async fn blind_transfer() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    sim.call_in(Call::from("0901234567").to("0312345005"));
    sim.phone("6001").answer();
    assert!(sim.phone("6001").transfer_blind("6002"));
    sim.phone("6002").answer();
    sim.hang_up_all();
    assert_alike(&raw.so_far().await, "22-blind_transfer", true);
}

#[tokio::test]
async fn attended_transfer() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    sim.call_in(Call::from("0901234567").to("0312345005"));
    sim.phone("6001").answer();
    // The phone of the recording never said that it rang.
    sim.phone("6002").silent();
    assert!(sim.phone("6001").consult("6002"));
    let reply = sim.phone("6001").channel().unwrap();
    raw.send(&format!("Action: Hangup\r\nChannel: {reply}\r\n\r\n")).await;
    let mut told = raw.until(|packet| packet.event() == Some("AttendedTransfer")).await;
    sim.hang_up_all();
    told.extend(raw.so_far().await);
    assert_alike(&told, "22-attended_transfer", false);
}

#[tokio::test]
async fn click_to_dial() {
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    raw.send(concat!(
        "Action: Originate\r\nActionID: ctd-1\r\nChannel: PJSIP/6001\r\nContext: from-internal\r\nExten: 90901234567\r\n",
        "Priority: 1\r\nCallerID: \"0901234567\" <0901234567>\r\nAsync: true\r\nVariable: __CTI_KEEP=a=b;c\r\n",
        "Variable: CTI_REQUEST=req-77\r\n\r\n"
    ))
    .await;
    let mut told = raw.until(|packet| packet.get("DialStatus") == Some("RINGING")).await;
    sim.phone("6001").answer();
    sim.far_end().answer();
    let channel = sim.phone("6001").channel().unwrap();
    raw.send(&format!("Action: Hangup\r\nChannel: {channel}\r\n\r\n")).await;
    told.extend(raw.until(|packet| packet.get("Message") == Some("Channel Hungup")).await);
    told.extend(raw.so_far().await);
    assert_alike(&told, "22-click_to_dial", true);
    let response = told.iter().find(|packet| packet.event() == Some("OriginateResponse")).unwrap();
    assert_eq!((response.get("ActionID"), response.get("Reason")), (Some("ctd-1"), Some("4")));
}

#[tokio::test]
async fn internal_and_outbound_and_hold() {
    for (name, from, number) in [("22-internal", "6001", "6002"), ("22-outbound_handset", "6001", "90901234567")] {
        let sim = Simulator::start().await.unwrap();
        let mut raw = Raw::login(&sim).await;
        sim.phone(from).dial(number);
        if number.len() > 4 {
            sim.far_end().answer()
        } else {
            sim.phone(number).answer()
        };
        sim.phone(from).hang_up();
        assert_alike(&raw.so_far().await, name, false);
    }
    let sim = Simulator::start().await.unwrap();
    let mut raw = Raw::login(&sim).await;
    let call = sim.call_in(Call::from("0901234567").to("0312345000"));
    sim.phone("6001").answer();
    call.hold();
    call.unhold();
    call.hang_up();
    assert_alike(&raw.so_far().await, "22-hold", false);
}
