//! API tokens and what they may do.

use super::error::ApiError;
use axum::http::HeaderMap;

/// What a token may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights {
    /// View records.
    pub view: bool,
    /// Add records.
    pub add: bool,
    /// Edit records.
    pub edit: bool,
    /// Delete records.
    pub delete: bool,
    /// Manage the app.
    pub manage: bool,
}

impl Rights {
    /// What a customer app needs.
    pub const VIEW_ADD_EDIT: Self = Self { view: true, add: true, edit: true, delete: false, manage: false };
    /// What a call history app needs for upsert.
    pub const ADD_EDIT: Self = Self { view: false, ..Self::VIEW_ADD_EDIT };
    /// The least for a call history app.
    pub const ADD_ONLY: Self = Self { edit: false, ..Self::ADD_EDIT };
    /// Everything.
    pub const ALL: Self = Self { delete: true, manage: true, ..Self::VIEW_ADD_EDIT };
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) app: u64,
    pub(super) rights: Rights,
    /// False until "Update App" is pressed.
    pub(super) active: bool,
}

/// A person with a password.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// The Base64 text of `login:password`.
    pub(super) credentials: String,
}

/// Who asks.
#[derive(Debug)]
pub(super) enum Caller<'a> {
    /// One or several apps' tokens.
    Tokens(Vec<&'a Token>),
    /// A person with a password; may do everything.
    Person,
    /// An application on behalf of a person; may do everything but use cursors.
    OAuth,
}

impl Access {
    /// Gives a new access token for a refresh token; the ones before it stay good until they are revoked.
    pub(super) fn refresh(&mut self, headers: &HeaderMap, body: &[u8]) -> Option<String> {
        let basic = headers.get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
        let form: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let known = self.oauth_clients.iter().any(|(id, token)| id == basic && field("refresh_token") == Some(token));
        if !known || field("grant_type") != Some("refresh_token") {
            return None;
        }
        self.issued += 1;
        self.oauth.push(format!("access-{}", self.issued));
        self.oauth.last().cloned()
    }
}

impl<'a> Caller<'a> {
    /// Who the headers say it is. A password goes before tokens, tokens before OAuth (documented).
    pub(super) fn of(headers: &HeaderMap, access: &'a Access) -> Result<Self, ApiError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(given) = text("x-cybozu-authorization") {
            return match access.people.iter().any(|person| person.credentials == given) {
                true => Ok(Self::Person),
                false => Err(ApiError::new(401, "CB_WA01", "Password authentication failed.")),
            };
        }
        let lines = headers.get_all("x-cybozu-api-token").iter().filter_map(|line| line.to_str().ok());
        let texts: Vec<&str> =
            lines.flat_map(|line| line.split(',')).map(str::trim).filter(|t| !t.is_empty()).collect();
        if !texts.is_empty() {
            return tokens(&texts, &access.tokens).map(Self::Tokens);
        }
        match text("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
            Some(given) if access.oauth.iter().any(|token| token == given) => Ok(Self::OAuth),
            Some(_) => Err(ApiError::new(401, "CB_OA01", "The access token is invalid.")),
            None => Err(ApiError::new(401, "CB_AU01", "Please login.")),
        }
    }

    /// Refuses unless the caller has what is needed in that app.
    pub(super) fn demand(&self, app: u64, enough: impl Fn(Rights) -> bool) -> Result<(), ApiError> {
        match self {
            Self::Person | Self::OAuth => Ok(()),
            Self::Tokens(tokens) if tokens.iter().any(|token| token.app == app && enough(token.rights)) => Ok(()),
            Self::Tokens(_) => Err(ApiError::no_right()),
        }
    }
}

/// Who may come in.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub(super) tokens: Vec<Token>,
    pub(super) people: Vec<Person>,
    pub(super) oauth: Vec<String>,
    /// Base64 of `id:secret` of OAuth clients, and the refresh token of each.
    pub(super) oauth_clients: Vec<(String, String)>,
    issued: u32,
    /// The header that the gate in front of kintone wants.
    pub(super) gate: Option<String>,
}

fn tokens<'a>(texts: &[&str], known: &'a [Token]) -> Result<Vec<&'a Token>, ApiError> {
    let mut tokens: Vec<&Token> = Vec::new();
    for text in texts {
        let token = known.iter().find(|token| token.active && token.text == *text).ok_or_else(|| {
            ApiError::new(
                400,
                "GAIA_IA02",
                "The specified API token does not match the API token generated via an app.",
            )
        })?;
        if tokens.iter().any(|other| other.app == token.app) {
            return Err(ApiError::new(400, "GAIA_DA03", "Multiple API tokens of the same app were specified."));
        }
        tokens.push(token);
    }
    Ok(tokens)
}
