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

/// The tokens that the request shows.
pub(super) fn shown<'a>(headers: &HeaderMap, known: &'a [Token]) -> Result<Vec<&'a Token>, ApiError> {
    if headers.contains_key("x-cybozu-authorization") {
        return Err(ApiError::new(401, "CB_WA01", "Password authentication failed."));
    }
    let lines = headers.get_all("x-cybozu-api-token").iter().filter_map(|line| line.to_str().ok());
    let texts: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|t| !t.is_empty()).collect();
    if texts.is_empty() {
        return Err(ApiError::new(401, "CB_AU01", "Please login."));
    }
    let mut tokens: Vec<&Token> = Vec::new();
    for text in texts {
        let token = known.iter().find(|token| token.active && token.text == text).ok_or_else(|| {
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

/// Refuses unless one of the tokens has what is needed in that app.
pub(super) fn demand(tokens: &[&Token], app: u64, enough: impl Fn(Rights) -> bool) -> Result<(), ApiError> {
    if tokens.iter().any(|token| token.app == app && enough(token.rights)) { Ok(()) } else { Err(ApiError::no_right()) }
}
