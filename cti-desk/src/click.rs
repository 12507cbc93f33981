//! Click-to-dial from the pages of a CRM: the only route that another origin may use.

use crate::answer::Refusal;
use crate::api;
use crate::running::Inner;
use crate::security;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use cti_core::command::Outcome;
use std::sync::Arc;

pub(crate) const PATH: &str = "/click-to-dial";

pub(crate) async fn click(
    State(desk): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Outcome>, Refusal> {
    let who = security::writer(&desk, &headers)?;
    api::place(&desk, who, security::read_json(&desk, &headers, body).await?).await
}

/// The question of a browser whether the page may ask; the door has answered it already.
pub(crate) async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The origin of a CRM page that may ask what this request asks.
pub(crate) fn cors_origin(desk: &Inner, request: &Request) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    let allowed = request.uri().path() == PATH && desk.door.allows(origin.to_str().ok()?);
    allowed.then(|| origin.clone())
}

/// Tells the browser that this one origin may read the answer.
pub(crate) fn add_cors(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        // Chromium asks this before a page of the internet may reach an address on this machine or network.
        (HeaderName::from_static("access-control-allow-private-network"), "true"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
