//! What went wrong. No text of the other side, no address and no value gets into an error.

use cti_core::{Error, ErrorKind, Status};
use cti_http::{Repeat, Reply};
use std::time::Duration;

/// How errors call the other side.
pub(crate) const SIDE: &str = "the CRM";

/// An error of which nobody knows whether the request was carried out.
pub(crate) fn unsure(error: Error, repeat: Repeat) -> Error {
    error.status_is(if repeat == Repeat::Harmful { Status::OutcomeUnknown } else { Status::Temporary })
}

/// The time of the step is up.
pub(crate) fn late(repeat: Repeat, limit: Duration) -> Error {
    let error = Error::new(ErrorKind::Timeout, "the step did not come to an end in time");
    unsure(error.with("limit_ms", limit.as_millis()), repeat)
}

/// A redirect that is not followed: it would carry the session to another place, or goes round in circles.
pub(crate) fn redirect(reply: &Reply) -> Error {
    let text = "the CRM redirects to another host or too often: write the address that it redirects to";
    reply.error(ErrorKind::ConfigInvalid, text)
}

/// An answer with a status that is no success.
pub(crate) fn refused(reply: &Reply) -> Error {
    let mistake = |text: &str| reply.error(ErrorKind::ConfigInvalid, text);
    match reply.status {
        // What was written wrong is no fault of the call.
        404 | 410 => mistake("the CRM knows no such address"),
        405 => mistake("the CRM does not take this method: GET or POST?"),
        415 => mistake("the CRM does not take a body of this type"),
        _ => reply.error_by_status(),
    }
}
