//! A CRM that does as the test says.
#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod running;

use async_trait::async_trait;
use cti_core::call::CallRecord;
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, NewContact, WriteKey, Written};
use cti_core::health::Check;
use cti_core::{Error, Result};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Answers look-ups with one customer, and fails as it was told.
#[derive(Default)]
pub(crate) struct StubCrm {
    pub(crate) look_ups: AtomicUsize,
    pub(crate) running: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
    pub(crate) takes: Duration,
    /// The next requests fail so, whatever they are.
    pub(crate) failures: Mutex<VecDeque<Error>>,
    pub(crate) look_ups_fail: Option<fn() -> Error>,
    pub(crate) logs_fail: Option<fn() -> Error>,
    pub(crate) panics_on: Option<&'static str>,
    pub(crate) knows_nobody: bool,
    pub(crate) logged: Mutex<Vec<(WriteKey, CallRecord, Option<Match>)>>,
    pub(crate) created: Mutex<Vec<NewContact>>,
}

impl StubCrm {
    pub(crate) fn failing(failures: impl IntoIterator<Item = Error>) -> Self {
        Self { failures: Mutex::new(failures.into_iter().collect()), ..Self::default() }
    }

    pub(crate) fn taking(takes: Duration) -> Self {
        Self { takes, ..Self::default() }
    }

    pub(crate) fn failing_look_ups(error: fn() -> Error) -> Self {
        Self { look_ups_fail: Some(error), ..Self::default() }
    }

    pub(crate) fn refusing_logs(error: fn() -> Error) -> Self {
        Self { logs_fail: Some(error), ..Self::default() }
    }

    pub(crate) fn panicking_on(key: &'static str) -> Self {
        Self { panics_on: Some(key), ..Self::default() }
    }

    pub(crate) fn knowing_nobody() -> Self {
        Self { knows_nobody: true, ..Self::default() }
    }

    async fn request(&self, fails: Option<fn() -> Error>) -> Result<()> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        let next = self.failures.lock().unwrap().pop_front();
        match next.or_else(|| fails.map(|error| error())) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

pub(crate) fn customer() -> Match {
    Match {
        object: "contact".to_owned(),
        id: "7".to_owned(),
        name: cti_core::call::Name::new("Yamada Taro"),
        company: None,
        spelled: None,
        url: None,
        fields: BTreeMap::new(),
    }
}

#[async_trait]
impl CrmSink for StubCrm {
    fn name(&self) -> &str {
        "stub"
    }

    fn capabilities(&self) -> CrmCapabilities {
        let all = CrmCapabilities { look_up: true, log_call: true, screen_pop: true, ..CrmCapabilities::default() };
        CrmCapabilities { create_contact: self.knows_nobody, ..all }
    }

    async fn look_up(&self, _: &LookUp) -> Result<Matches> {
        self.look_ups.fetch_add(1, Ordering::SeqCst);
        self.request(self.look_ups_fail).await?;
        let found = if self.knows_nobody { Vec::new() } else { vec![customer()] };
        Ok(Matches { found, more: false })
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        self.request(self.logs_fail).await?;
        assert_ne!(Some(key.as_str()), self.panics_on, "as the test wants it");
        self.logged.lock().unwrap().push((key.clone(), record.clone(), matched.cloned()));
        Ok(Written { id: None, created: true })
    }

    async fn create_contact(&self, contact: &NewContact, _: &WriteKey) -> Result<Match> {
        self.created.lock().unwrap().push(contact.clone());
        Ok(customer())
    }

    async fn health(&self) -> Vec<Check> {
        Vec::new()
    }
}
