//! Everything compiled; one step carried out.

use crate::auth::{Gained, Open, Session};
use crate::capture::Captures;
use crate::client::{Client, Request, is_session_refused, success};
use crate::command::{Invocation, Runner};
use crate::compile::{Compiler, known};
use crate::config::Settings;
use crate::cookie::Jar;
use crate::error;
use crate::map::{Account, Facts, Fixed};
use crate::names::Moment;
use crate::page::{self, PageTemplate};
use cti_core::call::Extension;
use cti_core::crm::Page;
use cti_core::template::{Template, Variables};
use cti_core::{Error, ErrorKind, Fault, Result};
use cti_http::header::{HeaderName, HeaderValue};
use cti_http::{Repeat, Reply};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A step that was found right.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) action: Action,
    pub(crate) captures: Captures,
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
    Command(CommandTemplate),
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
pub(crate) struct CommandTemplate {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<Template>,
    pub(crate) env: Vec<(String, Template)>,
}

/// Everything checked and prepared.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) spellings: usize,
    fixed: Fixed,
    accounts: Vec<Account>,
    keep: Duration,
    client: Client,
    runner: Runner,
    /// One for each account, and the last for those without.
    sessions: Vec<Session>,
    pub(crate) auth: Option<Compiled>,
    pub(crate) search: Option<Compiled>,
    pub(crate) click: Option<Compiled>,
    pub(crate) ring: Option<Compiled>,
    pub(crate) answer: Option<Compiled>,
    pub(crate) hang_up: Option<Compiled>,
}

impl Ready {
    pub(crate) fn prepare(settings: &Settings) -> std::result::Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut compile = |moment: Moment| {
            let step = settings.step(moment)?;
            let known = known(settings, moment);
            Compiler { settings, known, faults: &mut faults }.step(step)
        };
        let [auth, search, click] = [Moment::Auth, Moment::Search, Moment::Click].map(&mut compile);
        let [ring, answer, hang_up] = [Moment::Ring, Moment::Answer, Moment::HangUp].map(&mut compile);
        let client = Client::new().map_err(|error| faults.push(Fault::new("tls", error.message())));
        match client {
            Ok(client) if faults.is_empty() => Ok(Self {
                name: settings.name.clone(),
                spellings: settings.spellings,
                fixed: settings.fixed.clone(),
                accounts: settings.accounts.clone(),
                keep: settings.session_keep,
                client,
                runner: Runner::default(),
                sessions: (0..=settings.accounts.len()).map(|_| Session::default()).collect(),
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
        open.map(Some).map_err(|error| error.with("step", Moment::Auth.name()))
    }

    async fn log_in(&self, auth: &Compiled, account: usize) -> Result<Open> {
        let variables = Facts::of_nothing().variables(&self.fixed, self.accounts.get(account));
        let mut jar = Jar::default();
        let answer = self.send(&auth.action, &variables, &mut jar, Repeat::Harmless).await?;
        let answer = success(answer)?;
        let mut captured = auth.captures.read(&answer)?.into_iter().next().unwrap_or_default();
        let mut gained = Vec::new();
        for (name, secret) in auth.captures.names() {
            let missing = || {
                Error::new(ErrorKind::Unauthenticated, "the log-in went well, but its answer lacks a variable")
                    .with("variable", name)
            };
            let value = captured.remove(name).filter(|value| !value.is_empty()).ok_or_else(missing)?;
            gained.push(Gained { name: name.to_owned(), value, secret });
        }
        Ok(Open { gained, jar })
    }

    fn variables(&self, facts: &Facts<'_>, account: usize, open: Option<&Open>) -> Variables {
        let mut variables = facts.variables(&self.fixed, self.accounts.get(account));
        for Gained { name, value, secret } in open.map_or(&[][..], |open| &open.gained) {
            if *secret {
                variables.set_secret(name, value);
            } else {
                variables.set(name, value);
            }
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

impl CommandTemplate {
    fn fill(&self, variables: &Variables) -> Result<Invocation> {
        let text = |template: &Template| Ok(template.expand(variables)?.into_exposed());
        let pair = |(name, template): &(String, Template)| Ok((name.clone(), text(template)?));
        Ok(Invocation {
            program: self.program.clone(),
            args: self.args.iter().map(text).collect::<Result<_>>()?,
            env: self.env.iter().map(pair).collect::<Result<_>>()?,
        })
    }
}
