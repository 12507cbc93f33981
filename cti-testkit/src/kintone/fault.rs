//! What can go wrong on the way, on purpose.

use std::collections::VecDeque;
use std::time::Duration;

/// What the simulator does to a request instead of answering it properly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not carried out; that status, with kintone's code and body where it has one (429: `GAIA_TO04`).
    Status(u16),
    /// Not carried out; 503 with a plain text, as during maintenance.
    Maintenance503,
    /// Not carried out; 401 with HTML, as from the gate in front of kintone.
    Html401,
    /// Carried out, then the connection is closed without an answer.
    CloseBeforeAnswer,
    /// Carried out, then the answer is held back for so long.
    Stall(Duration),
    /// Not carried out; 200 with something that is not JSON.
    Garbage,
    /// Not carried out; 200 with an endless JSON text of 8 MiB.
    HugeBody,
    /// Not carried out; a redirect to another host.
    Redirect(String),
    /// Not carried out; that status and code in a proper error body.
    Code(u16, &'static str),
}

impl Fault {
    /// True if the request takes effect all the same.
    pub(crate) fn carries_out(&self) -> bool {
        matches!(self, Self::CloseBeforeAnswer | Self::Stall(_))
    }
}

/// The faults to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, times: usize, fault: &Fault) {
        self.0.extend(std::iter::repeat_n(fault.clone(), times));
    }

    pub(crate) fn next(&mut self) -> Option<Fault> {
        self.0.pop_front()
    }
}
