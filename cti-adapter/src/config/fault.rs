//! What is wrong with a configuration file.

use cti::core::Fault;
use std::fmt;

/// Everything that is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// Adds one.
    pub(crate) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault::new(path, message));
    }

    /// Adds what a connector says of its own section, at `path`, but for keys of which something was said already.
    pub(crate) fn below(&mut self, path: &str, faults: Vec<Fault>) {
        for fault in faults {
            let full = format!("{path}.{}", fault.path);
            if !self.0.iter().any(|told| full.starts_with(&told.path)) {
                self.add(full, fault.message);
            }
        }
    }

    /// A value that must be there. If it is not, that is a fault.
    pub(crate) fn required<T>(&mut self, path: impl Into<String>, value: Option<T>, what: &str) -> Option<T> {
        let path = path.into();
        // A value of the wrong kind was told already.
        if value.is_none() && !self.0.iter().any(|fault| fault.path == path) {
            self.add(path, format!("missing: {what}"));
        }
        value
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "the configuration has a mistake:")?,
            count => write!(f, "the configuration has {count} mistakes:")?,
        }
        for fault in &self.0 {
            match fault.path.as_str() {
                "" => write!(f, "\n  {}", fault.message)?,
                _ => write!(f, "\n  {fault}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
