//! What can be wrong with the settings, and with an answer.

use crate::error::{Error, ErrorKind};
use crate::template::TemplateError;
use std::fmt;

/// A mistake in [`CaptureSettings`](super::CaptureSettings): the key, and the place within its value, printed like the
/// error of a compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureError {
    key: String,
    place: TemplateError,
}

impl CaptureError {
    pub(super) fn new(key: impl Into<String>, place: TemplateError) -> Self {
        Self { key: key.into(), place }
    }

    /// The key, for instance `body.json.fields.NAME`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong with its value, and where.
    pub fn place(&self) -> &TemplateError {
        &self.place
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.place)
    }
}

impl std::error::Error for CaptureError {}

impl From<CaptureError> for Error {
    fn from(error: CaptureError) -> Self {
        Self::from(error.place).with("key", error.key)
    }
}

/// Why an answer could not be read. Nothing of the answer is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The status says failure.
    #[error("the answer has status {0}, which does not count as success")]
    Status(u16),
    /// The body is too large.
    #[error("the answer has more than {} bytes, and is not read", super::MAX_BODY)]
    TooLarge,
    /// The body is no JSON.
    #[error("the answer is no JSON (line {line}, column {column})")]
    NotJson {
        /// The line of the body, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::new(ErrorKind::Protocol, error.to_string())
    }
}
