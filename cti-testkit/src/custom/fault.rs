//! What can go wrong on the way, on purpose.

use std::time::Duration;

/// What the simulator does to a request instead of answering it properly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not carried out; that status.
    Status(u16),
    /// Carried out; the answer never comes.
    NeverAnswers,
    /// Carried out; the answer comes after so long.
    Late(Duration),
    /// Carried out; the connection is closed without an answer.
    Closes,
    /// Carried out; the connection is closed in the middle of the body.
    ClosesInTheMiddle,
    /// Not carried out; 200 with a JSON text of so many bytes.
    Huge(usize),
    /// Not carried out; 200 with a web page where JSON is wanted.
    WrongContentType,
    /// Not carried out; a redirect.
    Redirect(String),
}

impl Fault {
    /// True if the request takes effect all the same.
    pub(super) fn carries_out(&self) -> bool {
        matches!(self, Self::NeverAnswers | Self::Late(_) | Self::Closes | Self::ClosesInTheMiddle)
    }
}

/// The faults to come.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(String, Fault)>);

impl Faults {
    pub(super) fn add(&mut self, path: &str, times: usize, fault: &Fault) {
        self.0.extend(std::iter::repeat_n((path.to_owned(), fault.clone()), times));
    }

    /// The fault for a request to that path.
    pub(super) fn next(&mut self, path: &str) -> Option<Fault> {
        let place = self.0.iter().position(|(wanted, _)| path.starts_with(wanted.as_str()))?;
        Some(self.0.remove(place).1)
    }
}
