//! Everything compiled; one step carried out.

use crate::auth::{Open, Session};
use crate::capture;
use crate::client::{Client, Request, is_session_refused, success};
use crate::command::{Invocation, Runner};
use crate::compile::Compiler;
use crate::config::Settings;
use crate::cookie::Jar;
use crate::error;
use crate::map::{Account, Facts, Fixed};
use crate::names::{MOMENTS, key, known};
use crate::page::{self, PageTemplate};
use crate::phone_book::PhoneBooks;
use cti_core::call::Extension;
use cti_core::capture::Capture;
use cti_core::crm::Page;
use cti_core::template::{CommandTemplate, Expanded, SalesforceSession, Step as Moment, Template, Variables};
use cti_core::{Error, ErrorKind, Fault, Result};
use cti_http::header::{HeaderName, HeaderValue};
use cti_http::{Repeat, Reply};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use url::Url;

/// A step that was found right.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) action: Action,
    pub(crate) capture: Option<Capture>,
    pub(crate) timeout: Duration,
    pub(crate) delay: Duration,
    pub(crate) only_if_answered: bool,
    /// It uses what the search found.
    pub(crate) needs_search: bool,
}

/// How it is done.
#[derive(Debug)]
pub(crate) enum Action {
    Browser(PageTemplate),
    Http(HttpTemplate),
    Command(Programme),
}

/// A request, to be filled in.
#[derive(Debug)]
pub(crate) struct HttpTemplate {
    pub(crate) post: bool,
    pub(crate) url: Template,
    pub(crate) body: Option<(&'static str, Template)>,
    pub(crate) headers: Vec<(HeaderName, Template)>,
}

/// A programme, to be filled in.
#[derive(Debug)]
pub(crate) struct Programme {
    pub(crate) program: PathBuf,
    pub(crate) command: CommandTemplate,
    pub(crate) env: Vec<(String, Template)>,
}

/// Everything checked and prepared.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) spellings: usize,
    fixed: Fixed,
    books: PhoneBooks,
    accounts: Vec<Account>,
    salesforce: Option<watch::Receiver<Option<SalesforceSession>>>,
    keep: Duration,
    client: Client,
    runner: Runner,
    /// One for each account, and the last for those without.
    sessions: Vec<Session>,
    /// What works and is not wise.
    pub(crate) warnings: Vec<Fault>,
    pub(crate) auth: Option<Compiled>,
    pub(crate) search: Option<Compiled>,
    pub(crate) click: Option<Compiled>,
    pub(crate) ring: Option<Compiled>,
    pub(crate) answer: Option<Compiled>,
    pub(crate) hang_up: Option<Compiled>,
}

impl Ready {
    pub(crate) fn prepare(settings: &Settings) -> std::result::Result<Self, Vec<Fault>> {
        let mut compiler = Compiler {
            settings,
            moment: Moment::Authentication,
            names: known(settings),
            of_search: Vec::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
        };
        // In the order of a call: later steps may use what earlier ones captured.
        let [auth, search, click, ring, answer, hang_up] = MOMENTS.map(|moment| compiler.step(moment));
        let Compiler { mut faults, warnings, .. } = compiler;
        let client = Client::new().map_err(|error| faults.push(Fault::new("tls", error.message())));
        match client {
            Ok(client) if faults.is_empty() => Ok(Self {
                name: settings.name.clone(),
                spellings: settings.spellings,
                fixed: settings.fixed.clone(),
                books: PhoneBooks::new(&settings.phone_book, &settings.phone_books, &settings.numbering),
                accounts: settings.accounts.clone(),
                salesforce: settings.salesforce.clone(),
                keep: settings.session_keep,
                client,
                runner: Runner::default(),
                sessions: (0..=settings.accounts.len()).map(|_| Session::default()).collect(),
                warnings,
                auth,
                search,
                click,
                ring,
                answer,
                hang_up,
            }),
            _ => Err(faults),
        }
    }

    /// The step of that moment.
    pub(crate) fn step(&self, moment: Moment) -> Option<&Compiled> {
        match moment {
            Moment::Authentication => self.auth.as_ref(),
            Moment::Search => self.search.as_ref(),
            Moment::Click => self.click.as_ref(),
            Moment::Ringing => self.ring.as_ref(),
            Moment::Answered => self.answer.as_ref(),
            Moment::Ended => self.hang_up.as_ref(),
        }
    }

    /// Where the forms of browser steps go.
    pub(crate) fn form_targets(&self) -> Vec<Url> {
        // Values do not change the origin.
        let target = |step: &Compiled| match &step.action {
            Action::Browser(page) if page.form.is_some() => {
                let variables = Facts::of_nothing().variables(&self.fixed, &self.books, None);
                page::url(&page.url, &variables).ok()
            }
            _ => None,
        };
        MOMENTS.iter().filter_map(|&moment| self.step(moment)).filter_map(target).collect()
    }

    /// Carries a step out: with the session of its account, and once more with a new one if that is refused. All of it
    /// takes no longer than the time of the step.
    pub(crate) async fn carry_out(&self, step: &Compiled, facts: &Facts<'_>, repeat: Repeat) -> Result<Reply> {
        let work = async {
            let account = self.account(facts.extension());
            let open = self.session(account).await?;
            let answer = self.once(step, facts, account, open.as_deref(), repeat).await?;
            match open.filter(|_| is_session_refused(&answer)) {
                None => Ok(answer),
                Some(refused) => {
                    self.sessions[account].refused(&refused).await;
                    let open = self.session(account).await?;
                    self.once(step, facts, account, open.as_deref(), repeat).await
                }
            }
        };
        tokio::time::timeout(step.timeout, work).await.unwrap_or_else(|_| Err(error::late(repeat, step.timeout)))
    }

