//! What a CRM sends when somebody clicks in it. The webhook itself says whether it is true; the answer goes out at once.

use crate::answer::Refusal;
use crate::running::Inner;
use crate::security;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use cti_core::webhook::{Webhook, WebhookRequest};
use cti_core::{Error, ErrorKind};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// More parameters than this has no webhook.
const MOST_PARAMS: usize = 64;

/// The webhooks that are mounted.
#[derive(Clone, Default)]
pub(crate) struct Webhooks(pub(crate) Vec<Arc<dyn Webhook>>);

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|webhook| webhook.name())).finish()
    }
}

pub(crate) async fn receive(
    State(desk): State<Arc<Inner>>,
    Path((name, action)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let webhook = desk.webhooks.0.iter().find(|webhook| webhook.name() == name).cloned();
    let webhook = webhook.ok_or_else(|| Refusal::not_found("there is no such webhook"))?;
    let bytes = security::read_body(&desk, body, security::MAX_BODY).await?;
    let mut params = pairs(query.unwrap_or_default().as_bytes());
    params.extend(of_body(&headers, &bytes));
    params.truncate(MOST_PARAMS);
    let request = WebhookRequest { action, params, headers: texts(&headers) };
    let command = webhook.receive(&request).map_err(|error| refused(&desk, &error))?;
    let waiting = Arc::clone(&desk);
    desk.tracker.spawn(async move {
        let outcome = waiting.attempt("webhook", command.clone()).await;
        if let Err(error) = &outcome {
            tracing::warn!(webhook = webhook.name(), error = %error.chain(), "what was clicked in the CRM failed");
        }
        webhook.done(&command, &outcome).await;
    });
    Ok(StatusCode::OK)
}

/// A wrong proof is the fault of the one who sends.
fn refused(desk: &Inner, error: &Error) -> Refusal {
    match error.kind() {
        ErrorKind::Unauthenticated => {
            desk.metrics.refused("token");
            Refusal::unauthenticated()
        }
        ErrorKind::NotFound => Refusal::not_found(error.message()),
        _ => Refusal::bad_request(error.message()),
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().take(MOST_PARAMS).collect()
}

/// A form, or a flat JSON object.
fn of_body(headers: &HeaderMap, bytes: &[u8]) -> Vec<(String, String)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return pairs(bytes);
    }
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => object.into_iter().map(|(name, value)| (name, text(value))).collect(),
        _ => Vec::new(),
    }
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &header::HeaderValue| value.to_str().ok().map(str::to_owned);
    headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect()
}
