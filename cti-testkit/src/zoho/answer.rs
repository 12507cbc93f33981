//! Answers as Zoho writes them.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer: a status, and JSON unless there is nothing to say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
}

/// Either is an answer; `?` ends with the refusal.
pub(super) type Outcome = Result<Answer, Answer>;

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body) }
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    /// Nothing was found: 204, no body, no content type.
    pub(super) fn nothing() -> Self {
        Self { status: 204, body: None }
    }

    /// The error envelope of the CRM and of PhoneBridge.
    pub(super) fn refuse(status: u16, code: &str, message: &str, details: Value) -> Self {
        Self::json(status, envelope(code, message, details))
    }
}

/// `{"code","details","message","status":"error"}`: a whole answer, or one entry of `data`.
pub(super) fn envelope(code: &str, message: &str, details: Value) -> Value {
    json!({"code": code, "details": details, "message": message, "status": "error"})
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self.body {
            Some(body) => {
                (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body.to_string()).into_response()
            }
            None => status.into_response(),
        }
    }
}

/// Tells how many credits of the day are left. Name and form of the header are not in Zoho's reference.
pub(super) fn with_credits(mut response: Response, left: u64) -> Response {
    response.headers_mut().insert(HeaderName::from_static("x-api-credits-remaining"), HeaderValue::from(left));
    response
}
