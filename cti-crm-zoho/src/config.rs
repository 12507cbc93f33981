//! How a [`Zoho`] is described, and what is wrong with a description.

use crate::agents::Agents;
use crate::auth::{Auth, Credentials};
use crate::bridge::{Bridge, PhoneBridge};
use crate::call_log::{CallLog, DurationForm, LogRules};
use crate::centre::Centre;
use crate::client::Client;
use crate::credits::Credits;
use crate::customers::{Customers, Find, Module, Rules, TieBreak};
use crate::map::Pages;
use crate::query::ApiName;
use crate::tasks::MissedCallTasks;
use crate::users::{Agent, Users};
use cti_core::fields::FieldMap;
use cti_core::secret::SecretString;
use cti_core::{Error, Fault, Result};
use cti_http::Options;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;

/// A Zoho organisation as a CRM.
///
/// Nothing is sent before the first use. Faults of the description come back as `ConfigInvalid` on use, all at once from
/// [`Zoho::faults`], and as failed checks from `health`.
#[derive(Debug)]
pub struct Zoho {
    settings: Settings,
    ready: OnceLock<std::result::Result<Ready, Vec<Fault>>>,
}

#[derive(Debug)]
struct Settings {
    name: String,
    centre: String,
    web: Option<String>,
    org: Option<String>,
    credentials: Credentials,
    timeout: Duration,
    credits_per_day: Option<u64>,
    pop_new_record: bool,
    log_calls: bool,
    key_field: Option<String>,
    rules: Rules,
    log: LogRules,
    agents: Vec<Agent>,
    fallback_owner: Option<String>,
    bridge: Option<PhoneBridge>,
}

/// Everything checked and prepared.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) client: Arc<Client>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) customers: Customers,
    pub(crate) call_log: Option<CallLog>,
    pub(crate) agents: Agents,
    pub(crate) bridge: Option<Bridge>,
    pub(crate) web: Url,
    /// The number of the organisation: configured, or asked once.
    pub(crate) org: OnceLock<Option<String>>,
}

impl Ready {
    /// Where the CRM's pages are, as far as it is known.
    pub(crate) fn pages(&self) -> Pages {
        Pages { web: self.web.clone(), org: self.org.get().cloned().flatten() }
    }
}

impl Zoho {
    /// An organisation in a data centre: a location (`us`, `eu`, `jp`, …; see [`centres`](crate::centres)) or the address
    /// of an accounts server. Clear text (`http://`) is accepted for this machine itself only.
    pub fn new(centre: impl Into<String>) -> Self {
        let credentials =
            Credentials { client_id: String::new(), client_secret: String::new().into(), refresh: None, file: None };
        let rules = Rules {
            modules: vec![Module::contacts(), Module::leads(), Module::accounts()],
            find: Find::default(),
            tie_break: TieBreak::default(),
            budget: 6,
            create_in: "Contacts".to_owned(),
            new_company: "-".to_owned(),
        };
        Self {
            settings: Settings {
                name: "zoho".to_owned(),
                centre: centre.into(),
                web: None,
                org: None,
                credentials,
                timeout: Duration::from_secs(10),
                credits_per_day: None,
                pop_new_record: false,
                log_calls: true,
                key_field: None,
                rules,
                log: LogRules::default(),
                agents: Vec::new(),
                fallback_owner: None,
                bridge: None,
            },
            ready: OnceLock::new(),
        }
    }

    /// The client as it is registered in Zoho's API console.
    #[must_use]
    pub fn client(self, id: impl Into<String>, secret: SecretString) -> Self {
        self.set(|s| {
            s.credentials.client_id = id.into();
            s.credentials.client_secret = secret;
        })
    }

    /// The refresh token. Set a [`Zoho::token_file`] too, else each start needs an access token, of which Zoho gives few.
    #[must_use]
    pub fn refresh_token(self, token: SecretString) -> Self {
        self.set(|s| s.credentials.refresh = Some(token))
    }

    /// Tokens are kept in this file, which only its owner may read. [`login`](crate::login) writes it.
    #[must_use]
    pub fn token_file(self, file: impl Into<PathBuf>) -> Self {
        self.set(|s| s.credentials.file = Some(file.into()))
    }

