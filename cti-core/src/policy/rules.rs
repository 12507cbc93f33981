//! A policy made ready for deciding: what it costs to decide does not depend on how much stands in it.

use super::exceptions::AgentPolicy;
use super::settings::{Policy, Watched};
use crate::number::{NumberSet, NumberingPlan};
use std::collections::{BTreeSet, HashMap};

/// A policy made ready for deciding.
///
/// ```
/// # use cti_core::{call::*, number::*, policy::*};
/// # let call = CallId::new("main", "1.1");
/// # let event = CallEvent { id: EventId::of(&call, "ringing:1.2"), call, seq: 2, at: chrono::Utc::now(),
/// #   fact: CallFact::Ringing { extension: "6001".into() }, direction: Direction::Inbound,
/// #   caller: Party::known("0901234567", "Taro"), dialed: Number::new("+81 3-1234-5000") };
/// let mut policy = Policy::default();
/// policy.scope.watched = Watched::Only(["03-1234-5000".to_owned()].into());
/// let rules = Rules::new(&policy, &NumberingPlan::japan());
/// assert!(rules.pop(&event, None).is_some_and(|decision| decision.yes), "+81 3 … is 03 …");
/// policy.pop.inbound = PopTiming::Never;
/// let explained = Rules::new(&policy, &NumberingPlan::japan()).explain(&event, None);
/// assert_eq!(explained.decided.rule, "pop.inbound");
/// assert_eq!(explained.decided.words(Language::English), "calls from outside never pop (pop.inbound)");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(super) policy: Policy,
    pub(super) watched: WatchedSet,
    pub(super) system: NumberSet,
    pub(super) blocked: NumberSet,
    pub(super) agents: HashMap<String, AgentRules>,
}

/// The watched numbers.
#[derive(Debug, Clone, Default)]
pub(super) enum WatchedSet {
    #[default]
    All,
    Only(NumberSet),
    AllExcept(NumberSet),
}

/// What is otherwise for one telephone.
#[derive(Debug, Clone, Default)]
pub(super) struct AgentRules {
    pub(super) policy: AgentPolicy,
    pub(super) blocked: NumberSet,
}

impl Rules {
    /// Makes a policy ready; numbers in it are read as numbers of that plan.
    pub fn new(policy: &Policy, plan: &NumberingPlan) -> Self {
        let set = |numbers: &BTreeSet<String>| NumberSet::new(numbers, plan.clone());
        let watched = match &policy.scope.watched {
            Watched::All => WatchedSet::All,
            Watched::Only(chosen) => WatchedSet::Only(set(chosen)),
            Watched::AllExcept(left_out) => WatchedSet::AllExcept(set(left_out)),
        };
        let agent = |agent: &AgentPolicy| AgentRules { policy: agent.clone(), blocked: set(&agent.blocked) };
        Self {
            watched,
            system: set(&policy.scope.system_numbers),
            blocked: set(&policy.scope.blocked),
            agents: policy.agents.iter().map(|(extension, rules)| (extension.clone(), agent(rules))).collect(),
            policy: policy.clone(),
        }
    }

    /// The policy that it was made of.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl WatchedSet {
    /// True if one of the numbers counts.
    pub(super) fn includes<'a>(&self, mut numbers: impl Iterator<Item = &'a str>) -> bool {
        match self {
            Self::All => true,
            Self::Only(chosen) => numbers.any(|number| chosen.contains(number)),
            Self::AllExcept(left_out) => !numbers.any(|number| left_out.contains(number)),
        }
    }
}
