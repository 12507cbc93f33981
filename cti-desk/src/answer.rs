//! Refusals and errors as JSON: `{"code": …, "message": …}` with a fitting status.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cti_core::{Error, ErrorKind, Status};
use serde::Serialize;

/// Why a request was not carried out.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: RefusalBody,
}

#[derive(Debug, Serialize)]
struct RefusalBody {
    /// A code of `docs/errors.md`.
    code: &'static str,
    message: String,
    /// True if it may have been carried out all the same: look before you repeat it.
    outcome_unknown: bool,
}

impl Refusal {
    fn new(status: StatusCode, kind: ErrorKind, message: &str) -> Self {
        Self { status, body: RefusalBody { code: kind.code(), message: message.to_owned(), outcome_unknown: false } }
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorKind::Unauthenticated, "sign in with your agent token")
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorKind::PermissionDenied, message)
    }

    pub(crate) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, message)
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::Rejected, message)
    }

    pub(crate) fn not_json() -> Self {
        let message = "send the request as content-type application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorKind::Rejected, message)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::Rejected, "the request is too large")
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, ErrorKind::Timeout, "the request did not arrive in time")
    }

    pub(crate) fn too_many_pages() -> Self {
        let message = "this agent has too many pages open: close some";
        Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorKind::RateLimited, message)
    }
}

/// What the pipeline says. A refused password of the PBX or CRM is no fault of the agent's, hence no 401.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict | ErrorKind::Busy | ErrorKind::NoAnswer => StatusCode::CONFLICT,
            ErrorKind::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
            ErrorKind::Unauthenticated | ErrorKind::Protocol => StatusCode::BAD_GATEWAY,
            ErrorKind::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut refusal = Self::new(status, error.kind(), error.message());
        refusal.body.outcome_unknown = error.status() == Status::OutcomeUnknown;
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
