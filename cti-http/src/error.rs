//! What failed on the way, in our words. Addresses are left out: they hold queries, and queries hold numbers.

use crate::reply::Repeat;
use cti_core::error::Vendor;
use cti_core::{Error, ErrorKind, Status};

/// The network failed.
pub(crate) fn transport(side: &str, cause: reqwest::Error, repeat: Repeat) -> Error {
    let cause = cause.without_url();
    let (kind, text) = match (cause.is_connect(), cause.is_timeout()) {
        (true, _) => (ErrorKind::Unreachable, format!("no connection to {side}")),
        (false, true) => (ErrorKind::Timeout, format!("{side} did not answer in time")),
        (false, false) if cause.is_builder() => (ErrorKind::Unexpected, "the request cannot be built".to_owned()),
        (false, false) => (ErrorKind::Unreachable, "the connection broke before the answer was there".to_owned()),
    };
    let sent = !cause.is_connect() && !cause.is_builder();
    let error = Error::new(kind, text).caused_by(cause);
    if sent && repeat == Repeat::Harmful { error.status_is(Status::OutcomeUnknown) } else { error }
}

/// The answer is longer than anything we ask for.
pub(crate) fn too_big(side: &str, status: u16, repeat: Repeat) -> Error {
    let text = format!("the answer is too big: something stands between us and {side}");
    let error = Error::new(ErrorKind::Protocol, text);
    let error = error.vendor(Vendor { http_status: Some(status), ..Vendor::default() });
    error.status_is(if repeat == Repeat::Harmful { Status::OutcomeUnknown } else { Status::Temporary })
}

/// What a status means where nothing else says more.
pub(crate) fn by_status(side: &str, status: u16) -> (ErrorKind, String) {
    match status {
        200..=299 => {
            (ErrorKind::Protocol, format!("the answer makes no sense: something stands between us and {side}"))
        }
        300..=399 => (ErrorKind::ConfigInvalid, format!("{side} answers with a redirect: check the address")),
        401 => (ErrorKind::Unauthenticated, format!("{side} refuses the credentials")),
        402 | 403 => (ErrorKind::PermissionDenied, format!("{side} denies the permission")),
        404 | 410 => (ErrorKind::NotFound, format!("{side} does not find it")),
        405 => (ErrorKind::ConfigInvalid, format!("{side} does not take this method at this address")),
        408 => (ErrorKind::Timeout, format!("{side} did not get the request in time")),
        409 => (ErrorKind::Conflict, "somebody else changed it meanwhile".to_owned()),
        429 => (ErrorKind::RateLimited, "too many requests".to_owned()),
        503 => (ErrorKind::Unreachable, format!("{side} is under maintenance or overloaded")),
        500.. => (ErrorKind::Unreachable, format!("{side} is out of order")),
        _ => (ErrorKind::Rejected, format!("{side} refuses the request")),
    }
}
