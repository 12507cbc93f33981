//! Who is asking: agent tokens and session cookies.
//!
//! A session cookie is `<expiry>.<HMAC of the expiry under the agent's token>`. It needs no memory on the server, so
//! that agents stay signed in when the adapter restarts; it ends by itself, and with a change of the token.

use crate::board::AgentIndex;
use crate::desk::AgentLogin;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A shift; every load of the page begins a new one.
const SESSION_HOURS: i64 = 12;

type HmacSha256 = Hmac<Sha256>;

/// How the one who asks was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// By a token in the header: no page of another site can send it by itself.
    Bearer,
    /// By the session cookie.
    Cookie,
    /// Not at all: the desk is open.
    Open,
}

/// Who is asking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) agent: AgentIndex,
    pub(crate) proof: Proof,
    /// When that ends.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// Everybody who may ask.
#[derive(Debug)]
pub(crate) struct Sessions {
    tokens: Vec<Option<SecretString>>,
    open_for: Option<AgentIndex>,
    cookie: String,
    secure: bool,
}

impl Sessions {
    /// The cookie carries the port in its name, because cookies of one host are shared by all its ports.
    pub(crate) fn new(agents: &[AgentLogin], open_for: Option<&str>, port: u16, secure: bool) -> Self {
        Self {
            tokens: agents.iter().map(|agent| agent.token.clone()).collect(),
            open_for: open_for.and_then(|user| agents.iter().position(|agent| agent.user == user)),
            cookie: format!("cti_desk_{port}"),
            secure,
        }
    }

    /// The agent with that token. Takes the same time for every wrong token.
    pub(crate) fn by_token(&self, presented: &str) -> Option<AgentIndex> {
        let presented = seal(presented, "token")?;
        let mut found = None;
        for (agent, token) in self.tokens.iter().enumerate() {
            let known = token.as_ref().and_then(|token| seal(token.expose_secret(), "token"));
            if known.is_some_and(|known| known == presented) {
                found = Some(agent);
            }
        }
        found
    }

    /// Recognises the one who sends these headers.
    pub(crate) fn who(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Who> {
        if let Some(authorization) = headers.get(AUTHORIZATION) {
            let token = authorization.to_str().ok()?.strip_prefix("Bearer ")?;
            return self.by_token(token.trim()).map(|agent| Who { agent, proof: Proof::Bearer, until: None });
        }
        let cookie = self.cookie_of(headers).and_then(|value| self.by_cookie(value, now));
        let open = || self.open_for.map(|agent| Who { agent, proof: Proof::Open, until: None });
        cookie.or_else(open)
    }

    fn cookie_of<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie).map(|(_, value)| value)
    }

    fn by_cookie(&self, value: &str, now: DateTime<Utc>) -> Option<Who> {
        let (expiry, mac) = value.split_once('.')?;
        let until = DateTime::from_timestamp(expiry.parse().ok()?, 0).filter(|until| *until > now)?;
        let mac = unhex(mac)?;
        let agent = self.tokens.iter().position(|token| {
            let sealing = token.as_ref().and_then(|token| sealing(token.expose_secret(), &message(expiry)));
            sealing.is_some_and(|sealing| sealing.verify_slice(&mac).is_ok())
        })?;
        Some(Who { agent, proof: Proof::Cookie, until: Some(until) })
    }

    /// The `Set-Cookie` header that signs the agent in; `None` for an agent without a token.
    pub(crate) fn sign_in(&self, agent: AgentIndex, now: DateTime<Utc>) -> Option<String> {
        let token = self.tokens.get(agent)?.as_ref()?;
        let expiry = (now + TimeDelta::hours(SESSION_HOURS)).timestamp().to_string();
        let mac = hex(&seal(token.expose_secret(), &message(&expiry))?.into_bytes());
        Some(self.set_cookie(&format!("{expiry}.{mac}"), SESSION_HOURS * 3600))
    }

    /// The `Set-Cookie` header that signs out.
    pub(crate) fn sign_out(&self) -> String {
        self.set_cookie("", 0)
    }

    fn set_cookie(&self, value: &str, max_age: i64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}", self.cookie)
    }
}

fn message(expiry: &str) -> String {
    format!("session until {expiry}")
}

fn sealing(key: &str, message: &str) -> Option<HmacSha256> {
    let mut mac = HmacSha256::new_from_slice(key.as_bytes()).ok()?;
    mac.update(message.as_bytes());
    Some(mac)
}

fn seal(key: &str, message: &str) -> Option<CtOutput<HmacSha256>> {
    sealing(key, message).map(Mac::finalize)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
