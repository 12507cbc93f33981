//! OAuth 2.0: one access token for all, refreshed by one at a time, never more often than Zoho allows.

use crate::error;
use crate::token_file::{self, SavedAccess, Tokens};
use chrono::{DateTime, TimeDelta, Utc};
use cti_core::secret::{ExposeSecret, SecretString};
use cti_core::{Error, ErrorKind, Result};
use cti_http::header::{CONTENT_TYPE, HeaderValue};
use cti_http::{Repeat, encode};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// So long before its end a token is not used any more.
const EARLY: TimeDelta = TimeDelta::seconds(60);
/// Zoho gives 10 access tokens in 10 minutes for a refresh token, and locks out who asks for more.
const MOST_REFRESHES: usize = 8;
const WINDOW: Duration = Duration::from_secs(600);
/// Who was told that he asks too often is locked out for the rest of the window.
const LOCKED_OUT: Duration = Duration::from_secs(600);
/// What a person must mend is asked again after this time.
const UNTIL_MENDED: Duration = Duration::from_secs(60);

/// What the client is.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    /// The refresh token of the configuration; else it is in the file.
    pub(crate) refresh: Option<SecretString>,
    pub(crate) file: Option<PathBuf>,
}

/// A token that was good a moment ago, and where it is good.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) header: HeaderValue,
    pub(crate) api: Url,
    until: DateTime<Utc>,
}

impl Access {
    fn of(saved: &SavedAccess) -> Result<Self> {
        let text = format!("Zoho-oauthtoken {}", saved.token.expose_secret());
        let mut header = HeaderValue::from_str(&text).map_err(|_| error::lacks("a token that fits a header"))?;
        header.set_sensitive(true);
        let api = cti_http::secure_base(&saved.api_domain).map_err(|why| {
            Error::new(ErrorKind::Protocol, format!("the address of the API that came with the token: {why}"))
        })?;
        Ok(Self { header, api, until: saved.until })
    }

    fn is_good(&self) -> bool {
        Utc::now() + EARLY < self.until
    }
}

/// Why there is no token, for those who come after the one who found out.
#[derive(Debug)]
struct Refused {
    until: Instant,
    kind: ErrorKind,
    text: String,
    /// The file as it was: a new one is worth another try.
    file: Option<SystemTime>,
}

#[derive(Debug, Default)]
struct State {
    access: Option<Access>,
    looked_into_file: bool,
    refreshes: VecDeque<Instant>,
    refused: Option<Refused>,
}

/// Gets access tokens for one grant.
#[derive(Debug)]
pub(crate) struct Auth {
    http: cti_http::Client,
    accounts: Url,
    credentials: Credentials,
    state: Mutex<State>,
}

impl Auth {
    pub(crate) fn new(http: cti_http::Client, accounts: Url, credentials: Credentials) -> Self {
        Self { http, accounts, credentials, state: Mutex::default() }
    }

    /// True if tokens survive a restart.
    pub(crate) fn is_kept(&self) -> bool {
        self.credentials.file.is_some()
    }

    /// A token. Those who come while one is being fetched wait for it.
    pub(crate) async fn access(&self) -> Result<Access> {
        let mut state = self.state.lock().await;
        self.current(&mut state).await
    }

    /// Another token than the one that was refused; fetched once, however many were refused with it.
    pub(crate) async fn renewed(&self, refused: &Access) -> Result<Access> {
        let mut state = self.state.lock().await;
        if state.access.as_ref().is_some_and(|access| access.header == refused.header) {
            state.access = None;
            state.looked_into_file = true;
        }
        self.current(&mut state).await
    }

    async fn current(&self, state: &mut State) -> Result<Access> {
        if let Some(access) = state.access.as_ref().filter(|access| access.is_good()) {
            return Ok(access.clone());
        }
        self.stop_if_refused(state)?;
        let fetched = self.fetch(state).await;
        match fetched {
            Ok(access) => {
                state.access = Some(access.clone());
                Ok(access)
            }
            Err(error) => {
                self.remember(state, &error);
                Err(error)
            }
        }
    }

    async fn fetch(&self, state: &mut State) -> Result<Access> {
        let known = self.known()?;
        if !state.looked_into_file {
            state.looked_into_file = true;
            if let Some(access) = known.access.as_ref().map(Access::of).transpose()?.filter(Access::is_good) {
                return Ok(access);
            }
        }
        let now = Instant::now();
        state.refreshes.retain(|at| now - *at < WINDOW);
        if state.refreshes.len() >= MOST_REFRESHES {
            let wait = state.refreshes.front().map_or(WINDOW, |first| WINDOW.saturating_sub(now - *first));
            let text = "too many access tokens were needed in ten minutes: does another programme use this client?";
            return Err(Error::new(ErrorKind::RateLimited, text).retry_after(wait));
        }
        state.refreshes.push_back(now);
        let granted = self.refresh(&known.refresh).await?;
        let access = Access::of(&granted)?;
        self.keep(&Tokens { refresh: known.refresh, access: Some(granted) });
        Ok(access)
    }

