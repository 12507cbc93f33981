//! Events and records in a few words, to be compared.

use cti::core::call::{CallFact, CallId, PbxEvent, TransferHow};
use serde_json::Value;

/// An event as `ringing 6001`.
pub fn words(event: &PbxEvent) -> String {
    let event = match event {
        PbxEvent::Call(event) => event,
        PbxEvent::Agent(agent) => {
            let reason = agent.reason.as_ref().map(|reason| format!(" {reason}")).unwrap_or_default();
            return format!("agent {} {}{reason}", agent.extension, word(&agent.state));
        }
    };
    let name = event.name();
    match &event.fact {
        CallFact::Dialing { extension, number } => {
            format!("{name} {extension} {}", number.as_ref().map_or("-", |number| number.as_str()))
        }
        CallFact::Queued { queue, .. } => format!("{name} {queue}"),
        CallFact::Dequeued { queue, reason } => format!("{name} {queue} {reason}"),
        CallFact::Missed { extension, reason } => format!("{name} {extension} {}", word(reason)),
        CallFact::Transferred { from, to, how } => {
            let how = if *how == TransferHow::Blind { "blind" } else { "attended" };
            format!("{name} {from} {} {how}", to.as_str())
        }
        CallFact::Parked { slot } | CallFact::Unparked { slot } => format!("{name} {slot}"),
        CallFact::Conferenced { extensions } => {
            let names: Vec<_> = extensions.iter().map(|extension| extension.as_str()).collect();
            format!("{name} {}", names.join(" "))
        }
        CallFact::Ended { disposition, .. } => format!("{name} {}", word(disposition)),
        fact => fact.extension().map_or_else(|| name.to_owned(), |extension| format!("{name} {extension}")),
    }
}

fn word(what: &impl serde::Serialize) -> String {
    serde_json::to_value(what).unwrap().as_str().unwrap().to_owned()
}

/// What was told of one call, without agents and other calls.
pub fn facts(events: &[PbxEvent], call: &CallId) -> Vec<String> {
    let of_call = |event: &&PbxEvent| matches!(event, PbxEvent::Call(event) if event.call == *call);
    events.iter().filter(of_call).map(words).collect()
}

/// A field of a record of kintone, as text.
pub fn field<'a>(record: &'a Value, code: &str) -> &'a str {
    record[code]["value"].as_str().unwrap_or_default()
}
