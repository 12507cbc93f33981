//! What the tests of the call model share.
#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod play;
pub(crate) mod wire;

use cti_core::call::{CallEvent, CallFact, CallRecord, OpenCall, PbxEvent};
use cti_pbx_asterisk::Replay;
use cti_pbx_asterisk::ami::Message;
use cti_pbx_asterisk::model::{CallModel, Sides};
use std::path::PathBuf;

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/traces")
}

/// The bytes of a trace: `22/hold`.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join(format!("asterisk-{name}.ami"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn model() -> CallModel {
    CallModel::new("main", Sides::default())
}

/// The packets of a recording.
pub(crate) fn messages(bytes: &[u8]) -> Vec<Message> {
    let text = bytes.split(|&byte| byte == b'\r').collect::<Vec<_>>().concat();
    let text = text
        .strip_prefix(b"Asterisk")
        .and_then(|rest| rest.iter().position(|&b| b == b'\n').map(|end| &rest[end + 1..]))
        .unwrap_or(&text);
    let mut packets = Vec::new();
    let mut start = 0;
    while let Some(end) = text[start..].windows(2).position(|pair| pair == b"\n\n") {
        packets.push(Message::parse(text[start..start + end].to_vec().into()));
        start += end + 2;
    }
    packets
}

pub(crate) fn replay(bytes: &[u8]) -> Vec<PbxEvent> {
    let mut replay = Replay::new(model());
    let mut events = replay.push(bytes);
    events.extend(replay.finish());
    events
}

pub(crate) fn calls(events: &[PbxEvent]) -> Vec<&CallEvent> {
    events.iter().filter_map(|event| if let PbxEvent::Call(call) = event { Some(call) } else { None }).collect()
}

/// The calls that are not over, as the pipeline keeps them: folded from what was told.
pub(crate) fn journal(events: &[PbxEvent]) -> Vec<OpenCall> {
    let mut open: Vec<OpenCall> = Vec::new();
    for event in calls(events) {
        match open.iter().position(|known| known.record.call == event.call) {
            Some(place) if matches!(event.fact, CallFact::Ended { .. }) => drop(open.remove(place)),
            Some(place) => open[place].apply(event),
            None => open.push(OpenCall::begin(event)),
        }
    }
    open
}

pub(crate) fn records(events: &[PbxEvent]) -> Vec<CallRecord> {
    let record = |event: &'_ CallEvent| match &event.fact {
        CallFact::Ended { record, .. } => Some(record.clone()),
        _ => None,
    };
    calls(events).into_iter().filter_map(record).map(|record| *record).collect()
}

/// One event in a few words: `ringing 6001`.
pub(crate) fn words(event: &PbxEvent) -> String {
    let or_none = |value: Option<&str>| value.unwrap_or("-").to_owned();
    match event {
        PbxEvent::Agent(agent) => format!(
            "{} {} {} {}",
            agent.extension,
            serde_json::to_value(agent.state).unwrap().as_str().unwrap(),
            or_none(agent.queue.as_deref()),
            or_none(agent.reason.as_deref())
        ),
        PbxEvent::Call(call) => {
            let detail = match &call.fact {
                CallFact::Dialing { extension, number } => {
                    format!(" {extension} {}", or_none(number.as_ref().map(|n| n.as_str())))
                }
                CallFact::Queued { queue, .. } => format!(" {queue}"),
                CallFact::Dequeued { queue, reason } => format!(" {queue} {reason}"),
                CallFact::Missed { extension, reason } => {
                    format!(" {extension} {}", serde_json::to_value(reason).unwrap().as_str().unwrap())
                }
                CallFact::Ringing { extension } | CallFact::Answered { extension } => format!(" {extension}"),
                CallFact::Held { extension } | CallFact::Resumed { extension } => {
                    format!(" {}", or_none(extension.as_ref().map(|e| e.as_str())))
                }
                CallFact::Transferred { from, to, how } => {
                    format!(" {from} {} {}", to.as_str(), serde_json::to_value(how).unwrap().as_str().unwrap())
                }
                CallFact::Context { fields } => fields.iter().map(|(name, value)| format!(" {name}={value}")).collect(),
                CallFact::Ended { disposition, cause, .. } => {
                    format!(" {} {cause}", serde_json::to_value(disposition).unwrap().as_str().unwrap())
                }
                CallFact::Parked { slot } | CallFact::Unparked { slot } => format!(" {slot}"),
                CallFact::Conferenced { extensions } => format!(" {extensions:?}"),
                CallFact::Started | CallFact::Recording { .. } => String::new(),
            };
            format!("{}{detail}", call.name())
        }
    }
}
