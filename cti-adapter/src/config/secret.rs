//! Where a secret of the configuration comes from.

use super::fault::Faults;
use cti::core::secret::{SecretString, clean, secret};
use serde::Deserialize;

/// A secret: `{ env = "NAME" }`, `{ file = "/run/secrets/name" }`, or, for a file that only we may read, the text itself.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum SecretFrom {
    Env { env: String },
    File { file: String },
    Text(SecretString),
}

impl std::fmt::Debug for SecretFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env { env } => write!(f, "env {env}"),
            Self::File { file } => write!(f, "file {file}"),
            Self::Text(_) => f.write_str("text"),
        }
    }
}

impl SecretFrom {
    /// Fetches the secret, or tells a person why it cannot.
    pub(crate) fn fetch(&self) -> Result<SecretString, String> {
        use cti::core::secret::ExposeSecret;
        let empty = || "the secret is empty".to_owned();
        match self {
            Self::Env { env } => secret(env).map_err(|error| error.message().to_owned()),
            Self::File { file } => {
                let text = std::fs::read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
                clean(&text).ok_or_else(empty)
            }
            Self::Text(text) => clean(text.expose_secret()).ok_or_else(empty),
        }
    }
}

/// The secret at `path`; a fault if it is missing or cannot be fetched.
pub(super) fn check_secret(from: Option<&SecretFrom>, path: &str, faults: &mut Faults) -> Option<SecretString> {
    let what = "{ env = \"NAME\" } or { file = \"/path\" }";
    match faults.required(path, from, what)?.fetch() {
        Ok(secret) => Some(secret),
        Err(message) => {
            faults.add(path, message);
            None
        }
    }
}
