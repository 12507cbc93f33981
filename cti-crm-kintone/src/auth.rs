//! The headers that prove who we are.

use crate::oauth::OAuth;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cti_core::secret::{ExposeSecret, SecretString};
use cti_http::header::{HeaderName, HeaderValue};
use std::fmt;
use std::sync::Arc;

const API_TOKEN: HeaderName = HeaderName::from_static("x-cybozu-api-token");
const PASSWORD: HeaderName = HeaderName::from_static("x-cybozu-authorization");

/// More tokens kintone does not take in one request.
const MAX_TOKENS: usize = 9;

/// How an app lets us in. A token is the way for a service; the others are for where tokens are not allowed.
///
/// ```
/// use cti_core::secret::SecretString;
/// use cti_crm_kintone::Credentials;
/// let token: Credentials = SecretString::from("token").into();
/// let person = Credentials::password("sato", SecretString::from("secret"));
/// assert_eq!(format!("{token:?} {person:?}"), "Token Password(\"sato\")");
/// ```
#[derive(Clone)]
pub struct Credentials(Kind);

#[derive(Clone)]
enum Kind {
    Token(SecretString),
    Password { login: String, password: SecretString },
    OAuth(Arc<OAuth>),
}

impl Credentials {
    /// An API token of the app; several, separated by commas, if the app has lookup fields.
    pub fn token(token: SecretString) -> Self {
        Self(Kind::Token(token))
    }

    /// A user with a password. Does not work for users with two-factor authentication.
    pub fn password(login: impl Into<String>, password: SecretString) -> Self {
        Self(Kind::Password { login: login.into(), password })
    }

    /// A user who allowed our OAuth client in; cannot be combined with Basic authentication.
    pub fn oauth(client_id: impl Into<String>, client_secret: SecretString, refresh_token: SecretString) -> Self {
        Self(Kind::OAuth(Arc::new(OAuth::new(client_id.into(), client_secret, refresh_token))))
    }

    pub(crate) fn is_oauth(&self) -> bool {
        matches!(self.0, Kind::OAuth(_))
    }

    /// What goes with a request; the reason if it cannot.
    pub(crate) fn proof(&self) -> Result<Proof, &'static str> {
        match &self.0 {
            Kind::Token(text) => token(text).map(|value| Proof::Header(API_TOKEN, value)),
            Kind::Password { login, .. } if login.is_empty() || login.contains(':') => {
                Err("a login name is not empty and has no colon")
            }
            Kind::Password { login, password } => {
                let text = STANDARD.encode(format!("{login}:{}", password.expose_secret()));
                secret_header(&text).map(|value| Proof::Header(PASSWORD, value)).ok_or("the password cannot be sent")
            }
            Kind::OAuth(oauth) => Ok(Proof::OAuth(Arc::clone(oauth))),
        }
    }
}

impl From<SecretString> for Credentials {
    fn from(token: SecretString) -> Self {
        Self::token(token)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Token(_) => f.write_str("Token"),
            Kind::Password { login, .. } => f.debug_tuple("Password").field(login).finish(),
            Kind::OAuth(_) => f.write_str("OAuth"),
        }
    }
}

/// Goes with every request to an app.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    Header(HeaderName, HeaderValue),
    OAuth(Arc<OAuth>),
}

impl Proof {
    /// kintone gives no cursors to OAuth clients.
    pub(crate) fn allows_cursors(&self) -> bool {
        matches!(self, Self::Header(..))
    }
}

/// The value of a token header: nothing in it can end the header, and no token is there twice.
fn token(tokens: &SecretString) -> Result<HeaderValue, &'static str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in tokens.expose_secret().split(',').map(str::trim) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.iter().any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err("the token is empty or has characters no token has");
    }
    if parts.len() > MAX_TOKENS {
        return Err("kintone takes nine tokens at most");
    }
    secret_header(&parts.join(",")).ok_or("the token has characters no token has")
}

/// A header that is not printed.
pub(crate) fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The credentials of the gate in front of kintone.
#[derive(Debug, Clone)]
pub(crate) struct Basic {
    pub(crate) user: String,
    pub(crate) password: SecretString,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(credentials: &Credentials) -> Result<(HeaderName, HeaderValue), &'static str> {
        match credentials.proof()? {
            Proof::Header(name, value) => Ok((name, value)),
            Proof::OAuth(_) => Err("OAuth"),
        }
    }

    #[test]
    fn a_token_cannot_break_out_of_its_header_is_sent_once_and_is_not_printed() {
        let (name, value) = header(&SecretString::from("abc, def,abc\n").into()).unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("x-cybozu-api-token", b"abc,def".as_slice()));
        assert!(!format!("{value:?}").contains("abc"));
        for wrong in ["", "  ", "a\r\nX-Evil: 1", "日本", "a,,b", "a b", "1,2,3,4,5,6,7,8,9,10"] {
            assert!(header(&SecretString::from(wrong).into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_sent_as_documented_and_is_not_printed() {
        let person = Credentials::password("sato", SecretString::from("秘密"));
        let (name, value) = header(&person).unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("x-cybozu-authorization", b"c2F0bzrnp5jlr4Y=".as_slice()));
        assert!(!format!("{person:?} {:?}", person.proof()).contains("c2F0"));
        assert!(header(&Credentials::password("a:b", SecretString::from("x"))).is_err());
    }
}
