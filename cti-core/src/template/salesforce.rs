//! What the variables of Salesforce mean.

use super::Variables;
use crate::error::{Error, Result};
use crate::secret::{ExposeSecret, SecretString};
use std::fmt;

/// A session at Salesforce, for the variables `{SFID}` `{SFSID}` `{SFAPI}`.
///
/// ```
/// use cti_core::template::{SalesforceSession, Target, Template, Variables};
/// let session = SalesforceSession::new("sato@example.com", "a".into(), "https://acme.my.salesforce.com").unwrap();
/// let mut variables = Variables::default();
/// session.set_in(&mut variables);
/// let template = Template::compile("https://{SFAPI}/services/data", Target::Url).unwrap();
/// assert_eq!(template.expand(&variables).unwrap().expose(), "https://acme.my.salesforce.com/services/data");
/// ```
#[derive(Clone)]
pub struct SalesforceSession {
    login_id: String,
    session_id: SecretString,
    api_host: String,
}

impl SalesforceSession {
    /// A session of that login id, at the instance whose address the log-in gave (`instance_url`).
    ///
    /// # Errors
    /// `ConfigInvalid` if the address is not `https://` with a host.
    pub fn new(login_id: impl Into<String>, session_id: SecretString, instance_url: &str) -> Result<Self> {
        let parsed = url::Url::parse(instance_url).ok().filter(|url| url.scheme() == "https");
        let host = parsed.and_then(|url| url.host_str().map(str::to_owned));
        let wrong = || Error::config("instance_url", "must be an address such as https://acme.my.salesforce.com");
        Ok(Self { login_id: login_id.into(), session_id, api_host: host.ok_or_else(wrong)? })
    }

    /// Gives `SFID` the login id, `SFSID` the session id (a secret), `SFAPI` the host of the instance.
    pub fn set_in(&self, variables: &mut Variables) {
        variables.set("SFID", &*self.login_id);
        variables.set_secret("SFSID", self.session_id.expose_secret());
        variables.set("SFAPI", &*self.api_host);
    }
}

impl fmt::Debug for SalesforceSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SalesforceSession").field("api_host", &self.api_host).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Target, Template};

    #[test]
    fn the_session_is_secret_and_the_host_is_that_of_the_instance() {
        let session = SalesforceSession::new("sato", "00D!x".into(), "https://acme.my.salesforce.com/path").unwrap();
        let mut variables = Variables::default();
        session.set_in(&mut variables);
        let expanded = |text| Template::compile(text, Target::Header).unwrap().expand(&variables).unwrap();
        assert_eq!(expanded("{SFID} {SFAPI}").expose(), "sato acme.my.salesforce.com");
        assert_eq!(expanded("{SFSID}").expose(), "00D!x");
        assert_eq!(expanded("{SFSID}").to_string(), "***");
        assert!(!format!("{session:?}{variables:?}").contains("00D!x"));
        assert!(variables.get(&super::super::variables::Slot::of("SFSID")).unwrap().1, "it is marked a secret");
    }

    #[test]
    fn an_address_without_a_host_or_in_clear_text_is_refused() {
        for wrong in ["", "acme.my.salesforce.com", "http://acme.my.salesforce.com", "https://"] {
            let error = SalesforceSession::new("sato", "secret".into(), wrong).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::ConfigInvalid, "{wrong}");
        }
    }
}
