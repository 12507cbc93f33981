//! What is wrong with a policy: all of it, each with its key.

use super::settings::{Policy, Watched};
use crate::fault::Fault;
use crate::number::{NumberSet, NumberingPlan};
use std::collections::BTreeSet;

/// A label longer than this fits on no screen.
const LONGEST_LABEL: usize = 64;
/// Longer than a day nothing waits.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

impl Policy {
    /// Everything that is wrong with it; empty if it can be used.
    pub fn faults(&self, plan: &NumberingPlan) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.scope_faults(plan, &mut faults);
        self.pop_faults(&mut faults);
        for (extension, agent) in &self.agents {
            let path = format!("agents.{extension}");
            if extension.trim().is_empty() {
                faults.push(Fault::new(&path, "the key is the extension of a telephone"));
            }
            numbers(&format!("{path}.blocked"), &agent.blocked, &mut faults);
        }
        if self.queues.keys().any(|queue| queue.trim().is_empty()) {
            faults.push(Fault::new("queues", "the key is the name of a queue"));
        }
        faults
    }

    fn scope_faults(&self, plan: &NumberingPlan, faults: &mut Vec<Fault>) {
        let scope = &self.scope;
        numbers("scope.system_numbers", &scope.system_numbers, faults);
        numbers("scope.blocked", &scope.blocked, faults);
        match &scope.watched {
            Watched::All => {}
            Watched::Only(chosen) => {
                if chosen.is_empty() {
                    faults.push(Fault::new("scope.watched.only", "is empty: nothing would ever pop"));
                }
                numbers("scope.watched.only", chosen, faults);
                let blocked = NumberSet::new(&scope.blocked, plan.clone());
                if chosen.iter().any(|number| blocked.contains(number)) {
                    let why = "one of these numbers is watched: `blocked` is for callers, `watched` for numbers called";
                    faults.push(Fault::new("scope.blocked", why));
                }
            }
            Watched::AllExcept(left_out) => numbers("scope.watched.all_except", left_out, faults),
        }
    }

    fn pop_faults(&self, faults: &mut Vec<Fault>) {
        let pop = &self.pop;
        for (key, value) in
            [("look_up_timeout_ms", pop.look_up_timeout_ms), ("notice_timeout_ms", pop.notice_timeout_ms)]
        {
            if value == 0 || value > LONGEST_MS {
                faults.push(Fault::new(format!("pop.{key}"), format!("must be 1 to {LONGEST_MS}")));
            }
        }
        if pop.delay_ms > LONGEST_MS {
            faults.push(Fault::new("pop.delay_ms", format!("must be 0 to {LONGEST_MS}")));
        }
        if pop.spellings == 0 {
            faults.push(Fault::new("pop.spellings", "must be 1 at least: the number as it came"));
        }
        for (key, label) in pop.withheld_labels.all() {
            if label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
                let why = format!("must be one line of {LONGEST_LABEL} characters at most");
                faults.push(Fault::new(format!("pop.withheld_labels.{key}"), why));
            }
        }
    }
}

fn numbers(path: &str, numbers: &BTreeSet<String>, faults: &mut Vec<Fault>) {
    if numbers.iter().any(|number| number.trim().is_empty()) {
        faults.push(Fault::new(path, "holds an empty number"));
    }
}
