//! How a [`Kintone`] is described, and what is wrong with a description.

use crate::address::{AppId, Place, Site};
use crate::auth::{Basic, Credentials, Proof};
use crate::call_log::{CallLog, CallLogMode, call_log_fields};
use crate::client::Client;
use crate::contacts::Reader;
use crate::customers::Customers;
use crate::query::FieldCode;
use crate::recording::RecordingFiles;
use cti_core::fields::{FieldMap, is_phone};
use cti_core::secret::SecretString;
use cti_core::{Error, Fault, Result};
use cti_http::Options;
use std::sync::OnceLock;
use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A kintone as a CRM.
///
/// Nothing is sent before the first use. Faults of the description come back as `ConfigInvalid` on use, all at once from
/// [`Kintone::faults`], and as failed checks from `health`.
#[derive(Debug)]
pub struct Kintone {
    settings: Settings,
    ready: OnceLock<std::result::Result<Ready, Vec<Fault>>>,
}

#[derive(Debug)]
struct Settings {
    name: String,
    address: String,
    guest_space: Option<u64>,
    basic: Option<Basic>,
    timeout: Duration,
    pop_new_record: bool,
    mobile_pages: bool,
    certificate: Option<SecretString>,
    recordings: Option<RecordingFiles>,
    customers: Option<Target>,
    call_log: Option<Target>,
    call_log_mode: CallLogMode,
}

/// An app with its credentials and its fields.
#[derive(Debug)]
struct Target {
    app: AppId,
    credentials: Credentials,
    fields: FieldMap,
}

/// Everything checked and prepared.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) client: Client,
    pub(crate) site: Site,
    pub(crate) customers: Option<Customers>,
    pub(crate) call_log: Option<CallLog>,
    pub(crate) reader: Reader,
}

/// What is needed to speak to one app.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) proof: Proof,
    /// Attribute and code, in order.
    pub(crate) fields: Vec<(String, FieldCode)>,
}

impl App {
    /// The code of the field that holds the attribute.
    pub(crate) fn code(&self, attribute: &str) -> Option<&FieldCode> {
        self.fields.iter().find(|(name, _)| name == attribute).map(|(_, code)| code)
    }

    /// The codes of the telephone numbers.
    pub(crate) fn phones(&self) -> impl Iterator<Item = &FieldCode> {
        self.fields.iter().filter(|(name, _)| is_phone(name)).map(|(_, code)| code)
    }
}

