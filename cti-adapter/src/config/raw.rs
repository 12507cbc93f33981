//! The file as it is written. Everything may be missing here, so that [`super::check`] can tell all that is.

use super::secret::SecretFrom;
use cti::core::dial::TelephonyGroup;
use cti::core::pbx::AutoAnswer;
use cti::core::policy::Policy;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawConfig {
    pub(crate) numbering: Option<RawNumbering>,
    pub(crate) pbx: Vec<RawPbx>,
    /// What stands in a section depends on its `kind`: see [`super::crm`].
    pub(crate) crm: Vec<toml::Table>,
    pub(crate) outbox: RawOutbox,
    pub(crate) desk: Option<RawDesk>,
    pub(crate) policy: Policy,
    pub(crate) groups: Vec<TelephonyGroup>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RawNumbering {
    pub(crate) country_code: Option<String>,
    pub(crate) trunk_prefix: Option<String>,
    pub(crate) international_prefix: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawPbx {
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) transport: Option<String>,
    pub(crate) ca_file: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) secret: Option<SecretFrom>,
    pub(crate) trunks: Vec<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) extension_digits: Option<[usize; 2]>,
    pub(crate) outside_contexts: Option<Vec<String>>,
    pub(crate) inside_contexts: Option<Vec<String>>,
    pub(crate) technology: Option<String>,
    pub(crate) dial_context: Option<String>,
    pub(crate) transfer_context: Option<String>,
    pub(crate) auto_answer: Option<AutoAnswer>,
    pub(crate) recordings: Option<String>,
    pub(crate) context_prefixes: Option<Vec<String>>,
    pub(crate) ask_presentation: Option<bool>,
    pub(crate) keep_alive: Option<u64>,
    pub(crate) unconfirmed_after: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawOutbox {
    pub(crate) path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawDesk {
    pub(crate) listen: Option<String>,
    pub(crate) public: bool,
    pub(crate) public_url: Option<String>,
    pub(crate) allow_origins: Vec<String>,
    pub(crate) agents: Vec<RawAgent>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAgent {
    pub(crate) user: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) token: Option<SecretFrom>,
}
