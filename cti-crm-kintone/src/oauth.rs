//! OAuth: access tokens from a refresh token.

use crate::auth::secret_header;
use cti_core::secret::{ExposeSecret, SecretString};
use cti_core::{Error, ErrorKind, Result};
use cti_http::header::{CONTENT_TYPE, HeaderValue};
use cti_http::{Client, Repeat, encode};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// An access token is changed so long before its end.
const MARGIN: Duration = Duration::from_secs(60);
/// If kintone does not say how long an access token is good.
const USUAL: u64 = 3600;

/// What a user allowed, and the access token of the hour.
#[derive(Debug)]
pub(crate) struct OAuth {
    client_id: String,
    client_secret: SecretString,
    refresh_token: SecretString,
    access: Mutex<Option<Access>>,
}

#[derive(Debug)]
struct Access {
    header: HeaderValue,
    good_until: Instant,
}

impl OAuth {
    pub(crate) fn new(client_id: String, client_secret: SecretString, refresh_token: SecretString) -> Self {
        Self { client_id, client_secret, refresh_token, access: Mutex::new(None) }
    }

    /// The `Authorization` header; many who ask at once cause one request.
    pub(crate) async fn header(&self, http: &Client, origin: &Url) -> Result<HeaderValue> {
        let mut access = self.access.lock().await;
        if let Some(known) = access.as_ref().filter(|known| known.good_until > Instant::now()) {
            return Ok(known.header.clone());
        }
        let new = self.refresh(http, origin).await?;
        let header = new.header.clone();
        *access = Some(new);
        Ok(header)
    }

    /// kintone does not take this token any more.
    pub(crate) async fn forget(&self, header: &HeaderValue) {
        let mut access = self.access.lock().await;
        if access.as_ref().is_some_and(|known| known.header == header) {
            *access = None;
        }
    }

    async fn refresh(&self, http: &Client, origin: &Url) -> Result<Access> {
        let unusable = || Error::new(ErrorKind::Unexpected, "the address of the OAuth token cannot be made");
        let url = origin.join("oauth2/token").map_err(|_| unusable())?;
        let form = encode([("grant_type", "refresh_token"), ("refresh_token", self.refresh_token.expose_secret())]);
        let request = http
            .post(url)
            .basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let reply = http.send(request, Repeat::Harmless).await?;
        if !reply.is_success() {
            return Err(match reply.status {
                400 | 401 | 403 => reply.error(
                    ErrorKind::Unauthenticated,
                    "kintone refuses the OAuth client or its refresh token: let the user allow it again",
                ),
                _ => reply.error_by_status(),
            });
        }
        let answer = reply.json().unwrap_or_default();
        let token = answer.get("access_token").and_then(Value::as_str);
        let header = token.and_then(|token| secret_header(&format!("Bearer {token}")));
        let header = header.ok_or_else(|| crate::error::lacks("the access token"))?;
        let seconds = answer.get("expires_in").and_then(Value::as_u64).unwrap_or(USUAL);
        let good_for = Duration::from_secs(seconds.min(24 * 3600)).saturating_sub(MARGIN);
        Ok(Access { header, good_until: Instant::now() + good_for })
    }
}