impl Kintone {
    /// A kintone at a sub-domain (`acme` = `acme.cybozu.com`), a host (`acme.kintone.com`) or a base URL. Clear text
    /// (`http://`) is accepted for this machine itself only.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            settings: Settings {
                name: "kintone".to_owned(),
                address: address.into(),
                guest_space: None,
                basic: None,
                timeout: DEFAULT_TIMEOUT,
                pop_new_record: false,
                mobile_pages: false,
                certificate: None,
                recordings: None,
                customers: None,
                call_log: None,
                call_log_mode: CallLogMode::default(),
            },
            ready: OnceLock::new(),
        }
    }

    /// Look-up, contacts and screen pop use this app: its id or address, its token (several separated by commas, if it
    /// has lookup fields), and which attribute stands in which field. `phone` is mandatory; `phone2`, … are searched
    /// too; `name` and `company` are the title of a pop; all others are shown under their own names.
    #[must_use]
    pub fn customers(self, app: impl Into<AppId>, credentials: impl Into<Credentials>, fields: FieldMap) -> Self {
        self.set(|settings| {
            settings.customers = Some(Target { app: app.into(), credentials: credentials.into(), fields })
        })
    }

    /// Calls are written to this app. [`call_log_fields`] are the suggested fields; an empty map stands for them.
    /// Attributes that are not in the map are not written; attributes that are no part of a call record are taken from
    /// its `context`.
    #[must_use]
    pub fn call_log(self, app: impl Into<AppId>, credentials: impl Into<Credentials>, fields: FieldMap) -> Self {
        let fields = if fields.is_empty() { call_log_fields() } else { fields };
        self.set(|settings| {
            settings.call_log = Some(Target { app: app.into(), credentials: credentials.into(), fields })
        })
    }

    /// How calls are written; [`CallLogMode::Upsert`] unless said otherwise.
    #[must_use]
    pub fn call_log_mode(self, mode: CallLogMode) -> Self {
        self.set(|settings| settings.call_log_mode = mode)
    }

    /// The name of this CRM in events and logs; `kintone` unless said otherwise.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set(|settings| settings.name = name.into())
    }

    /// Another address than [`Kintone::new`] was given: for other regions and for tests.
    #[must_use]
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.set(|settings| settings.address = url.into())
    }

    /// The apps are in this guest space.
    #[must_use]
    pub fn guest_space(self, id: u64) -> Self {
        self.set(|settings| settings.guest_space = Some(id))
    }

    /// The user and password of the Basic authentication in front of a kintone with IP address restriction; sent beside
    /// the token.
    #[must_use]
    pub fn basic_auth(self, user: impl Into<String>, password: SecretString) -> Self {
        self.set(|settings| settings.basic = Some(Basic { user: user.into(), password }))
    }

    /// Certificate and key of "secure access", as PEM in one text. The address becomes that of secure access
    /// (`acme.s.cybozu.com`), if it is not already.
    #[must_use]
    pub fn client_certificate(self, pem: SecretString) -> Self {
        self.set(|settings| settings.certificate = Some(pem))
    }

    /// Pages open as they are made for telephones.
    #[must_use]
    pub fn mobile_pages(self, mobile: bool) -> Self {
        self.set(|settings| settings.mobile_pages = mobile)
    }

    /// Recordings that come late are added to their call. For that the call history's credentials must be allowed to
    /// view records.
    #[must_use]
    pub fn late_recordings(self, files: RecordingFiles) -> Self {
        self.set(|settings| settings.recordings = Some(files))
    }

    /// How long one request may take, connecting included; 10 seconds unless said otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.timeout = timeout)
    }

    /// An unknown caller pops the page of a new record instead of nothing.
    #[must_use]
    pub fn pop_new_record(self, pop: bool) -> Self {
        self.set(|settings| settings.pop_new_record = pop)
    }

    /// Everything that is wrong with the description; empty if it can be used. Sends nothing.
    pub fn faults(&self) -> Vec<Fault> {
        self.prepared().err().cloned().unwrap_or_default()
    }

    pub(crate) fn configured_name(&self) -> &str {
        &self.settings.name
    }

    pub(crate) fn pops_new_record(&self) -> bool {
        self.settings.pop_new_record
    }

    pub(crate) fn has_customers(&self) -> bool {
        self.settings.customers.is_some()
    }

    pub(crate) fn updates_call_log(&self) -> bool {
        self.has_call_log() && self.settings.call_log_mode == CallLogMode::Upsert
    }

    pub(crate) fn takes_recordings(&self) -> bool {
        self.updates_call_log() && self.settings.recordings.is_some()
    }

    pub(crate) fn has_call_log(&self) -> bool {
        self.settings.call_log.is_some()
    }

    /// What the description comes to; the first fault if it cannot be used.
    pub(crate) fn ready(&self) -> Result<&Ready> {
        self.prepared().map_err(|faults| {
            faults
                .first()
                .cloned()
                .map_or_else(|| Error::config("kintone", "the configuration is not usable"), Error::from)
        })
    }

    fn prepared(&self) -> std::result::Result<&Ready, &Vec<Fault>> {
        self.ready.get_or_init(|| self.settings.prepare()).as_ref()
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self.ready = OnceLock::new();
        self
    }
}

