//! What PhoneBridge is told of a call.

use crate::call_log::{is_answered, recording, seconds};
use chrono::{DateTime, Utc};
use cti_core::call::{CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, Extension};
use cti_core::number::{Canonical, Number, NumberingPlan};

/// A form.
pub(crate) type Form = Vec<(&'static str, String)>;

/// What stands in place of a number that the caller withheld: Zoho wants one.
const ANONYMOUS: &str = "anonymous";

/// A call id in letters and digits alone, as Zoho's pages have it: what is none becomes `z` and its code.
pub(crate) fn wire_id(call: &CallId) -> String {
    call.as_str().bytes().fold(String::new(), |mut id, byte| {
        match byte {
            b'z' => id.push_str("z7a"),
            b if b.is_ascii_alphanumeric() => id.push(char::from(b)),
            other => id.push_str(&format!("z{other:02x}")),
        }
        id
    })
}

/// The call of which Zoho repeats the id.
pub(crate) fn call_of(id: &str) -> Option<CallId> {
    let mut bytes = Vec::new();
    let mut rest = id;
    while let Some(first) = rest.chars().next() {
        if first != 'z' {
            first.is_ascii_alphanumeric().then_some(())?;
            bytes.push(u8::try_from(first).ok()?);
            rest = &rest[1..];
        } else {
            bytes.push(u8::from_str_radix(rest.get(1..3)?, 16).ok()?);
            rest = &rest[3..];
        }
    }
    let text = String::from_utf8(bytes).ok().filter(|text| text.contains('/'))?;
    (text.len() <= 256).then(|| CallId::from(text))
}

/// The form for an event while the call goes on; `None` for what PhoneBridge has no word for, and for calls inside the
/// house.
pub(crate) fn of_event(event: &CallEvent, user: Option<&str>, plan: &NumberingPlan) -> Option<Form> {
    let (state, extension) = match &event.fact {
        CallFact::Ringing { extension } if event.direction == Direction::Inbound => ("ringing", extension),
        CallFact::Dialing { extension, .. } if event.direction == Direction::Outbound => ("ringing", extension),
        CallFact::Answered { extension } => ("answered", extension),
        _ => return None,
    };
    let customer = match (event.direction, &event.fact) {
        (Direction::Inbound, _) => event.caller.number.as_ref(),
        (Direction::Outbound, CallFact::Dialing { number, .. }) => event.dialed.as_ref().or(number.as_ref()),
        (Direction::Outbound, _) => event.dialed.as_ref(),
        (Direction::Internal, _) => return None,
    };
    let sides = Sides { direction: event.direction, customer, extension: Some(extension), user };
    Some(sides.form(&event.call, state, plan))
}

/// The form for the end of a call. `only_ended`: the service takes no other word for an end.
pub(crate) fn of_end(record: &CallRecord, user: Option<&str>, plan: &NumberingPlan, only_ended: bool) -> Option<Form> {
    if record.direction == Direction::Internal {
        return None;
    }
    let state = if only_ended { "ended" } else { end_state(record) };
    let extension = record.answered_by.as_ref().or_else(|| record.extensions.last());
    let sides = Sides { direction: record.direction, customer: record.customer_number(), extension, user };
    let mut form = sides.form(&record.call, state, plan);
    form.push(("start_time", start_time(record.started_at)));
    if state == "ended" {
        let talked = if is_answered(record) { seconds(record).max(1) } else { 0 };
        form.push(("duration", talked.to_string()));
    }
    if let Some(url) = recording(record) {
        form.push(("voiceuri", url.to_owned()));
    }
    Some(form)
}

/// The documented word for how a call ended.
fn end_state(record: &CallRecord) -> &'static str {
    match (record.direction, record.disposition) {
        _ if is_answered(record) => "ended",
        (Direction::Outbound, Disposition::Busy) => "busy",
        (Direction::Outbound, Disposition::Rejected) => "rejected",
        (Direction::Outbound, Disposition::Failed) => "notavailable",
        (Direction::Outbound, _) => "noanswer",
        _ => "missed",
    }
}

/// GMT, without a zone: ISO 8601 is refused.
fn start_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

struct Sides<'a> {
    direction: Direction,
    customer: Option<&'a Number>,
    extension: Option<&'a Extension>,
    user: Option<&'a str>,
}

impl Sides<'_> {
    fn form(&self, call: &CallId, state: &str, plan: &NumberingPlan) -> Form {
        let customer = self.customer.map_or_else(|| ANONYMOUS.to_owned(), |number| e164(number, plan));
        let agent = self.extension.map_or_else(|| ANONYMOUS.to_owned(), ToString::to_string);
        let (kind, from, to) = match self.direction {
            Direction::Outbound => ("dialed", agent, customer),
            _ => ("received", customer, agent),
        };
        let mut form = vec![
            ("type", kind.to_owned()),
            ("state", state.to_owned()),
            ("id", wire_id(call)),
            ("from", from),
            ("to", to),
        ];
        form.extend(self.user.map(|user| ("zohouser", user.to_owned())));
        form
    }
}

/// E.164 if the number has it, else as it came.
fn e164(number: &Number, plan: &NumberingPlan) -> String {
    let canonical = Canonical::of(number.as_str(), plan);
    canonical.as_ref().and_then(Canonical::e164).map_or_else(|| number.as_str().to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        /// An id comes back as the call that it was made of, and holds letters and digits alone.
        #[test]
        fn an_id_comes_back_as_its_call(native in "[a-z0-9.:#/é-]{1,40}") {
            let call = CallId::new("main", &native);
            let id = wire_id(&call);
            prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric()));
            prop_assert_eq!(call_of(&id), Some(call));
        }
    }

    #[test]
    fn what_is_no_id_of_ours_is_no_call() {
        for wrong in ["", "abc", "z", "z2", "zzz", "a'b", "日本", "main/1", "zff"] {
            assert_eq!(call_of(wrong), None, "{wrong}");
        }
    }
}
