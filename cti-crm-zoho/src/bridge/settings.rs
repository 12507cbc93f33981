//! How a PhoneBridge is described.

use cti_core::Fault;
use cti_core::number::NumberingPlan;
use cti_core::secret::{ExposeSecret, SecretString};
use url::Url;

/// A secret that can be guessed is none.
const MIN_SECRET: usize = 16;

/// Who writes the call to the CRM's history: one of them, never both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogBy {
    /// PhoneBridge does when it is told of the end. The end is told through the outbox, so that none is lost.
    #[default]
    PhoneBridge,
    /// We do, as records. PhoneBridge is told of no call then, and serves click-to-dial and call control alone.
    Records,
}

/// Which words PhoneBridge takes for the end of a call that nobody answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EndStates {
    /// The documented ones; if one is refused, `ended` from then on.
    #[default]
    Documented,
    /// `ended` alone.
    OnlyEnded,
}

/// Zoho's call window: notifications, click-to-dial, call control.
#[derive(Debug, Clone)]
pub struct PhoneBridge {
    pub(crate) log_by: LogBy,
    pub(crate) end_states: EndStates,
    pub(crate) webhooks: Option<Webhooks>,
    pub(crate) numbering: NumberingPlan,
    pub(crate) own_client: Option<(String, SecretString, std::path::PathBuf)>,
}

/// Where Zoho's clicks go.
#[derive(Debug, Clone)]
pub(crate) struct Webhooks {
    pub(crate) url: String,
    pub(crate) secret: SecretString,
}

impl Default for PhoneBridge {
    fn default() -> Self {
        Self {
            log_by: LogBy::default(),
            end_states: EndStates::default(),
            webhooks: None,
            numbering: NumberingPlan::japan(),
            own_client: None,
        }
    }
}

impl PhoneBridge {
    /// Notifications alone: no click-to-dial yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Zoho's clicks come to this address, under which others reach the desk (`https://cti.example.com/webhook/zoho`). The
    /// secret proves that they are Zoho's: 16 letters, digits, `-` or `_` at the least.
    #[must_use]
    pub fn webhooks(mut self, url: impl Into<String>, secret: SecretString) -> Self {
        self.webhooks = Some(Webhooks { url: url.into(), secret });
        self
    }

    /// Who writes the call to the history.
    #[must_use]
    pub fn log_by(mut self, log_by: LogBy) -> Self {
        self.log_by = log_by;
        self
    }

    /// Which words are taken for the end of a call.
    #[must_use]
    pub fn end_states(mut self, end_states: EndStates) -> Self {
        self.end_states = end_states;
        self
    }

    /// How numbers are written where the PBX stands; Japan unless said otherwise.
    #[must_use]
    pub fn numbering(mut self, plan: NumberingPlan) -> Self {
        self.numbering = plan;
        self
    }

    /// A client of its own, with its token file: a plain self client is no telephony provider for Zoho.
    #[must_use]
    pub fn client(
        mut self,
        id: impl Into<String>,
        secret: SecretString,
        token_file: impl Into<std::path::PathBuf>,
    ) -> Self {
        self.own_client = Some((id.into(), secret, token_file.into()));
        self
    }

    pub(crate) fn check(&self, faults: &mut Vec<Fault>) {
        let Some(webhooks) = &self.webhooks else { return };
        let url = cti_http::secure_base(&webhooks.url);
        if let Err(why) = &url {
            faults.push(Fault::new("phonebridge.webhook_url", *why));
        }
        // Zoho's odd lists know no escapes.
        if url.is_ok_and(|url: Url| url.query().is_some()) {
            faults.push(Fault::new("phonebridge.webhook_url", "leave the part from ? out"));
        }
        let secret = webhooks.secret.expose_secret();
        if secret.len() < MIN_SECRET || !secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            let message = "take 16 or more letters, digits, - or _, best made by a password generator";
            faults.push(Fault::new("phonebridge.secret", message));
        }
    }
}
