//! `POST /hooks/<CRM>/<secret>`: what a CRM tells us by itself. The secret in the address is all that proves who asks, so
//! the CRM's own answer is looked up before anything is believed.

use crate::answer::Refusal;
use crate::running::Inner;
use crate::security;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use cti_core::hook::Hook;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;

/// A record of a CRM with all its fields.
const MAX_NOTICE: usize = 1024 * 1024;

/// A hook with the secret of its address.
#[derive(Clone)]
pub(crate) struct Mounted {
    pub(crate) hook: Arc<dyn Hook>,
    pub(crate) secret: SecretString,
}

impl fmt::Debug for Mounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mounted").field(&self.hook.name()).finish()
    }
}

pub(crate) async fn receive(
    State(desk): State<Arc<Inner>>,
    Path((name, secret)): Path<(String, String)>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let mounted = desk.hooks.iter().find(|mounted| mounted.hook.name() == name);
    let mounted = mounted.filter(|mounted| security::same_secret(mounted.secret.expose_secret(), &secret));
    let Some(mounted) = mounted else {
        desk.metrics.refused("hook");
        return Err(Refusal::not_found("there is nothing here"));
    };
    let notice = security::read_body(&desk, body, MAX_NOTICE).await?;
    mounted.hook.receive(&notice).await?;
    Ok(StatusCode::NO_CONTENT)
}
