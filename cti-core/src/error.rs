//! One error for the whole family: what went wrong, whether trying again can help, where, and what the other
//! side said.

use std::fmt;
use std::time::Duration;

/// What every fallible function of the family returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Every kind has a stable [code](ErrorKind::code); `docs/errors.md` gives cause and cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or makes no sense. Nothing was sent.
    ConfigInvalid,
    /// The other side cannot do this (see its capabilities). Nothing was sent.
    Unsupported,
    /// The credentials were refused.
    Unauthenticated,
    /// The credentials are good, but lack the right for this.
    PermissionDenied,
    /// The thing named does not exist: a record, a channel, an extension.
    NotFound,
    /// Somebody else changed it meanwhile, or it exists already.
    Conflict,
    /// Too many requests, or the quota is used up.
    RateLimited,
    /// No answer in time.
    Timeout,
    /// The other side cannot be reached.
    Unreachable,
    /// What came over the wire is not what the protocol allows.
    Protocol,
    /// The other side understood and refused: a required field, an invalid value.
    Rejected,
    /// The phone is in use.
    Busy,
    /// The phone rang and nobody took it.
    NoAnswer,
    /// The local disk or database failed.
    Storage,
    /// A bug or something nobody foresaw.
    Unexpected,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::ConfigInvalid,
        Self::Unsupported,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::NotFound,
        Self::Conflict,
        Self::RateLimited,
        Self::Timeout,
        Self::Unreachable,
        Self::Protocol,
        Self::Rejected,
        Self::Busy,
        Self::NoAnswer,
        Self::Storage,
        Self::Unexpected,
    ];

    /// The stable code that appears in logs, metrics, HTTP answers and `docs/errors.md`.
    pub fn code(self) -> &'static str {
        match self {
            Self::ConfigInvalid => "config_invalid",
            Self::Unsupported => "unsupported",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Protocol => "protocol",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Storage => "storage",
            Self::Unexpected => "unexpected",
        }
    }
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Trying again gives the same answer.
    Permanent,
    /// Trying again later may work, and does no harm.
    Temporary,
    /// It was temporary, and all tries are used up.
    Exhausted,
    /// The request was sent and no answer came: it may have been carried out. Look before you repeat it.
    OutcomeUnknown,
}

/// What the other side said, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vendor {
    /// HTTP status, where the protocol is HTTP.
    pub http_status: Option<u16>,
    /// The vendor's error code, for example `GAIA_IA02`.
    pub code: Option<String>,
    /// The vendor's request id, to be named in a support case.
    pub request_id: Option<String>,
}

/// The error of the family.
///
/// [`Display`](fmt::Display) prints this layer only, in one line; the cause is in
/// [`source`](std::error::Error::source). No secret, no full telephone number and no query string may be put
/// into any of its texts: use [`crate::number::Number`], whose `Debug` is masked.
///
/// ```
/// use cti_core::{Error, ErrorKind, Status};
/// let error = Error::new(ErrorKind::RateLimited, "the quota of the day is used up")
///     .during("log_call")
///     .with("app", 14)
///     .retry_after(std::time::Duration::from_secs(60));
/// assert_eq!(error.status(), Status::Temporary);
/// assert_eq!(error.to_string(), "log_call: the quota of the day is used up (rate_limited, app=14)");
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    status: Status,
    message: String,
    operation: Option<&'static str>,
    context: Vec<(&'static str, String)>,
    vendor: Vendor,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with the usual status of its kind: what concerns the network, time or limits is temporary (also an answer
    /// that makes no sense: the page of a proxy, of a maintenance), the rest permanent.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let status = match kind {
            ErrorKind::RateLimited
            | ErrorKind::Timeout
            | ErrorKind::Unreachable
            | ErrorKind::Protocol
            | ErrorKind::Storage => Status::Temporary,
            _ => Status::Permanent,
        };
        Self(Box::new(Inner {
            kind,
            status,
            message: message.into(),
            operation: None,
            context: Vec::new(),
            vendor: Vendor::default(),
            retry_after: None,
            source: None,
        }))
    }

    /// An error about a setting; `path` is the key as it stands in the configuration file.
    pub fn config(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ConfigInvalid, message).with("key", path.into())
    }

    /// The answer to something that the capabilities say cannot be done.
    pub fn unsupported(operation: &'static str, why: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, why).during(operation)
    }

    /// Sets whether trying again can help.
    #[must_use]
    pub fn status_is(mut self, status: Status) -> Self {
        self.0.status = status;
        self
    }

    /// Names the operation that failed, in the words of the trait: `look_up`, `log_call`, `dial`.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Adds a fact that helps to find the cause. Never a secret or a full number.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// Adds what the other side said.
    #[must_use]
    pub fn vendor(mut self, vendor: Vendor) -> Self {
        self.0.vendor = vendor;
        self
    }

    /// Adds how long the other side asked us to wait.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether trying again can help.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// True if trying again later may work and does no harm.
    pub fn is_temporary(&self) -> bool {
        self.0.status == Status::Temporary
    }

    /// The message alone, without operation and context.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that failed.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The facts that were added, in order.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// What the other side said.
    pub fn vendor_part(&self) -> &Vendor {
        &self.0.vendor
    }

    /// This error and its causes in one line, for logs and for the doctor.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }

    /// How long the other side asked us to wait.
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{operation}: ")?;
        }
        write!(f, "{} ({}", self.0.message, self.0.kind.code())?;
        if self.0.status == Status::OutcomeUnknown {
            write!(f, ", outcome unknown")?;
        }
        for (key, value) in &self.0.context {
            write!(f, ", {key}={value}")?;
        }
        if let Some(status) = self.0.vendor.http_status {
            write!(f, ", http={status}")?;
        }
        if let Some(code) = &self.0.vendor.code {
            write!(f, ", vendor_code={code}")?;
        }
        if let Some(id) = &self.0.vendor.request_id {
            write!(f, ", request_id={id}")?;
        }
        write!(f, ")")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_documentation() {
        let page = include_str!("../../docs/errors.md");
        for kind in ErrorKind::ALL {
            assert!(page.contains(&format!("| `{}` |", kind.code())), "{} is not in docs/errors.md", kind.code());
        }
    }
}
