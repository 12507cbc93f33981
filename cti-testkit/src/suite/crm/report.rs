//! What came out.

use super::Capability;
use cti_core::crm::CrmCapabilities;
use std::fmt;

/// What came out of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseOutcome {
    /// The sink does what it must.
    Passed,
    /// It does not.
    Failed(String),
    /// The sink says that it cannot do what the case is about.
    NotSupported,
    /// The rig cannot bring the case about.
    Impossible(&'static str),
}

/// What came out of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The cases in the order in which they ran.
    pub cases: Vec<(&'static str, CaseOutcome)>,
    capabilities: CrmCapabilities,
    exercised: Vec<Capability>,
}

impl Report {
    pub(super) fn new(capabilities: CrmCapabilities) -> Self {
        Self { cases: Vec::new(), capabilities, exercised: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &'static str, exercised: &[Capability], outcome: CaseOutcome) {
        if outcome == CaseOutcome::Passed {
            self.exercised.extend(exercised);
        }
        self.cases.push((name, outcome));
    }

    /// The capabilities that the sink has and no passed case exercised.
    pub fn unproved(&self) -> Vec<Capability> {
        let unproved =
            |capability: &Capability| capability.is_in(self.capabilities) && !self.exercised.contains(capability);
        Capability::ALL.into_iter().filter(unproved).collect()
    }

    /// The report, if nothing failed and every capability was exercised.
    ///
    /// # Errors
    /// What failed, one a line.
    pub fn verdict(self) -> Result<Self, Failures> {
        let failed = self.cases.iter().filter_map(|(name, outcome)| match outcome {
            CaseOutcome::Failed(why) => Some(format!("{name}: {why}")),
            _ => None,
        });
        let unproved = self.unproved().into_iter().map(|capability| format!("no case exercised {capability:?}"));
        let lines: Vec<String> = failed.chain(unproved).collect();
        if lines.is_empty() { Ok(self) } else { Err(Failures(lines)) }
    }
}

/// What a connector does wrong, one fault a line.
#[derive(Clone, PartialEq, Eq)]
pub struct Failures(pub Vec<String>);

/// Readable where a test prints it.
impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} failures", self.0.len())?;
        self.0.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Failures {}