impl Settings {
    fn prepare(&self) -> std::result::Result<Ready, Vec<Fault>> {
        let mut faults = Vec::new();
        let place =
            Place { guest_space: self.guest_space, secure: self.certificate.is_some(), mobile: self.mobile_pages };
        let site = Site::parse(&self.address, place).map_err(|why| faults.push(Fault::new("domain", why))).ok();
        let customers = self.customers.as_ref().and_then(|target| target.check("customers", &mut faults));
        let call_log = self.call_log.as_ref().and_then(|target| target.check("call_log", &mut faults));
        if customers.as_ref().is_some_and(|app| app.code("phone").is_none()) {
            faults.push(Fault::new("customers.fields.phone", "name the field that holds the telephone number"));
        }
        let needs_key = self.call_log_mode == CallLogMode::Upsert;
        if needs_key && call_log.as_ref().is_some_and(|app| app.code("call_id").is_none()) {
            let message = "name the unique text field that holds the call id, or choose the mode that only adds";
            faults.push(Fault::new("call_log.fields.call_id", message));
        }
        let targets = [&self.customers, &self.call_log];
        if self.basic.is_some() && targets.into_iter().flatten().any(|target| target.credentials.is_oauth()) {
            faults.push(Fault::new("basic_auth", "cannot be combined with OAuth: both need the same header"));
        }
        let client = site.as_ref().and_then(|site| {
            let options = Options {
                timeout: self.timeout,
                identity: self.certificate.clone(),
                ..Options::for_base(site.origin())
            };
            Client::new(site, self.basic.clone(), options)
                .map_err(|error| faults.push(Fault::new("client_certificate", error.message())))
                .ok()
        });
        match (site, client) {
            (Some(site), Some(client)) if faults.is_empty() => Ok(Ready {
                client,
                site,
                customers: customers.map(Customers::new),
                call_log: call_log.map(|app| CallLog::new(app, self.call_log_mode, self.recordings.clone())),
                reader: Reader::default(),
            }),
            _ => Err(faults),
        }
    }
}

impl Target {
    fn check(&self, section: &str, faults: &mut Vec<Fault>) -> Option<App> {
        let before = faults.len();
        let id = self.app.number();
        if id.is_none() {
            faults.push(Fault::new(format!("{section}.app"), "give the id of the app (14) or its address (…/k/14/)"));
        }
        let proof = self.credentials.proof();
        if let Err(why) = proof {
            faults.push(Fault::new(format!("{section}.token"), why));
        }
        let mut fields = Vec::new();
        for (attribute, code) in self.fields.iter() {
            match FieldCode::new(code) {
                Some(code) => fields.push((attribute.to_owned(), code)),
                None => faults.push(Fault::new(
                    format!("{section}.fields.{attribute}"),
                    "this is no field code: see the field's settings in kintone (the code, not the label)",
                )),
            }
        }
        let (id, proof) = (id?, proof.ok()?);
        (faults.len() == before).then_some(App { id, proof, fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cti_core::fields;

    fn token() -> SecretString {
        SecretString::from("very-secret-token")
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_keys() {
        let crm = Kintone::new("http://acme.cybozu.com")
            .customers("customers", SecretString::from(""), fields! { name: "na me" })
            .call_log(15, token(), fields! { phone: "tel" });
        let texts: Vec<String> = crm.faults().iter().map(ToString::to_string).collect();
        for key in ["domain", "customers.app", "customers.token", "customers.fields.name", "call_log.fields.call_id"] {
            assert!(texts.iter().any(|text| text.starts_with(&format!("{key}: "))), "{key}: {texts:?}");
        }
    }

    #[test]
    fn phone_is_mandatory() {
        let crm = Kintone::new("acme").customers(14, token(), fields! { name: "name" });
        assert_eq!(crm.faults()[0].path, "customers.fields.phone");
    }

    #[test]
    fn debug_shows_no_token_and_no_password() {
        let crm = Kintone::new("acme")
            .customers(14, token(), fields! { phone: "tel" })
            .basic_auth("gate", SecretString::from("gate-password"));
        assert!(crm.faults().is_empty());
        let text = format!("{crm:?}");
        assert!(!text.contains("very-secret-token") && !text.contains("gate-password"), "{text}");
    }
}
