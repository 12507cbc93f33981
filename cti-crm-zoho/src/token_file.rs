//! Tokens on disk: what survives a restart, so that no crash loop uses up the few refreshes that Zoho gives. Only the
//! owner may read the file.

use chrono::{DateTime, Utc};
use cti_core::secret::{ExposeSecret, SecretString};
use cti_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::SystemTime;

/// The most that is read: a token file is a few hundred bytes.
const MAX: u64 = 64 * 1024;

/// The tokens of one grant.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) refresh: SecretString,
    pub(crate) access: Option<SavedAccess>,
}

/// An access token, and how long it is good where.
#[derive(Debug, Clone)]
pub(crate) struct SavedAccess {
    pub(crate) token: SecretString,
    pub(crate) api_domain: String,
    pub(crate) until: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    refresh_token: String,
    access_token: Option<String>,
    api_domain: Option<String>,
    expires_at: Option<DateTime<Utc>>,
}

fn storage(path: &Path, what: &str, cause: std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("the token file {} cannot be {what}", path.display())).caused_by(cause)
}

/// When the file was changed last; `None` if it is not there.
pub(crate) fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// Reads the file.
///
/// # Errors
/// `ConfigInvalid` if it is not there, is no token file, or may be read by others.
pub(crate) fn read(path: &Path) -> Result<Tokens> {
    let config = |text: &str| Error::config("token_file", format!("{}: {text}", path.display()));
    let data = fs::metadata(path)
        .map_err(|cause| config("the token file is not there: run `cti-adapter login zoho` once").caused_by(cause))?;
    if data.permissions().mode() & 0o077 != 0 {
        return Err(config("others may read the token file: chmod 600"));
    }
    if data.len() > MAX {
        return Err(config("this is no token file"));
    }
    let text = fs::read_to_string(path).map_err(|cause| storage(path, "read", cause))?;
    // The cause could repeat a token.
    let stored: Stored = serde_json::from_str(&text).map_err(|_| config("this is no token file"))?;
    let access = match (stored.access_token, stored.api_domain, stored.expires_at) {
        (Some(token), Some(api_domain), Some(until)) => Some(SavedAccess { token: token.into(), api_domain, until }),
        _ => None,
    };
    Ok(Tokens { refresh: stored.refresh_token.into(), access })
}

/// Writes the file whole or not at all, readable by the owner alone.
///
/// # Errors
/// `Storage`.
pub(crate) fn write(path: &Path, tokens: &Tokens) -> Result<()> {
    let access = tokens.access.as_ref();
    let stored = Stored {
        refresh_token: tokens.refresh.expose_secret().to_owned(),
        access_token: access.map(|access| access.token.expose_secret().to_owned()),
        api_domain: access.map(|access| access.api_domain.clone()),
        expires_at: access.map(|access| access.until),
    };
    let text = serde_json::to_string_pretty(&stored)
        .map_err(|cause| Error::new(ErrorKind::Unexpected, "tokens are no JSON").caused_by(cause))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = Path::new(&beside);
    let failed = |cause| storage(path, "written", cause);
    let _ = fs::remove_file(beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(beside, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_and_only_the_owner_may_read_them() {
        let path = std::env::temp_dir().join(format!("cti-zoho-tokens-{}.json", std::process::id()));
        let until = "2026-11-21T05:00:00Z".parse().unwrap();
        let access = SavedAccess { token: "1000.a".into(), api_domain: "https://www.zohoapis.jp".to_owned(), until };
        write(&path, &Tokens { refresh: "1000.r".into(), access: Some(access) }).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let tokens = read(&path).unwrap();
        assert_eq!(tokens.refresh.expose_secret(), "1000.r");
        assert_eq!(tokens.access.unwrap().until, until);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "1000.secret").unwrap();
        let error = read(&path).unwrap_err();
        assert!(!format!("{error:?}").contains("1000.secret"), "{error:?}");
        fs::remove_file(&path).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("login zoho"));
    }
}
