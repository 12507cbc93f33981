//! The file as it is written. Everything may be missing here, so that [`super::check`] can tell all that is.

use super::secret::SecretFrom;
use cti::core::dial::TelephonyGroup;
use cti::core::fields::FieldMap;
use cti::core::policy::Policy;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawConfig {
    pub(crate) numbering: Option<RawNumbering>,
    pub(crate) pbx: Vec<RawPbx>,
    pub(crate) crm: Vec<RawCrm>,
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
    pub(crate) technology: Option<String>,
    pub(crate) dial_context: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawCrm {
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) customers: Option<RawApp>,
    pub(crate) call_log: Option<RawApp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawApp {
    pub(crate) app: Option<RawAppId>,
    pub(crate) token: Option<SecretFrom>,
    pub(crate) fields: Option<FieldMap>,
    pub(crate) add_only: bool,
}

/// An app's number, or the address of the app, as it stands in the browser.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum RawAppId {
    Number(u64),
    Text(String),
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
