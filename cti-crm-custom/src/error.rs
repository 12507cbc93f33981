//! What an answer means. No text of the other side, no address and no value gets into an error.

use cti_core::error::Vendor;
use cti_core::{Error, ErrorKind, Status};
use std::time::Duration;

/// Whether a request may be carried out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It reads.
    Harmless,
    /// It writes.
    Harmful,
}

impl Repeat {
    /// An error of which nobody knows whether the request was carried out.
    fn unsure(self, error: Error) -> Error {
        if self == Self::Harmful { error.status_is(Status::OutcomeUnknown) } else { error.status_is(Status::Temporary) }
    }
}

/// The network failed. `without_url`: the address holds the number.
pub(crate) fn transport(cause: reqwest::Error, repeat: Repeat) -> Error {
    let cause = cause.without_url();
    let (kind, text, sent) = if cause.is_builder() {
        (ErrorKind::Unexpected, "the request cannot be built", false)
    } else if cause.is_connect() {
        (ErrorKind::Unreachable, "no connection to the CRM", false)
    } else if cause.is_timeout() {
        (ErrorKind::Timeout, "the CRM did not answer in time", true)
    } else {
        (ErrorKind::Unreachable, "the connection broke before the answer was there", true)
    };
    let error = Error::new(kind, text).caused_by(cause);
    if sent { repeat.unsure(error) } else { error }
}

/// The time of the step is up.
pub(crate) fn late(repeat: Repeat, limit: Duration) -> Error {
    let error =
        Error::new(ErrorKind::Timeout, "the step did not come to an end in time").with("limit_ms", limit.as_millis());
    repeat.unsure(error)
}

/// The answer is longer than we read.
pub(crate) fn too_long(limit: usize, repeat: Repeat) -> Error {
    let error = Error::new(ErrorKind::Protocol, "the answer is too long").with("limit_bytes", limit);
    repeat.unsure(error)
}

/// A redirect that is not followed: it would carry the session to another place, or goes round in circles.
pub(crate) fn redirect(status: u16) -> Error {
    let text = "the CRM redirects to another host or too often: write the address that it redirects to";
    with_status(Error::new(ErrorKind::ConfigInvalid, text), status)
}

/// An answer with a status that is no success.
pub(crate) fn refused(status: u16, retry_after: Option<Duration>, repeat: Repeat) -> Error {
    let (kind, text) = match status {
        401 => (ErrorKind::Unauthenticated, "the CRM refuses the credentials or the session"),
        403 => (ErrorKind::PermissionDenied, "the CRM denies the right to do this"),
        404 | 410 => (ErrorKind::ConfigInvalid, "the CRM knows no such address"),
        405 => (ErrorKind::ConfigInvalid, "the CRM does not take this method: GET or POST?"),
        408 | 425 | 429 => (ErrorKind::RateLimited, "the CRM asks to slow down"),
        415 => (ErrorKind::ConfigInvalid, "the CRM does not take a body of this type"),
        500.. => (ErrorKind::Unreachable, "the CRM is out of order"),
        _ => (ErrorKind::Rejected, "the CRM refuses the request"),
    };
    let error = with_status(Error::new(kind, text), status);
    // 503 says that nothing was done.
    let error = if status >= 500 && status != 503 { repeat.unsure(error) } else { error };
    match retry_after {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

fn with_status(error: Error, status: u16) -> Error {
    error.vendor(Vendor { http_status: Some(status), ..Vendor::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_with_what_to_do_about_it() {
        let table = [
            (401, ErrorKind::Unauthenticated, Status::Permanent),
            (403, ErrorKind::PermissionDenied, Status::Permanent),
            (404, ErrorKind::ConfigInvalid, Status::Permanent),
            (422, ErrorKind::Rejected, Status::Permanent),
            (429, ErrorKind::RateLimited, Status::Temporary),
            (503, ErrorKind::Unreachable, Status::Temporary),
            (500, ErrorKind::Unreachable, Status::OutcomeUnknown),
        ];
        for (status, kind, expected) in table {
            let error = refused(status, None, Repeat::Harmful);
            assert_eq!((error.kind(), error.status()), (kind, expected), "{status}");
        }
        assert_eq!(refused(500, None, Repeat::Harmless).status(), Status::Temporary);
    }
}
