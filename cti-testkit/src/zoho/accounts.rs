//! The accounts server: grants, tokens, limits. Most refusals come with status 200.

use super::answer::Answer;
use super::params::Params;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Access tokens that one refresh token keeps alive; one more ends the oldest.
const MOST_ALIVE: usize = 10;
/// Access tokens that one refresh token gives in [`WINDOW`].
const MOST_REFRESHES: usize = 10;
const WINDOW: Duration = Duration::from_secs(600);

/// A client as it is registered in the API console.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: String,
}

#[derive(Debug, Clone)]
struct Grant {
    code: String,
    redirect_uri: Option<String>,
}

#[derive(Debug)]
struct Refresh {
    token: String,
    revoked: bool,
    given: Vec<Instant>,
}

#[derive(Debug)]
struct Access {
    token: String,
    refresh: String,
    expired: bool,
}

/// What the accounts server knows.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) client: Client,
    pub(super) location: String,
    pub(super) old_form: bool,
    pub(super) throttled: Option<u16>,
    pub(super) api_domain: String,
    grants: Vec<Grant>,
    refreshes: Vec<Refresh>,
    alive: Vec<Access>,
    counter: u64,
}

impl Accounts {
    pub(super) fn new(client: Client, refresh_token: &str) -> Self {
        let refresh = Refresh { token: refresh_token.to_owned(), revoked: false, given: Vec::new() };
        Self {
            client,
            location: "us".to_owned(),
            old_form: false,
            throttled: None,
            api_domain: String::new(),
            grants: Vec::new(),
            refreshes: vec![refresh],
            alive: Vec::new(),
            counter: 0,
        }
    }

    /// A new code, as a person gets it from the consent page or from the page of a self client.
    pub(super) fn grant(&mut self, redirect_uri: Option<&str>) -> String {
        let code = self.text();
        self.grants.push(Grant { code: code.clone(), redirect_uri: redirect_uri.map(str::to_owned) });
        code
    }

    /// True if the `Authorization` header holds a token that is alive.
    pub(super) fn lets_in(&self, header: Option<&str>) -> bool {
        let token = header.and_then(|text| text.strip_prefix("Zoho-oauthtoken "));
        token.is_some_and(|token| self.alive.iter().any(|access| access.token == token && !access.expired))
    }

    pub(super) fn expire_all(&mut self) {
        self.alive.iter_mut().for_each(|access| access.expired = true);
    }

    /// How many access tokens were given so far.
    pub(super) fn given(&self) -> usize {
        self.refreshes.iter().map(|refresh| refresh.given.len()).sum()
    }

    /// Ends a refresh token with its access tokens; false if there is none such.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        let Some(refresh) = self.refreshes.iter_mut().find(|refresh| refresh.token == token) else {
            return self.revoke_access(token);
        };
        refresh.revoked = true;
        self.alive.retain(|access| access.refresh != token);
        true
    }

    fn revoke_access(&mut self, token: &str) -> bool {
        let before = self.alive.len();
        self.alive.retain(|access| access.token != token);
        self.alive.len() < before
    }

    fn text(&mut self) -> String {
        self.counter += 1;
        format!("1000.{:032x}.{:032x}", self.counter, self.counter.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// `POST /oauth/v2/token`.
    pub(super) fn token(&mut self, params: &Params) -> Answer {
        if let Some(status) = self.throttled {
            return throttle(status);
        }
        if params.get("client_id") != Some(&self.client.id) {
            return error("invalid_client");
        }
        if params.get("client_secret") != Some(&self.client.secret) {
            return error("invalid_client_secret");
        }
        match params.get("grant_type") {
            Some("authorization_code") => self.exchange(params),
            Some("refresh_token") => self.refresh(params.get("refresh_token").unwrap_or_default()),
            _ => error("invalid_code"),
        }
    }

    fn exchange(&mut self, params: &Params) -> Answer {
        let code = params.get("code").unwrap_or_default();
        let Some(index) = self.grants.iter().position(|grant| grant.code == code) else { return error("invalid_code") };
        if self.grants[index].redirect_uri.as_deref() != params.get("redirect_uri") {
            return error("invalid_redirect_uri");
        }
        self.grants.remove(index);
        let token = self.text();
        self.refreshes.push(Refresh { token: token.clone(), revoked: false, given: Vec::new() });
        self.give(&token, true)
    }

    fn refresh(&mut self, token: &str) -> Answer {
        let Some(refresh) = self.refreshes.iter_mut().find(|refresh| refresh.token == token && !refresh.revoked) else {
            return error("invalid_code");
        };
        refresh.given.retain(|at| at.elapsed() < WINDOW);
        if refresh.given.len() >= MOST_REFRESHES {
            return throttle(400);
        }
        self.give(token, false)
    }

    fn give(&mut self, refresh: &str, first: bool) -> Answer {
        let token = self.text();
        if let Some(known) = self.refreshes.iter_mut().find(|known| known.token == refresh) {
            known.given.push(Instant::now());
        }
        self.alive.push(Access { token: token.clone(), refresh: refresh.to_owned(), expired: false });
        let of_this = self.alive.iter().filter(|access| access.refresh == refresh).count();
        if of_this > MOST_ALIVE
            && let Some(oldest) = self.alive.iter().position(|access| access.refresh == refresh)
        {
            self.alive.remove(oldest);
        }
        let mut body = json!({"access_token": token, "api_domain": self.api_domain, "token_type": "Bearer"});
        if first {
            body["refresh_token"] = refresh.into();
        }
        if self.old_form {
            body["expires_in"] = 3_600_000.into();
            body["expires_in_sec"] = 3600.into();
        } else {
            body["expires_in"] = 3600.into();
        }
        Answer::ok(body)
    }

    /// `GET /oauth/serverinfo`.
    pub(super) fn serverinfo(&self, own: &str) -> Value {
        let mut locations = json!({"us": "https://accounts.zoho.com", "eu": "https://accounts.zoho.eu"});
        locations[&self.location] = own.into();
        json!({"result": "success", "locations": locations})
    }
}

fn error(code: &str) -> Answer {
    Answer::ok(json!({"error": code}))
}

/// The texts come in the language of the account.
fn throttle(status: u16) -> Answer {
    let text = "You have made too many requests continuously. Please try again after some time.";
    Answer::json(status, json!({"error_description": text, "error": "Access Denied", "status": "failure"}))
}
