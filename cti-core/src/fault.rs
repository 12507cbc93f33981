//! What is wrong in a configuration: every fault at once, each with the path of its key.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// One thing that is wrong in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, as it stands in the configuration: `groups[1].members[0].extension`.
    pub path: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

impl Fault {
    /// A fault of the key `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl Fault {
    /// Nothing wrong, or everything that is in one error.
    ///
    /// # Errors
    /// `ConfigInvalid` if there is a fault.
    pub fn none(mut faults: Vec<Self>) -> Result<()> {
        match faults.len() {
            0 => Ok(()),
            1 => Err(faults.remove(0).into()),
            _ => {
                let all: Vec<String> = faults.iter().map(Self::to_string).collect();
                Err(Error::new(ErrorKind::ConfigInvalid, all.join("; ")))
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::config(fault.path, fault.message)
    }
}
