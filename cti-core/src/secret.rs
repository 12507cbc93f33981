//! Where passwords and tokens come from.

use crate::error::{Error, ErrorKind, Result};
pub use secrecy::{ExposeSecret, SecretString};

/// Reads a secret from the environment variable `name`, or, if `<name>_FILE` is set, from the file it names
/// (the way container platforms hand secrets over). Line ends and tabs that came with pasting are removed.
///
/// # Errors
/// [`ErrorKind::ConfigInvalid`] if neither is there, the file cannot be read, or the value is empty.
pub fn secret(name: &str) -> Result<SecretString> {
    let file = format!("{name}_FILE");
    let value = match (std::env::var(name), std::env::var(&file)) {
        (Ok(value), _) => value,
        (Err(_), Ok(path)) => std::fs::read_to_string(&path)
            .map_err(|error| Error::config(file, format!("the secret file {path} cannot be read")).caused_by(error))?,
        (Err(_), Err(_)) => {
            return Err(Error::config(name, format!("set {name}, or {file} with the name of a file that holds it")));
        }
    };
    clean(&value).ok_or_else(|| Error::new(ErrorKind::ConfigInvalid, "the secret is empty").with("key", name))
}

/// Removes what pasting leaves behind: CR, LF, tabs, and blanks at both ends. `None` if nothing is left.
pub fn clean(pasted: &str) -> Option<SecretString> {
    let kept: String = pasted.chars().filter(|c| !matches!(c, '\r' | '\n' | '\t')).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| SecretString::from(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_line_ends_and_tabs_are_removed() {
        assert_eq!(clean(" tok\ten\r\n").map(|s| s.expose_secret().to_owned()), Some("token".to_owned()));
        assert!(clean(" \r\n").is_none());
    }

    #[test]
    fn a_missing_secret_is_named() {
        let error = secret("CTI_TEST_SECRET_THAT_IS_NOT_SET").expect_err("not set");
        assert!(error.to_string().contains("CTI_TEST_SECRET_THAT_IS_NOT_SET_FILE"), "{error}");
    }
}
