//! The decisions. Pure: the same event and the same policy give the same decision.

use super::settings::{Policy, PopTiming};
use crate::call::{CallEvent, CallFact, CallRecord, Direction, Disposition, Extension};
use serde::Serialize;

/// Yes or no, and the rule that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Do it.
    pub yes: bool,
    /// The setting that decided, by its key in the configuration file.
    pub rule: &'static str,
}

impl Decision {
    fn yes(rule: &'static str) -> Self {
        Self { yes: true, rule }
    }

    fn no(rule: &'static str) -> Self {
        Self { yes: false, rule }
    }
}

/// Whether this event pops the call at the extension that it names. `None` if the event is not one that could.
///
/// ```
/// # use cti_core::{call::*, number::Number, policy::*};
/// # let call = CallId::new("main", "1.1");
/// # let event = CallEvent { id: EventId::of(&call, "ringing:1.2"), call, seq: 2, at: chrono::Utc::now(),
/// #   fact: CallFact::Ringing { extension: "6001".into() }, direction: Direction::Inbound,
/// #   caller: Party::known("0901234567", "Taro"), dialed: Number::new("0312345000") };
/// let mut policy = Policy::default();
/// assert!(pop_decision(&event, &policy).is_some_and(|decision| decision.yes));
/// policy.pop.inbound = PopTiming::Never;
/// assert_eq!(pop_decision(&event, &policy).map(|decision| decision.rule), Some("pop.inbound"));
/// ```
pub fn pop_decision(event: &CallEvent, policy: &Policy) -> Option<Decision> {
    let (timing, rule) = match event.direction {
        Direction::Inbound | Direction::Internal => (policy.pop.inbound, "pop.inbound"),
        Direction::Outbound => (policy.pop.outbound, "pop.outbound"),
    };
    let wanted = match &event.fact {
        CallFact::Ringing { .. } | CallFact::Dialing { .. } => PopTiming::OnRing,
        CallFact::Answered { .. } => PopTiming::OnAnswer,
        _ => return None,
    };
    let extension = event.fact.extension();
    if let Some(no) = outside_scope(event.direction, event, extension, policy) {
        return Some(no);
    }
    if timing == PopTiming::Never {
        return Some(Decision::no(rule));
    }
    if event.direction == Direction::Inbound && event.caller.withheld.is_some() && !policy.pop.withheld {
        return Some(Decision::no("pop.withheld"));
    }
    // A call picked up without ringing (or first seen after it rang) still pops when it is answered.
    let due = timing == wanted || (timing == PopTiming::OnRing && wanted == PopTiming::OnAnswer);
    due.then(|| Decision::yes(rule))
}

/// Whether this call is written to the call history.
pub fn log_decision(record: &CallRecord, policy: &Policy) -> Decision {
    if record.direction == Direction::Internal && !policy.scope.internal {
        return Decision::no("scope.internal");
    }
    let numbers = record.dialed.iter().map(|number| number.as_str());
    let numbers = numbers.chain(record.extensions.iter().map(Extension::as_str));
    if is_system_number(record.caller.number.as_ref().map(|number| number.as_str()), policy) {
        return Decision::no("scope.system_numbers");
    }
    if !policy.scope.watched.includes(numbers) {
        return Decision::no("scope.watched");
    }
    if record.disposition == Disposition::Merged {
        return Decision::no("merged");
    }
    if record.answered_at.is_none() && !policy.log.unanswered {
        return Decision::no("log.unanswered");
    }
    Decision::yes("log")
}

/// Whether this event is told to CRMs that want to know of calls while they go on.
pub fn notice_decision(event: &CallEvent, policy: &Policy) -> Decision {
    if let Some(no) = outside_scope(event.direction, event, event.fact.extension(), policy) {
        return no;
    }
    if event.direction == Direction::Inbound && event.caller.withheld.is_some() && !policy.pop.withheld {
        return Decision::no("pop.withheld");
    }
    Decision::yes("scope")
}

