//! The headers that prove who we are.

use cti_core::secret::{ExposeSecret, SecretString};
use cti_http::header::HeaderValue;

/// The header of one or several API tokens, separated by commas.
pub(crate) const API_TOKEN: &str = "x-cybozu-api-token";

/// The value of a token header; `None` if the token is empty or has characters that no token has.
pub(crate) fn token(token: &SecretString) -> Option<HeaderValue> {
    let text = token.expose_secret().trim();
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let mut value = fits.then(|| HeaderValue::from_str(text).ok()).flatten()?;
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

    #[test]
    fn a_token_cannot_break_out_of_its_header_and_is_not_printed() {
        let good = token(&SecretString::from("abc, def\n")).unwrap();
        assert_eq!(good.as_bytes(), b"abc, def");
        assert!(!format!("{good:?}").contains("abc"));
        for wrong in ["", "  ", "a\r\nX-Evil: 1", "日本"] {
            assert!(token(&SecretString::from(wrong)).is_none(), "{wrong}");
        }
    }
}
