//! What it costs to decide whether a call pops, with one exception in the policy and with 10,000 of each kind: telephones,
//! queues, watched numbers, blocked callers.

use cti_bench::timing::{self, Contender};
use cti_core::call::{CallEvent, CallFact, CallId, Direction, EventId, Party};
use cti_core::number::{Number, NumberingPlan};
use cti_core::policy::{AgentPolicy, Policy, QueuePolicy, Rules, Watched};

fn rules(size: usize) -> Rules {
    let mut policy = Policy::default();
    policy.agents = (0..size).map(|at| (extension(at), AgentPolicy::default())).collect();
    policy.queues = (0..size).map(|at| (format!("queue {at}"), QueuePolicy::default())).collect();
    policy.scope.blocked = (0..size).map(|at| format!("0120{at:06}")).collect();
    policy.scope.watched = Watched::Only((0..size).map(did).collect());
    Rules::new(&policy, &NumberingPlan::japan())
}

fn extension(at: usize) -> String {
    (100_000 + at).to_string()
}

fn did(at: usize) -> String {
    format!("03{:08}", 30_000_000 + at)
}

fn ringing(at: usize) -> CallEvent {
    let call = CallId::new("main", &at.to_string());
    CallEvent {
        id: EventId::of(&call, "ringing:1"),
        call,
        seq: 1,
        at: chrono::DateTime::UNIX_EPOCH,
        fact: CallFact::Ringing { extension: extension(at).into() },
        direction: Direction::Inbound,
        caller: Party::known("0901234567", ""),
        dialed: Number::new(&did(at)),
    }
}

fn main() {
    let sizes = [1, 100, 10_000];
    let all: Vec<Rules> = sizes.iter().map(|&size| rules(size)).collect();
    let mut contenders: Vec<Contender<'_>> = all
        .iter()
        .zip(sizes)
        .map(|(rules, size)| {
            let events: Vec<CallEvent> = (0..size).map(ringing).collect();
            // Every event in turn, far from each other, so that the processor's cache is no help.
            let mut at = 0;
            Contender::new(format!("{size} telephones, queues, watched and blocked numbers"), move || {
                at = (at + 7_919) % size;
                let decided = rules.pop(&events[at], Some("queue 0")).expect("a moment at which calls pop");
                assert!(decided.yes, "{}", decided.rule);
                decided
            })
        })
        .collect();
    timing::run(&mut contenders);
    timing::print(&contenders);
}
