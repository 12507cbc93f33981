//! The connector's face.

use crate::call_log::{Entry, With};
use crate::client::{Importance, Request};
use crate::config::{Ready, Zoho};
use crate::health;
use crate::map::Pages;
use async_trait::async_trait;
use cti_core::call::{CallEvent, CallFact, CallRecord};
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, NewContact, Notice, Page, WriteKey, Written};
use cti_core::health::Check;
use cti_core::{Error, Result};
use serde_json::Value;
use std::time::Duration;
use url::Url;

const NO_CALL_LOG: &str = "calls are not to be written";
const NO_BRIDGE: &str = "PhoneBridge is not configured, or is not to be told of calls";

impl Zoho {
    /// Enables PhoneBridge and registers click-to-dial and call control for every agent; how many. Harmless when repeated;
    /// does nothing without PhoneBridge.
    ///
    /// # Errors
    /// As [`CrmSink::look_up`].
    pub async fn register(&self) -> Result<usize> {
        let ready = self.ready()?;
        match &ready.bridge {
            Some(bridge) => bridge.register(&ready.agents).await.map_err(|error| error.during("register")),
            None => Ok(0),
        }
    }
}

impl Ready {
    fn with(&self) -> With<'_> {
        With { client: &self.client, customers: &self.customers, agents: &self.agents }
    }

    /// The number of the organisation is asked once; without the right to, addresses go without it.
    async fn learn_pages(&self) -> Pages {
        if self.org.get().is_none() {
            let asked = self.client.send(Request::get("org").matters(Importance::Pop)).await;
            match asked {
                Ok(answer) => drop(self.org.set(answer.as_ref().and_then(org_number))),
                Err(error) if error.is_temporary() => {}
                Err(_) => drop(self.org.set(None)),
            }
        }
        self.pages()
    }

    async fn write(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        let entry = Entry::new(record, matched, key);
        if let Some(bridge) = self.bridge.as_ref().filter(|bridge| bridge.logs()) {
            let created = bridge.tell_end(&self.agents, record).await?;
            if let Some(log) = &self.call_log {
                log.follow_up(&self.with(), &entry).await?;
            }
            return Ok(Written { id: None, created });
        }
        let log = self.call_log.as_ref().ok_or_else(|| Error::unsupported("log_call", NO_CALL_LOG))?;
        log.write(&self.with(), &entry).await
    }

    async fn notify(&self, event: &CallEvent) -> Result<()> {
        let bridge = self.bridge.as_ref().filter(|bridge| bridge.logs());
        let bridge = bridge.ok_or_else(|| Error::unsupported("notify", NO_BRIDGE))?;
        match &event.fact {
            CallFact::Ended { record, .. } => bridge.tell_end(&self.agents, record).await.map(drop),
            _ => bridge.tell(&self.agents, event).await,
        }
    }
}

fn org_number(answer: &Value) -> Option<String> {
    let number = match answer.pointer("/org/0/zgid")? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

#[async_trait]
impl CrmSink for Zoho {
    fn name(&self) -> &str {
        self.configured_name()
    }

    fn capabilities(&self) -> CrmCapabilities {
        CrmCapabilities {
            look_up: true,
            create_contact: true,
            screen_pop: true,
            log_call: self.logs_calls(),
            notify: self.bridge_logs(),
            ..CrmCapabilities::default()
        }
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        let during = |error: Error| error.during("look_up");
        let ready = self.ready().map_err(during)?;
        let found = ready.customers.find(&ready.client, &ready.pages(), number).await.map_err(during)?;
        if found.is_none() || ready.org.get().is_some() {
            return Ok(found);
        }
        let pages = ready.learn_pages().await;
        let addressed = |found: Match| Match { url: pages.record(&found.object, &found.id), ..found };
        Ok(Matches { found: found.found.into_iter().map(addressed).collect(), more: found.more })
    }

    /// PhoneBridge looks its customers up itself: it is told at once.
    fn notice(&self, event: &CallEvent) -> Option<Notice> {
        let told = matches!(
            event.fact,
            CallFact::Ringing { .. } | CallFact::Dialing { .. } | CallFact::Answered { .. } | CallFact::Ended { .. }
        );
        told.then_some(Notice { after: Duration::ZERO, with_matches: false })
    }

    async fn notify(&self, event: &CallEvent, _: &Matches) -> Result<Option<Page>> {
        let during = |error: Error| error.during("notify");
        self.ready().map_err(during)?.notify(event).await.map_err(during)?;
        Ok(None)
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        let during = |error: Error| error.during("log_call");
        self.ready().map_err(during)?.write(record, matched, key).await.map_err(during)
    }

    async fn create_contact(&self, contact: &NewContact, _key: &WriteKey) -> Result<Match> {
        let during = |error: Error| error.during("create_contact");
        let ready = self.ready().map_err(during)?;
        ready.customers.create(&ready.client, &ready.pages(), contact).await.map_err(during)
    }

    fn screen_pop(&self, _: &LookUp, matches: &Matches) -> Option<Url> {
        match (matches.one(), matches.is_none()) {
            (Some(only), _) => only.url.clone(),
            (None, true) if self.pops_new_record() => {
                let ready = self.ready().ok()?;
                ready.pages().create(&ready.customers.rules.create_in)
            }
            _ => None,
        }
    }

    async fn health(&self) -> Vec<Check> {
        let faults = self.faults();
        match self.ready() {
            Ok(ready) if faults.is_empty() => health::check(ready).await,
            _ => faults.iter().map(health::configuration_fault).collect(),
        }
    }
}
