//! How a [`Custom`] is described.

use crate::map::{Account, Fixed};
use crate::phone_book::PhoneBook;
use crate::ready::Ready;
use crate::step::Step;
use cti_core::call::Extension;
use cti_core::number::NumberingPlan;
use cti_core::secret::SecretString;
use cti_core::template::{ProductVersion, SalesforceSession, Step as Moment, Zone};
use cti_core::{Error, Fault, Result};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::watch;

/// A CRM as templates describe it.
///
/// Nothing is sent before the first use. Faults of the description come back as `ConfigInvalid` on use, all at once from
/// [`Custom::faults`], and as failed checks from `health`.
#[derive(Debug)]
pub struct Custom {
    settings: Settings,
    ready: OnceLock<std::result::Result<Ready, Vec<Fault>>>,
}

/// Everything that is said.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) fixed: Fixed,
    pub(crate) accounts: Vec<Account>,
    pub(crate) session_keep: Duration,
    pub(crate) timeout: Duration,
    pub(crate) spellings: usize,
    pub(crate) programs: Vec<PathBuf>,
    pub(crate) clear_text: bool,
    pub(crate) secrets_in_urls: bool,
    pub(crate) version: Option<ProductVersion>,
    pub(crate) numbering: NumberingPlan,
    pub(crate) salesforce: Option<watch::Receiver<Option<SalesforceSession>>>,
    pub(crate) phone_book: PhoneBook,
    pub(crate) phone_books: Vec<(Extension, PhoneBook)>,
    pub(crate) auth: Option<Step>,
    pub(crate) search: Option<Step>,
    pub(crate) click: Option<Step>,
    pub(crate) ring: Option<Step>,
    pub(crate) answer: Option<Step>,
    pub(crate) hang_up: Option<Step>,
}

impl Settings {
    /// What is done at that moment.
    pub(crate) fn step(&self, moment: Moment) -> Option<&Step> {
        match moment {
            Moment::Authentication => self.auth.as_ref(),
            Moment::Search => self.search.as_ref(),
            Moment::Click => self.click.as_ref(),
            Moment::Ringing => self.ring.as_ref(),
            Moment::Answered => self.answer.as_ref(),
            Moment::Ended => self.hang_up.as_ref(),
        }
    }
}

impl Custom {
    /// A CRM with no steps yet; `name` stands in events and logs.
    pub fn new(name: impl Into<String>) -> Self {
        let fixed = Fixed { server: None, zone: Zone::JAPAN, anonymous: "anonymous".to_owned(), codes: false };
        let settings = Settings {
            name: name.into(),
            fixed,
            accounts: Vec::new(),
            session_keep: Duration::from_secs(60 * 60),
            timeout: Duration::from_secs(10),
            spellings: 3,
            programs: Vec::new(),
            clear_text: false,
            secrets_in_urls: false,
            version: None,
            numbering: NumberingPlan::default(),
            salesforce: None,
            phone_book: PhoneBook::default(),
            phone_books: Vec::new(),
            auth: None,
            search: None,
            click: None,
            ring: None,
            answer: None,
            hang_up: None,
        };
        Self { settings, ready: OnceLock::new() }
    }

    /// Obtains a session from the CRM.
    #[must_use]
    pub fn auth(self, step: Step) -> Self {
        self.set(|settings| settings.auth = Some(step))
    }

    /// Looks the customer up.
    #[must_use]
    pub fn search(self, step: Step) -> Self {
        self.set(|settings| settings.search = Some(step))
    }

    /// The agent clicked the pop.
    #[must_use]
    pub fn click(self, step: Step) -> Self {
        self.set(|settings| settings.click = Some(step))
    }

    /// A phone rings.
    #[must_use]
    pub fn ring(self, step: Step) -> Self {
        self.set(|settings| settings.ring = Some(step))
    }

    /// A call is answered.
    #[must_use]
    pub fn answer(self, step: Step) -> Self {
        self.set(|settings| settings.answer = Some(step))
    }

    /// A call is over. A request or a programme is carried out as a call log: kept on disk and tried until it went well.
    #[must_use]
    pub fn hang_up(self, step: Step) -> Self {
        self.set(|settings| settings.hang_up = Some(step))
    }

    /// `{SVADDR}`: the address of the PBX or server, such as `https://pbx.example.com:8000/`.
    #[must_use]
    pub fn server(self, url: impl Into<String>) -> Self {
        self.set(|settings| settings.fixed.server = Some(url.into()))
    }

    /// `{AID}` and `{APW}`: the account that is used where an agent has none of his own.
    #[must_use]
    pub fn account(self, id: impl Into<String>, password: SecretString) -> Self {
        let account = Account { extension: None, id: id.into(), password, name: None };
        self.set(|settings| settings.accounts.push(account))
    }