    /// The refresh token, and the access token that may stand beside it in the file.
    fn known(&self) -> Result<Tokens> {
        let saved = self.credentials.file.as_deref().map(token_file::read).transpose();
        match (&self.credentials.refresh, saved) {
            (None, Ok(Some(tokens))) => Ok(tokens),
            (None, Ok(None)) => Err(Error::config("refresh_token", "neither refresh_token nor token_file is set")),
            (None, Err(error)) => Err(error),
            (Some(refresh), saved) => {
                let saved = saved.ok().flatten();
                let same = saved.filter(|tokens| tokens.refresh.expose_secret() == refresh.expose_secret());
                Ok(same.unwrap_or_else(|| Tokens { refresh: refresh.clone(), access: None }))
            }
        }
    }

    async fn refresh(&self, refresh: &SecretString) -> Result<SavedAccess> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.credentials.client_id.as_str()),
            ("client_secret", self.credentials.client_secret.expose_secret()),
            ("refresh_token", refresh.expose_secret()),
        ];
        let (access, _) = ask(&self.http, &self.accounts, &form).await?;
        tracing::info!("Zoho gave a new access token");
        Ok(access)
    }

    fn keep(&self, tokens: &Tokens) {
        let Some(file) = &self.credentials.file else { return };
        if let Err(error) = token_file::write(file, tokens) {
            tracing::warn!(error = %error.chain(), "the access token is not kept; the next start needs another one");
        }
    }

    fn stop_if_refused(&self, state: &State) -> Result<()> {
        let Some(refused) = &state.refused else { return Ok(()) };
        let left = refused.until.saturating_duration_since(Instant::now());
        let file = self.credentials.file.as_deref().and_then(token_file::changed);
        if left.is_zero() || file != refused.file {
            return Ok(());
        }
        let error = Error::new(refused.kind, refused.text.clone());
        Err(if refused.kind == ErrorKind::RateLimited { error.retry_after(left) } else { error })
    }

    fn remember(&self, state: &mut State, error: &Error) {
        let wait = match error.kind() {
            ErrorKind::RateLimited => error.wait().unwrap_or(LOCKED_OUT),
            ErrorKind::Unauthenticated | ErrorKind::ConfigInvalid => UNTIL_MENDED,
            _ => return,
        };
        let file = self.credentials.file.as_deref().and_then(token_file::changed);
        let text = error.message().to_owned();
        state.refused = Some(Refused { until: Instant::now() + wait, kind: error.kind(), text, file });
    }
}

/// Exchanges the code of a grant. Without redirect address it is that of a self client.
pub(crate) async fn exchange(
    http: &cti_http::Client,
    accounts: &Url,
    credentials: &Credentials,
    code: &str,
    redirect_uri: Option<&str>,
) -> Result<Tokens> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", credentials.client_id.as_str()),
        ("client_secret", credentials.client_secret.expose_secret()),
        ("code", code),
    ];
    form.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
    let (access, refresh) = ask(http, accounts, &form).await?;
    let missing =
        "Zoho gave no refresh token: revoke the earlier consent of this client, or ask with access_type=offline";
    let refresh = refresh.ok_or_else(|| Error::new(ErrorKind::Rejected, missing))?;
    Ok(Tokens { refresh, access: Some(access) })
}

async fn ask(
    http: &cti_http::Client,
    accounts: &Url,
    form: &[(&str, &str)],
) -> Result<(SavedAccess, Option<SecretString>)> {
    let url = accounts.join("oauth/v2/token").map_err(|_| Error::config("data_center", "is no address"))?;
    let request =
        http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encode(form.iter().copied()));
    let reply = http.send(request, Repeat::Harmless).await?;
    let body = error::judge_token(&reply)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let token = text("access_token").ok_or_else(|| error::lacks("the access token"))?;
    let api_domain = text("api_domain").ok_or_else(|| error::lacks("the address of the API"))?;
    let until = Utc::now() + lifetime(&body);
    let access = SavedAccess { token: token.into(), api_domain: api_domain.to_owned(), until };
    Ok((access, text("refresh_token").map(SecretString::from)))
}

/// In the old form `expires_in` is milliseconds, and `expires_in_sec` stands beside it.
fn lifetime(body: &Map<String, Value>) -> TimeDelta {
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let seconds = number("expires_in_sec").or_else(|| number("expires_in")).unwrap_or(3600);
    TimeDelta::seconds(seconds.clamp(0, 24 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_of_the_lifetime_are_read() {
        for body in [json!({"expires_in": 3600}), json!({"expires_in": 3_600_000, "expires_in_sec": 3600}), json!({})] {
            assert_eq!(lifetime(body.as_object().unwrap()), TimeDelta::seconds(3600), "{body}");
        }
    }
}