    /// The name of this CRM in events and logs; `zoho` unless said otherwise.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set(|s| s.name = name.into())
    }

    /// Where customers are looked for, in this order: the first module in which somebody is found counts. Contacts, leads,
    /// accounts unless said otherwise.
    #[must_use]
    pub fn modules(self, modules: impl IntoIterator<Item = Module>) -> Self {
        self.set(|s| s.rules.modules = modules.into_iter().collect())
    }

    /// How customers are found.
    #[must_use]
    pub fn find(self, find: Find) -> Self {
        self.set(|s| s.rules.find = find)
    }

    /// The most searches for one look-up; 6 unless said otherwise. Queries are one a module.
    #[must_use]
    pub fn search_budget(self, searches: usize) -> Self {
        self.set(|s| s.rules.budget = searches)
    }

    /// Which of several customers is meant.
    #[must_use]
    pub fn tie_break(self, tie_break: TieBreak) -> Self {
        self.set(|s| s.rules.tie_break = tie_break)
    }

    /// The module in which new customers are made; contacts unless said otherwise.
    #[must_use]
    pub fn create_in(self, module: impl Into<String>) -> Self {
        self.set(|s| s.rules.create_in = module.into())
    }

    /// The company of a new lead; `-` unless said otherwise.
    #[must_use]
    pub fn new_company(self, company: impl Into<String>) -> Self {
        self.set(|s| s.rules.new_company = company.into())
    }

    /// The agents: they own the records of their calls, and PhoneBridge tells them of theirs.
    #[must_use]
    pub fn agents(self, agents: impl IntoIterator<Item = Agent>) -> Self {
        self.set(|s| s.agents = agents.into_iter().collect())
    }

    /// The address of the user who owns the records of calls that belong to no agent.
    #[must_use]
    pub fn fallback_owner(self, email: impl Into<String>) -> Self {
        self.set(|s| s.fallback_owner = Some(email.into()))
    }

    /// A text field of the module Calls that holds the call id, best marked "Do not allow duplicate values". Without, the
    /// key stands as a short mark at the end of the subject.
    #[must_use]
    pub fn call_key_field(self, field: impl Into<String>) -> Self {
        self.set(|s| s.key_field = Some(field.into()))
    }

    /// Further fields of a call: attribute and API name. Attributes are `call_id`, `phone`, `name`, `direction`, `result`,
    /// `started_at`, `answered_at`, `ended_at`, `duration`, `agent`, `line`, `queue`, `recordings`; others are taken from
    /// the call's context.
    #[must_use]
    pub fn call_fields(self, fields: FieldMap) -> Self {
        self.set(|s| s.log.fields = fields)
    }

    /// In which form the length of a call is written.
    #[must_use]
    pub fn duration_form(self, form: DurationForm) -> Self {
        self.set(|s| s.log.duration = form)
    }

    /// Missed calls become tasks.
    #[must_use]
    pub fn missed_call_tasks(self, tasks: MissedCallTasks) -> Self {
        self.set(|s| s.log.tasks = Some(tasks))
    }

    /// Calls are not written.
    #[must_use]
    pub fn no_call_log(self) -> Self {
        self.set(|s| s.log_calls = false)
    }

    /// Zoho's own call window.
    #[must_use]
    pub fn phone_bridge(self, bridge: PhoneBridge) -> Self {
        self.set(|s| s.bridge = Some(bridge))
    }

    /// So many of the organisation's credits may be used in any 24 hours; look-ups get the last of them.
    #[must_use]
    pub fn credits_per_day(self, credits: u64) -> Self {
        self.set(|s| s.credits_per_day = Some(credits))
    }

    /// The number of the organisation, as it stands in the browser (`…/crm/org700000001/…`). Asked from Zoho unless given.
    #[must_use]
    pub fn org(self, org: impl Into<String>) -> Self {
        self.set(|s| s.org = Some(org.into()))
    }

    /// Another host of the CRM's pages than that of the data centre.
    #[must_use]
    pub fn web_url(self, url: impl Into<String>) -> Self {
        self.set(|s| s.web = Some(url.into()))
    }

    /// How long one request may take, connecting included; 10 seconds unless said otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|s| s.timeout = timeout)
    }

    /// An unknown caller pops the page of a new record instead of nothing.
    #[must_use]
    pub fn pop_new_record(self, pop: bool) -> Self {
        self.set(|s| s.pop_new_record = pop)
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

    /// True if PhoneBridge is told of calls.
    pub(crate) fn bridge_logs(&self) -> bool {
        use crate::bridge::LogBy;
        self.settings.bridge.as_ref().is_some_and(|bridge| bridge.log_by == LogBy::PhoneBridge)
    }

    pub(crate) fn logs_calls(&self) -> bool {
        self.settings.log_calls || self.bridge_logs()
    }

    /// What the description comes to; the first fault if it cannot be used.
    pub(crate) fn ready(&self) -> Result<&Ready> {
        self.prepared().map_err(|faults| {
            let first = faults.first().cloned();
            first.map_or_else(|| Error::config("zoho", "the configuration is not usable"), Error::from)
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
        let centre = Centre::parse(&self.centre).map_err(|why| faults.push(Fault::new("data_center", why))).ok();
        let web = self.web.as_deref().map(cti_http::secure_base).transpose();
        let web = web.map_err(|why| faults.push(Fault::new("web_url", why))).ok().flatten();
        self.check_credentials(&mut faults);
        self.check_rules(&mut faults);
        let key_field = self.checked_name(self.key_field.as_deref(), "call_log.key_field", &mut faults);
        if let Some(bridge) = &self.bridge {
            bridge.check(&mut faults);
        }
        let http = centre.as_ref().and_then(|centre| {
            http(centre, self.timeout).map_err(|error| faults.push(Fault::new("tls", error.message()))).ok()
        });
        match (centre, http) {
            (Some(centre), Some(http)) if faults.is_empty() => Ok(self.build(centre, &http, web, key_field)),
            _ => Err(faults),
        }
    }

    fn build(&self, centre: Centre, http: &cti_http::Client, web: Option<Url>, key_field: Option<ApiName>) -> Ready {
        let auth_of = |credentials| Arc::new(Auth::new(http.clone(), centre.accounts.clone(), credentials));
        let client_of =
            |auth: &Arc<Auth>, a_day| Arc::new(Client::new(http.clone(), auth.clone(), Credits::new(a_day)));
        let auth = auth_of(self.credentials.clone());
        let client = client_of(&auth, self.credits_per_day);
        let bridge = self.bridge.clone().map(|settings| {
            // PhoneBridge has no part in the credits of the CRM.
            let auth = match settings.own_client.clone() {
                Some((client_id, client_secret, file)) => {
                    auth_of(Credentials { client_id, client_secret, refresh: None, file: Some(file) })
                }
                None => Arc::clone(&auth),
            };
            Bridge::new(client_of(&auth, None), settings)
        });
        let org = OnceLock::new();
        if let Some(number) = &self.org {
            let _ = org.set(Some(number.clone()));
        }
        let log = LogRules { key_field, ..self.log.clone() };
        let agents =
            Agents { all: self.agents.clone(), fallback: self.fallback_owner.clone(), users: Users::default() };
        Ready {
            client,
            auth,
            customers: Customers::new(self.rules.clone()),
            call_log: self.log_calls.then(|| CallLog::new(log)),
            agents,
            bridge,
            web: web.unwrap_or(centre.web),
            org,
        }
    }

    fn check_credentials(&self, faults: &mut Vec<Fault>) {
        use cti_core::secret::ExposeSecret;
        if self.credentials.client_id.trim().is_empty() {
            faults.push(Fault::new("client_id", "the client id of Zoho's API console is missing"));
        }
        if self.credentials.client_secret.expose_secret().trim().is_empty() {
            faults.push(Fault::new("client_secret", "the client secret of Zoho's API console is missing"));
        }
        if self.credentials.refresh.is_none() && self.credentials.file.is_none() {
            faults.push(Fault::new("token_file", "name the file of tokens that `cti-adapter login zoho` writes"));
        }
        if self.org.as_ref().is_some_and(|org| org.is_empty() || !org.bytes().all(|b| b.is_ascii_digit())) {
            faults.push(Fault::new("org", "is the number that stands behind /crm/org in the browser"));
        }
    }

    fn check_rules(&self, faults: &mut Vec<Fault>) {
        for (index, module) in self.rules.modules.iter().enumerate() {
            let path = format!("modules[{index}]");
            self.checked_name(Some(&module.name), &format!("{path}.name"), faults);
            for field in module.fields() {
                self.checked_name(Some(field), &format!("{path}.fields"), faults);
            }
            if module.phones.is_empty() {
                faults.push(Fault::new(format!("{path}.phones"), "name the fields that hold telephone numbers"));
            }
        }
        if !self.rules.modules.iter().any(|module| module.name == self.rules.create_in) {
            faults.push(Fault::new("create_in", "is not one of the modules"));
        }
        for (attribute, code) in self.log.fields.iter() {
            self.checked_name(Some(code), &format!("call_log.fields.{attribute}"), faults);
        }
    }

    fn checked_name(&self, name: Option<&str>, path: &str, faults: &mut Vec<Fault>) -> Option<ApiName> {
        let name = name?;
        let checked = ApiName::new(name);
        if checked.is_none() {
            faults.push(Fault::new(path, format!("{name:?} is no API name: letters, digits and _")));
        }
        checked
    }
}

/// The client for a data centre.
pub(crate) fn http(centre: &Centre, timeout: Duration) -> Result<cti_http::Client> {
    let user_agent = concat!("cti-crm-zoho/", env!("CARGO_PKG_VERSION")).to_owned();
    cti_http::Client::new("Zoho", Options { timeout, user_agent, ..Options::for_base(&centre.accounts) })
}