    /// `{AID}`, `{APW}` and `{AGENTNAME}` of the agent with that telephone; he has a session of his own.
    #[must_use]
    pub fn agent(
        self,
        extension: impl Into<Extension>,
        id: impl Into<String>,
        password: SecretString,
        name: Option<String>,
    ) -> Self {
        let account = Account { extension: Some(extension.into()), id: id.into(), password, name };
        self.set(|settings| settings.accounts.push(account))
    }

    /// After so long the session is fetched again; an hour unless said otherwise, zero for never. A session that the CRM
    /// refuses is fetched again at once in any case.
    #[must_use]
    pub fn session_keep(self, keep: Duration) -> Self {
        self.set(|settings| settings.session_keep = keep)
    }

    /// How long a step may take in all; 10 seconds unless said otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.timeout = timeout)
    }

    /// How many spellings of the number the search tries, one after the other, until somebody is found; 3 unless said
    /// otherwise.
    #[must_use]
    pub fn spellings(self, spellings: usize) -> Self {
        self.set(|settings| settings.spellings = spellings.max(1))
    }

    /// The time zone of the dates; that of Japan unless said otherwise.
    #[must_use]
    pub fn time_zone(self, zone: Zone) -> Self {
        self.set(|settings| settings.fixed.zone = zone)
    }

    /// The version of the product whose templates are taken over: it decides whether `{CODE1}` `{CODE2}` or `{ARG1}` …
    /// exist, which are then read from the caller's number: `number#code1#code2`. Without, a `#` in a number is a `#`.
    #[must_use]
    pub fn version(self, version: ProductVersion) -> Self {
        self.set(|settings| {
            settings.version = Some(version);
            settings.fixed.codes = true;
        })
    }

    /// How numbers are written here, for the functions `E164()` and `NATIONAL()`. Default: Japan.
    #[must_use]
    pub fn numbering(self, plan: NumberingPlan) -> Self {
        self.set(|settings| settings.numbering = plan)
    }

    /// Salesforce is one of the CRMs, and this is its session, `None` while there is none: `{SFID}` `{SFSID}` `{SFAPI}` exist,
    /// and each request has the session of that moment. Without, a template that uses them is a mistake.
    #[must_use]
    pub fn salesforce(self, session: watch::Receiver<Option<SalesforceSession>>) -> Self {
        self.set(|settings| settings.salesforce = Some(session))
    }

    /// The phone book for all: number and name. `{TELNAME}` and `{CALLEDNAME}` are read from it; numbers are compared by
    /// what they mean.
    #[must_use]
    pub fn phone_book(self, entries: impl IntoIterator<Item = (String, String)>) -> Self {
        self.set(|settings| settings.phone_book = entries.into_iter().collect())
    }

    /// The phone book of one telephone; it comes before the one for all.
    #[must_use]
    pub fn phone_book_of(
        self,
        extension: impl Into<Extension>,
        entries: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.set(|settings| settings.phone_books.push((extension.into(), entries.into_iter().collect())))
    }

    /// What `{TEL}` is for a caller who shows no number; `anonymous` unless said otherwise.
    #[must_use]
    pub fn anonymous(self, text: impl Into<String>) -> Self {
        self.set(|settings| settings.fixed.anonymous = text.into())
    }

    /// Allows that programme, by its absolute path, to be started.
    #[must_use]
    pub fn program(self, path: impl Into<PathBuf>) -> Self {
        self.set(|settings| settings.programs.push(path.into()))
    }

    /// Allows addresses with `http://`, by which everything is sent in clear text. Without, that is allowed for this
    /// machine itself only.
    #[must_use]
    pub fn clear_text(self, allowed: bool) -> Self {
        self.set(|settings| settings.clear_text = allowed)
    }

    /// Allows secrets in addresses, where proxies and logs see them.
    #[must_use]
    pub fn secrets_in_urls(self, allowed: bool) -> Self {
        self.set(|settings| settings.secrets_in_urls = allowed)
    }

    /// Everything that is wrong with the description, each with the path of its key; empty if it can be used. Sends
    /// nothing.
    pub fn faults(&self) -> Vec<Fault> {
        self.prepared().err().cloned().unwrap_or_default()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the description comes to; the first fault if it cannot be used.
    pub(crate) fn ready(&self) -> Result<&Ready> {
        let first = |faults: &Vec<Fault>| {
            faults.first().cloned().map(|fault| Error::config(fault.path, one_line(&fault.message)))
        };
        self.prepared().map_err(|faults| {
            first(faults).unwrap_or_else(|| Error::config("custom", "the configuration is not usable"))
        })
    }

    fn prepared(&self) -> std::result::Result<&Ready, &Vec<Fault>> {
        self.ready.get_or_init(|| Ready::prepare(&self.settings)).as_ref()
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self.ready = OnceLock::new();
        self
    }
}

/// An error is one line; the text of a template, which may hold a key, does not belong into it.
fn one_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}
