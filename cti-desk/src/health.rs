//! `GET /health`: ready, or which part is missing.

use crate::running::Inner;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cti_core::pbx::LinkState;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a part of the programme stands: a PBX link, a CRM, the outbox. Reasons belong into the log, not here: this is
/// shown to everybody who may open the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Works.
    Ready,
    /// Being set up, or lost and tried again.
    Waiting,
    /// Given up: a person must look at it.
    Failed,
}

impl From<&LinkState> for PartState {
    fn from(link: &LinkState) -> Self {
        match link {
            LinkState::Up => Self::Ready,
            LinkState::Connecting | LinkState::Down { .. } => Self::Waiting,
            LinkState::Closed { .. } => Self::Failed,
        }
    }
}

/// The parts of the programme by name, and what waits to be written.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Parts {
    pub(crate) parts: BTreeMap<String, PartState>,
    /// Call logs that wait in the outbox.
    pub(crate) waiting: Option<u64>,
}

impl Parts {
    /// Sets a part; true if it stood otherwise before.
    pub(crate) fn set(&mut self, part: &str, state: PartState) -> bool {
        self.parts.insert(part.to_owned(), state) != Some(state)
    }

    fn ready(&self) -> bool {
        self.parts.values().all(|state| *state == PartState::Ready)
    }
}

#[derive(Serialize)]
struct Health {
    ready: bool,
    #[serde(flatten)]
    parts: Parts,
}

pub(crate) async fn health(State(desk): State<Arc<Inner>>) -> Response {
    let parts = desk.hub.parts();
    let ready = parts.ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ready, parts })).into_response()
}
