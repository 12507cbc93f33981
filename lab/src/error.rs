//! What can go wrong in the lab.

/// A lab error says what was tried and what came of it, with the log of the program that failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct LabError {
    what: String,
}

/// The result of an action of the lab.
pub type Result<T> = std::result::Result<T, LabError>;

impl LabError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Adds to any error what was being tried.
pub(crate) trait Context<T> {
    fn context(self, what: &str) -> Result<T>;
}

impl<T, E: std::fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: &str) -> Result<T> {
        self.map_err(|error| LabError::new(format!("{what}: {error}")))
    }
}

/// The last lines of a log file, or a word that there is none.
pub(crate) fn tail(path: &std::path::Path, lines: usize) -> String {
    let Ok(bytes) = std::fs::read(path) else {
        return format!("(no {})", path.display());
    };
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
