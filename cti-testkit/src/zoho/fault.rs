//! What can go wrong on the way, on purpose.

use std::collections::VecDeque;
use std::time::Duration;

/// What the simulator does to a request instead of answering it properly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not carried out; that status with a page of something in between.
    Status(u16),
    /// Not carried out; that status and code in Zoho's envelope.
    Code(u16, &'static str),
    /// Not carried out; 429 because of concurrency.
    TooMany,
    /// Not carried out; 429 because the credits of 24 hours are used up.
    NoCredits,
    /// Not carried out; 429 in the older shape, whose `code` is a number.
    TooManyOldShape,
    /// Carried out, then the connection is closed without an answer.
    CloseBeforeAnswer,
    /// Carried out, then the answer is held back for so long.
    Stall(Duration),
    /// Not carried out; 200 with something that is not JSON.
    Garbage,
    /// Not carried out; a redirect to another host.
    Redirect(String),
}

impl Fault {
    /// True if the request takes effect all the same.
    pub(super) fn carries_out(&self) -> bool {
        matches!(self, Self::CloseBeforeAnswer | Self::Stall(_))
    }
}

/// Which requests a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Any of the CRM or PhoneBridge.
    Any,
    /// One that writes to the CRM or tells PhoneBridge something; queries by POST read.
    Writes,
    /// One of the accounts server.
    Tokens,
}

/// The faults to come.
#[derive(Debug, Default)]
pub(super) struct Faults(VecDeque<(Target, Fault)>);

impl Faults {
    pub(super) fn add(&mut self, target: Target, times: usize, fault: &Fault) {
        self.0.extend(std::iter::repeat_n((target, fault.clone()), times));
    }

    /// The fault for a request.
    pub(super) fn next(&mut self, of: Target) -> Option<Fault> {
        let fits = |target: Target| target == of || (target == Target::Any && of == Target::Writes);
        let index = self.0.iter().position(|(target, _)| fits(*target))?;
        self.0.remove(index).map(|(_, fault)| fault)
    }
}
