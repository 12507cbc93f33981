//! The decisions. Pure: the same event and the same rules give the same decision.

use super::rules::Rules;
use super::settings::{LogSeveral, Opens, OpensOfMany, PopSize, PopTiming};
use crate::call::{CallEvent, CallFact, CallRecord, Direction, Disposition, Extension, FactKind, Party};
use crate::crm::{Match, Matches};
use crate::number::Number;
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

/// Why a call pops or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The rules that were asked before and had nothing against it, in order.
    pub passed: Vec<&'static str>,
    /// The rule that decided.
    pub decided: Decision,
}

/// One rule: its key, and what it says of an event at a telephone; `None` has nothing against it.
type Rule = (&'static str, fn(&Rules, &CallEvent, Option<&str>) -> bool);

/// What keeps a call from everything, in the order in which it is asked: true is a no.
const SCOPE: &[Rule] = &[
    ("scope.internal", |rules, event, _| rules.is_internal(event.direction)),
    ("scope.system_numbers", |rules, event, _| rules.is_system(&event.caller)),
    ("scope.blocked", |rules, event, _| rules.is_blocked(&event.caller)),
    ("scope.watched", |rules, event, _| !rules.is_watched(event)),
    ("queues.pop", |rules, _, queue| rules.queue_is_silent(queue)),
    ("pop.withheld", |rules, event, _| rules.is_hidden_caller(event)),
];

/// What keeps it from the agent's screen.
const SCREEN: &[Rule] = &[
    ("agents.blocked", |rules, event, _| rules.is_blocked_here(event)),
    ("pop.size", |rules, _, _| rules.policy.pop.size == PopSize::Hidden),
];

impl Rules {
    /// Whether this event pops the call at the extension that it names; `queue` is the last queue of the call. `None` if
    /// the event is not one that could.
    pub fn pop(&self, event: &CallEvent, queue: Option<&str>) -> Option<Decision> {
        let moment = moment(&event.fact)?;
        let no = |rules: &'static [Rule]| rules.iter().find(|(_, against)| against(self, event, queue));
        if let Some((rule, _)) = no(SCOPE).or_else(|| no(SCREEN)) {
            return Some(Decision::no(rule));
        }
        let (timing, rule) = self.timing(event);
        if timing == PopTiming::Never {
            return Some(Decision::no(rule));
        }
        // A call picked up without ringing (or first seen after it rang) still pops when it is answered.
        let due = timing == moment || (timing == PopTiming::OnRing && moment == PopTiming::OnAnswer);
        due.then(|| Decision::yes(rule))
    }

    /// Why this event pops the call or does not: "why did nothing pop?" has an answer.
    pub fn explain(&self, event: &CallEvent, queue: Option<&str>) -> Explanation {
        let decided = self.pop(event, queue).unwrap_or(Decision::no(match moment(&event.fact) {
            Some(_) => self.timing(event).1,
            None => "not_a_moment",
        }));
        let asked = SCOPE.iter().chain(SCREEN).map(|(rule, _)| *rule);
        Explanation { passed: asked.take_while(|rule| *rule != decided.rule).collect(), decided }
    }

    /// Whether this event is told to CRMs that want to know of calls while they go on.
    pub fn notice(&self, event: &CallEvent, queue: Option<&str>) -> Decision {
        match SCOPE.iter().find(|(_, against)| against(self, event, queue)) {
            Some((rule, _)) => Decision::no(rule),
            None => Decision::yes("scope"),
        }
    }

    /// Whether the CRM of that name is told of such an event, and written to because of it.
    pub fn tells(&self, crm: &str, event: FactKind) -> Decision {
        let chosen = self.policy.crms.get(crm).and_then(|own| own.events.as_ref());
        match chosen {
            Some(chosen) if !chosen.contains(&event) => Decision::no("crms.events"),
            _ => Decision::yes("crms.events"),
        }
    }

    /// Whether this call is written to the call history.
    pub fn log(&self, record: &CallRecord) -> Decision {
        let numbers = record.dialed.iter().map(Number::as_str);
        let numbers = numbers.chain(record.extensions.iter().map(Extension::as_str));
        let queue = record.queue.as_ref().and_then(|queue| self.policy.queues.get(queue));
        let against = [
            ("scope.internal", self.is_internal(record.direction)),
            ("scope.system_numbers", self.is_system(&record.caller)),
            ("scope.blocked", self.is_blocked(&record.caller)),
            ("scope.watched", !self.watched.includes(numbers)),
            ("queues.log", queue.is_some_and(|queue| !queue.log)),
            ("merged", record.disposition == Disposition::Merged),
            ("log.unanswered", record.answered_at.is_none() && !self.policy.log.unanswered),
        ];
        match against.into_iter().find(|(_, against)| *against) {
            Some((rule, _)) => Decision::no(rule),
            None => Decision::yes("log"),
        }
    }

    /// Whether the entry of this call is begun when it is answered. `record` may be that of a call which goes on.
    pub fn begin_log(&self, record: &CallRecord) -> Decision {
        if !self.policy.log.at_answer {
            return Decision::no("log.at_answer");
        }
        if record.answered_at.is_none() {
            return Decision::no("not_answered");
        }
        // How it ends does not change what was begun.
        self.log(&CallRecord { disposition: Disposition::Answered, ..record.clone() })
    }

    /// The customer to whose record the call is written: never several.
    pub fn log_to<'a>(&self, matches: &'a Matches) -> Option<&'a Match> {
        match self.policy.log.several {
            LogSeveral::Nobody => matches.one(),
            LogSeveral::First => matches.found.first(),
        }
    }

    /// What of these matches a pop may open: all of them, the best one, or none (`None`).
    pub fn opens(&self, direction: Direction, matches: &Matches) -> Option<Matches> {
        let rules = self.policy.matches.of(direction);
        match matches.found.as_slice() {
            [] if rules.none == Opens::Nothing => None,
            [_] if !matches.more && rules.one == Opens::Nothing => None,
            [first, ..] if matches.one().is_none() => match rules.many {
                OpensOfMany::Offered => Some(matches.clone()),
                OpensOfMany::First => Some(Matches { found: vec![first.clone()], more: false }),
                OpensOfMany::Nothing => None,
            },
            _ => Some(matches.clone()),
        }
    }

    fn timing(&self, event: &CallEvent) -> (PopTiming, &'static str) {
        let pop = &self.policy.pop;
        let own = event.fact.extension().and_then(|extension| self.agents.get(extension.as_str()));
        let (general, special, rules) = match event.direction {
            Direction::Inbound => {
                (pop.inbound, own.and_then(|own| own.policy.inbound), ("pop.inbound", "agents.inbound"))
            }
            Direction::Outbound => {
                (pop.outbound, own.and_then(|own| own.policy.outbound), ("pop.outbound", "agents.outbound"))
            }
            Direction::Internal => (pop.internal, None, ("pop.internal", "pop.internal")),
        };
        special.map_or((general, rules.0), |special| (special, rules.1))
    }

    fn is_internal(&self, direction: Direction) -> bool {
        direction == Direction::Internal && !self.policy.scope.internal
    }

    fn is_system(&self, caller: &Party) -> bool {
        !self.policy.scope.system_calls
            && caller.number.as_ref().is_some_and(|number| self.system.contains(number.as_str()))
    }

    fn is_blocked(&self, caller: &Party) -> bool {
        caller.number.as_ref().is_some_and(|number| self.blocked.contains(number.as_str()))
    }

    fn is_watched(&self, event: &CallEvent) -> bool {
        let at_the_end = match &event.fact {
            CallFact::Ended { record, .. } => record.extensions.as_slice(),
            _ => &[],
        };
        let extensions = event.fact.extension().into_iter().chain(at_the_end).map(Extension::as_str);
        self.watched.includes(event.dialed.iter().map(Number::as_str).chain(extensions))
    }

    fn queue_is_silent(&self, queue: Option<&str>) -> bool {
        queue.and_then(|queue| self.policy.queues.get(queue)).is_some_and(|queue| !queue.pop)
    }

    fn is_hidden_caller(&self, event: &CallEvent) -> bool {
        event.direction == Direction::Inbound && event.caller.withheld.is_some() && !self.policy.pop.withheld
    }

    fn is_blocked_here(&self, event: &CallEvent) -> bool {
        let own = event.fact.extension().and_then(|extension| self.agents.get(extension.as_str()));
        let caller = event.caller.number.as_ref();
        own.zip(caller).is_some_and(|(own, caller)| own.blocked.contains(caller.as_str()))
    }
}

/// The moment at which an event could pop a call.
fn moment(fact: &CallFact) -> Option<PopTiming> {
    match fact {
        CallFact::Ringing { .. } | CallFact::Dialing { .. } => Some(PopTiming::OnRing),
        CallFact::Answered { .. } => Some(PopTiming::OnAnswer),
        _ => None,
    }
}
