//! The one time at which a person is needed: the grant.

use crate::auth::{Credentials, exchange};
use crate::centre::Centre;
use crate::config::http;
use crate::token_file;
use cti_core::secret::SecretString;
use cti_core::{Error, ErrorKind, Result};
use cti_http::Repeat;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Everything that the connector may need.
pub const SCOPES: &str = "PhoneBridge.call.log,PhoneBridge.zohoone.search,ZohoCRM.modules.ALL,\
    ZohoSearch.securesearch.READ,ZohoCRM.coql.READ,ZohoCRM.users.READ,ZohoCRM.org.READ,ZohoCRM.settings.ALL";

/// Where Zoho sends the browser back to, and what comes with it.
const MAX_CODE: usize = 512;

/// A grant under way.
#[derive(Debug, Clone)]
pub struct Login {
    centre: Centre,
    credentials: Credentials,
    file: PathBuf,
}

impl Login {
    /// For a data centre (as [`Zoho::new`](crate::Zoho::new)), a client of Zoho's API console and a file for the tokens.
    ///
    /// # Errors
    /// `ConfigInvalid` for a data centre that is none.
    pub fn new(
        centre: &str,
        client_id: impl Into<String>,
        client_secret: SecretString,
        file: impl Into<PathBuf>,
    ) -> Result<Self> {
        let centre = Centre::parse(centre).map_err(|why| Error::config("data_center", why))?;
        let credentials = Credentials { client_id: client_id.into(), client_secret, refresh: None, file: None };
        Ok(Self { centre, credentials, file: file.into() })
    }

    /// The address that the person opens, for a server-based client: Zoho asks for consent and sends the browser to
    /// `redirect_uri`, which must be the registered one. `state` comes back with it.
    ///
    /// # Errors
    /// `ConfigInvalid` if the address cannot be made.
    pub fn consent_url(&self, redirect_uri: &str, state: &str) -> Result<Url> {
        let mut url =
            self.centre.accounts.join("oauth/v2/auth").map_err(|_| Error::config("data_center", "is no address"))?;
        url.query_pairs_mut()
            .append_pair("scope", SCOPES)
            .append_pair("client_id", &self.credentials.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("access_type", "offline")
            .append_pair("prompt", "consent")
            .append_pair("state", state);
        Ok(url)
    }

    /// Finishes with the address to which Zoho sent the browser: the code is exchanged at the data centre that it names.
    ///
    /// # Errors
    /// `Rejected` if the address is not the answer to this question, `Unauthenticated` if Zoho does not take the code.
    pub async fn finish_with_address(&self, address: &str, redirect_uri: &str, state: &str) -> Result<()> {
        let odd = |text: &str| Error::new(ErrorKind::Rejected, text);
        let url = Url::parse(address.trim()).map_err(|_| odd("this is not the address of Zoho's answer"))?;
        let param =
            |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        if param("state").as_deref() != Some(state) {
            return Err(odd("this is the answer to another question: start again"));
        }
        if param("error").is_some() {
            return Err(odd("the consent was refused in Zoho"));
        }
        let code = param("code").ok_or_else(|| odd("the address holds no code"))?;
        let centre = self.answering(param("accounts-server").as_deref(), param("location").as_deref()).await?;
        self.exchange(&centre, &code, Some(redirect_uri)).await
    }

    /// Finishes with the code that the page of a self client shows; it is good for a few minutes.
    ///
    /// # Errors
    /// `Unauthenticated` if Zoho does not take the code.
    pub async fn finish_with_code(&self, code: &str) -> Result<()> {
        self.exchange(&self.centre, code.trim(), None).await
    }

    /// The file of tokens that is written.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The data centre that gave the code. What comes in an address is not believed: it must be one that we or Zoho know.
    async fn answering(&self, server: Option<&str>, location: Option<&str>) -> Result<Centre> {
        let Some(server) = server.map(|server| server.trim_end_matches('/')) else { return Ok(self.centre.clone()) };
        let is = |url: &Url| url.as_str().trim_end_matches('/') == server;
        if is(&self.centre.accounts) {
            return Ok(self.centre.clone());
        }
        if let Some(centre) = crate::centres().filter_map(|code| Centre::parse(code).ok()).find(|c| is(&c.accounts)) {
            return Ok(centre);
        }
        let known = self.locations().await?;
        let named = location.and_then(|location| known.get(location)).and_then(Value::as_str);
        let named = named.filter(|named| named.trim_end_matches('/') == server);
        let unknown =
            || Error::new(ErrorKind::Rejected, "the answer comes from an accounts server that Zoho does not name");
        Centre::parse(named.ok_or_else(unknown)?).map_err(|why| Error::config("accounts-server", why))
    }

    /// Zoho's own list of data centres.
    async fn locations(&self) -> Result<Value> {
        let http = http(&self.centre, Duration::from_secs(10))?;
        let url =
            self.centre.accounts.join("oauth/serverinfo").map_err(|_| Error::config("data_center", "is no address"))?;
        let reply = http.send(http.get(url), Repeat::Harmless).await?;
        let locations = reply.json().and_then(|body| body.get("locations").cloned());
        locations.ok_or_else(|| reply.error_by_status())
    }

    async fn exchange(&self, centre: &Centre, code: &str, redirect_uri: Option<&str>) -> Result<()> {
        if code.is_empty() || code.len() > MAX_CODE {
            return Err(Error::new(ErrorKind::Rejected, "this is no code of Zoho's"));
        }
        let http = http(centre, Duration::from_secs(20))?;
        let tokens = exchange(&http, &centre.accounts, &self.credentials, code, redirect_uri).await;
        token_file::write(&self.file, &tokens.map_err(|error| error.during("login"))?)
    }
}