fn outside_scope(
    direction: Direction,
    event: &CallEvent,
    extension: Option<&Extension>,
    policy: &Policy,
) -> Option<Decision> {
    if direction == Direction::Internal && !policy.scope.internal {
        return Some(Decision::no("scope.internal"));
    }
    if is_system_number(event.caller.number.as_ref().map(|number| number.as_str()), policy) {
        return Some(Decision::no("scope.system_numbers"));
    }
    let numbers = event.dialed.iter().map(|number| number.as_str()).chain(extension.map(Extension::as_str));
    let at_the_end = match &event.fact {
        CallFact::Ended { record, .. } => record.extensions.as_slice(),
        _ => &[],
    };
    let numbers = numbers.chain(at_the_end.iter().map(Extension::as_str));
    (!policy.scope.watched.includes(numbers)).then(|| Decision::no("scope.watched"))
}

fn is_system_number(caller: Option<&str>, policy: &Policy) -> bool {
    caller.is_some_and(|caller| policy.scope.system_numbers.contains(caller))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, EventId, OpenCall, Party, Withheld};
    use crate::number::Number;
    use crate::policy::Watched;
    use std::collections::BTreeSet;

    fn event(direction: Direction, caller: Party, fact: CallFact) -> CallEvent {
        let call = CallId::new("main", "1.1");
        CallEvent {
            id: EventId::of(&call, "x"),
            call,
            seq: 1,
            at: chrono::Utc::now(),
            fact,
            direction,
            caller,
            dialed: Number::new("0312345000"),
        }
    }

    fn ringing(direction: Direction, caller: Party) -> CallEvent {
        event(direction, caller, CallFact::Ringing { extension: "6001".into() })
    }

    fn rule(event: &CallEvent, policy: &Policy) -> Option<(bool, &'static str)> {
        pop_decision(event, policy).map(|decision| (decision.yes, decision.rule))
    }

    #[test]
    fn each_rule_decides_and_is_named() {
        let taro = || Party::known("0901234567", "Taro");
        let default = Policy::default();
        let inbound = ringing(Direction::Inbound, taro());
        assert_eq!(rule(&inbound, &default), Some((true, "pop.inbound")));
        assert_eq!(rule(&ringing(Direction::Internal, taro()), &default), Some((false, "scope.internal")));
        let monitor = ringing(Direction::Inbound, Party::known("9999", ""));
        assert_eq!(rule(&monitor, &default), Some((false, "scope.system_numbers")));

        let mut policy = Policy::default();
        policy.scope.watched = Watched::Only(BTreeSet::from(["0399999999".to_owned()]));
        assert_eq!(rule(&inbound, &policy), Some((false, "scope.watched")));
        policy.scope.watched = Watched::Only(BTreeSet::from(["6001".to_owned()]));
        assert_eq!(rule(&inbound, &policy), Some((true, "pop.inbound")));

        let mut policy = Policy::default();
        policy.pop.withheld = false;
        let hidden = ringing(Direction::Inbound, Party::withheld(Withheld::RejectedByUser));
        assert_eq!(rule(&hidden, &policy), Some((false, "pop.withheld")));
        assert_eq!(rule(&hidden, &default), Some((true, "pop.inbound")));
    }

    #[test]
    fn pop_on_answer_waits_for_the_answer() {
        let mut policy = Policy::default();
        policy.pop.inbound = PopTiming::OnAnswer;
        let caller = Party::known("0901234567", "");
        assert_eq!(rule(&ringing(Direction::Inbound, caller.clone()), &policy), None);
        let answered = event(Direction::Inbound, caller, CallFact::Answered { extension: "6001".into() });
        assert_eq!(rule(&answered, &policy), Some((true, "pop.inbound")));
    }

    #[test]
    fn unanswered_and_merged_calls_follow_the_log_policy() {
        let open = OpenCall::begin(&ringing(Direction::Inbound, Party::known("0901234567", "")));
        let missed = open.clone().finish(chrono::Utc::now(), Disposition::Missed, "no answer");
        let mut policy = Policy::default();
        assert!(log_decision(&missed, &policy).yes);
        policy.log.unanswered = false;
        assert_eq!(log_decision(&missed, &policy).rule, "log.unanswered");
        let merged = open.finish(chrono::Utc::now(), Disposition::Merged, "merged");
        assert_eq!(log_decision(&merged, &Policy::default()).rule, "merged");
    }
}