    /// The page of a browser step.
    pub(crate) async fn page(&self, page: &PageTemplate, facts: &Facts<'_>) -> Result<Page> {
        let account = self.account(facts.extension());
        let open = self.session(account).await?;
        page.fill(&self.variables(facts, account, open.as_deref()))
    }

    /// The page of a browser step with the session that is there, without asking for one.
    pub(crate) fn page_now(&self, page: &PageTemplate, facts: &Facts<'_>) -> Result<Page> {
        let account = self.account(facts.extension());
        let open = self.sessions[account].peek();
        page.fill(&self.variables(facts, account, open.as_deref()))
    }

    /// Logs in with the account for all others, as the doctor does.
    pub(crate) async fn log_in_once(&self) -> Result<()> {
        self.session(self.account(None)).await.map(drop)
    }

    async fn once(
        &self,
        step: &Compiled,
        facts: &Facts<'_>,
        account: usize,
        open: Option<&Open>,
        repeat: Repeat,
    ) -> Result<Reply> {
        let variables = self.variables(facts, account, open);
        let mut jar = open.map(|open| open.jar.clone()).unwrap_or_default();
        self.send(&step.action, &variables, &mut jar, repeat).await
    }

    async fn send(&self, action: &Action, variables: &Variables, jar: &mut Jar, repeat: Repeat) -> Result<Reply> {
        match action {
            Action::Http(http) => self.client.send(http.fill(variables)?, jar, repeat).await,
            Action::Command(command) => self.runner.run(command.fill(variables)?, repeat).await,
            Action::Browser(_) => Err(Error::new(ErrorKind::Unexpected, "a browser step is nothing to send")),
        }
    }

    /// The session of an account; `None` if there is no authentication.
    async fn session(&self, account: usize) -> Result<Option<Arc<Open>>> {
        let Some(auth) = &self.auth else { return Ok(None) };
        let log_in = tokio::time::timeout(auth.timeout, self.log_in(auth, account));
        let log_in = async { log_in.await.unwrap_or_else(|_| Err(error::late(Repeat::Harmless, auth.timeout))) };
        let open = self.sessions[account].get(self.keep, log_in).await;
        open.map(Some).map_err(|error| error.with("step", key(Moment::Authentication)))
    }

    async fn log_in(&self, auth: &Compiled, account: usize) -> Result<Open> {
        let variables = self.variables(&Facts::of_nothing(), account, None);
        let mut jar = Jar::default();
        let answer = self.send(&auth.action, &variables, &mut jar, Repeat::Harmless).await?;
        let Some(captures) = &auth.capture else {
            // A session by cookie.
            success(answer)?;
            return Ok(Open { jar, ..Open::default() });
        };
        let gained = capture::read(captures, &answer)?.0.into_iter().next().unwrap_or_default();
        match captures.names().find(|(name, _)| gained.get(name).is_none()) {
            Some((missing, _)) => {
                let text = "the log-in went well, but its answer lacks a variable";
                Err(Error::new(ErrorKind::Unauthenticated, text).with("variable", missing))
            }
            None => Ok(Open { gained, jar }),
        }
    }

    fn variables(&self, facts: &Facts<'_>, account: usize, open: Option<&Open>) -> Variables {
        let mut variables = facts.variables(&self.fixed, &self.books, self.accounts.get(account));
        if let Some(session) = self.salesforce.as_ref().and_then(|session| session.borrow().clone()) {
            session.set_in(&mut variables);
        }
        if let Some(open) = open {
            open.gained.set_in(&mut variables);
        }
        variables
    }

    /// The place of the account of that telephone: its own, else the one for all others, else the place after the last.
    fn account(&self, extension: Option<&Extension>) -> usize {
        let own = || {
            self.accounts
                .iter()
                .position(|account| account.extension.is_some() && account.extension.as_ref() == extension)
        };
        let general = || self.accounts.iter().position(|account| account.extension.is_none());
        own().or_else(general).unwrap_or(self.accounts.len())
    }
}

impl HttpTemplate {
    fn fill(&self, variables: &Variables) -> Result<Request> {
        let header = |(name, template): &(HeaderName, Template)| {
            let value = template.expand(variables)?;
            let refused = |_| Error::new(ErrorKind::Rejected, "a value cannot stand in a header").with("header", name);
            let mut header = HeaderValue::from_str(value.expose()).map_err(refused)?;
            header.set_sensitive(true);
            Ok((name.clone(), header))
        };
        let body = match &self.body {
            Some((kind, template)) => Some((*kind, template.expand(variables)?.into_exposed())),
            None => None,
        };
        let headers = self.headers.iter().map(header).collect::<Result<_>>()?;
        Ok(Request { post: self.post, url: page::url(&self.url, variables)?, body, headers })
    }
}

impl Programme {
    fn fill(&self, variables: &Variables) -> Result<Invocation> {
        let args = self.command.expand(variables)?.into_iter().map(Expanded::into_exposed).collect();
        let pair =
            |(name, template): &(String, Template)| Ok((name.clone(), template.expand(variables)?.into_exposed()));
        Ok(Invocation { program: self.program.clone(), args, env: self.env.iter().map(pair).collect::<Result<_>>()? })
    }
}
