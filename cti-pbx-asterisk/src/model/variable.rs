//! What the dial plan attaches to a call: `VarSet` (recordings, `CTI_…`, lengths of talk) and `UserEvent`.

use super::CallModel;
use super::channel::Uid;
use super::text::{cut, field, fields, unescape};
use crate::ami::Message;
use chrono::TimeDelta;
use cti_core::call::{CallFact, Recording};

/// `VarSet`: nearly half of all events; only a few names mean something.
pub(super) fn var_set(model: &mut CallModel, message: &Message) {
    if !model.awaiting.is_empty() {
        model.touch(message, "");
    }
    let [Some(name), Some(value)] = fields(message, ["Variable", "Value"]) else { return };
    match name.as_ref() {
        "MIXMONITOR_FILENAME" => recording(model, message, &unescape(&value)),
        "ANSWEREDTIME_MS" => answered_ms(model, message, &value),
        "DIALEDTIME_MS" => dial_over(model, message),
        _ => {
            let plain = name.trim_start_matches('_');
            if model.context_prefixes.iter().any(|prefix| plain.starts_with(prefix.as_str())) {
                context(model, message, plain, &unescape(&value));
            }
        }
    }
}

/// `UserEvent`: data of an application. Without a channel it belongs to no call.
pub(super) fn user_event(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let name = field(message, "UserEvent").map_or_else(String::new, |name| name.into_owned());
    let mut names = Vec::new();
    let mut count = 0;
    let Some(call) = model.call_of(&uid) else { return };
    for (key, value) in message.headers() {
        let key = String::from_utf8_lossy(key);
        if !is_of_the_channel(&key)
            && let Some(changes) = call.attach(&key, &unescape(&String::from_utf8_lossy(value)))
        {
            count = count.max(changes);
            names.push(key.into_owned());
        }
    }
    if !names.is_empty() {
        attached(model, &uid, &format!("UserEvent:{name}"), count, &names);
    }
}

/// Headers that every event about a channel carries.
fn is_of_the_channel(key: &str) -> bool {
    const OWN: [&str; 24] = [
        "Event",
        "Privilege",
        "Timestamp",
        "SystemName",
        "SequenceNumber",
        "File",
        "Line",
        "Func",
        "ActionID",
        "Channel",
        "ChannelState",
        "ChannelStateDesc",
        "CallerIDNum",
        "CallerIDName",
        "ConnectedLineNum",
        "ConnectedLineName",
        "Language",
        "AccountCode",
        "Context",
        "Exten",
        "Priority",
        "Uniqueid",
        "Linkedid",
        "ChanVariable",
    ];
    key.is_empty() || OWN.iter().any(|own| key.eq_ignore_ascii_case(own))
}

fn context(model: &mut CallModel, message: &Message, name: &str, value: &str) {
    let Some(uid) = model.touch(message, "") else { return };
    if let Some(count) = model.call_of(&uid).and_then(|call| call.attach(name, value)) {
        attached(model, &uid, name, count, &[name.to_owned()]);
    }
}

fn attached(model: &mut CallModel, uid: &Uid, what: &str, count: u32, names: &[String]) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(fields) = model.call_of(uid).map(|call| call.attached(&names)) else { return };
    let what = if count > 1 { format!("context:{uid}:{what}:{count}") } else { format!("context:{uid}:{what}") };
    model.tell_of(uid, what, CallFact::Context { fields });
}

fn recording(model: &mut CallModel, message: &Message, file: &str) {
    let Some(uid) = model.touch(message, "") else { return };
    let file = cut(file, 1024);
    let is_news = model.call_of(&uid).is_some_and(|call| call.add_recording(Recording::File(file.to_owned())));
    if is_news {
        let fact = CallFact::Recording { file: Some(file.to_owned()), url: None };
        model.tell_of(&uid, format!("recording:{uid}:{file}"), fact);
    }
}

/// `ANSWEREDTIME_MS`: how long the device that answered was up. `DIALEDTIME_MS` follows at the same instant; a replay
/// knows only with that when the dial ended.
fn answered_ms(model: &mut CallModel, message: &Message, value: &str) {
    let Some(uid) = model.touch(message, "") else { return };
    if let Some(channel) = model.channels.get_mut(&uid) {
        channel.answered_ms = value.parse().ok().filter(|&ms| ms >= 0);
    }
}

/// `DIALEDTIME_MS`: a dial that was answered is over. The answer was `ANSWEREDTIME_MS` ago: later than it seemed where
/// the events carry no time.
fn dial_over(model: &mut CallModel, message: &Message) {
    let Some(uid) = model.touch(message, "") else { return };
    let Some(ms) = model.channels.get_mut(&uid).and_then(|channel| channel.answered_ms.take()) else { return };
    let Some(leg) = model.call_of(&uid).and_then(|call| call.last_answer.clone()) else { return };
    let dialer = model.channels.get(&leg.leg).and_then(|channel| channel.dialed_by.clone());
    if dialer.as_ref() != Some(&uid) && model.channels.root_dialer(&leg.leg).as_ref() != Some(&uid) {
        return;
    }
    let now = model.now;
    let Some(call) = model.call_of(&uid) else { return };
    let Some(at) = TimeDelta::try_milliseconds(ms).and_then(|ago| call.clock(now).checked_sub_signed(ago)) else {
        return;
    };
    if leg.first {
        call.answered_at = call.answered_at.map(|known| known.max(at));
    }
    call.watch.talk_began(at);
}
