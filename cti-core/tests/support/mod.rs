//! A CRM that does as the test says.

use async_trait::async_trait;
use cti_core::call::CallRecord;
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, WriteKey, Written};
use cti_core::health::Check;
use cti_core::{Error, Result};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Answers look-ups with one customer, and fails as often as it was told.
#[derive(Default)]
pub(crate) struct StubCrm {
    pub(crate) look_ups: AtomicUsize,
    pub(crate) running: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
    pub(crate) takes: Duration,
    pub(crate) failures: Mutex<VecDeque<Error>>,
    pub(crate) logged: Mutex<Vec<(WriteKey, CallRecord, Option<Match>)>>,
}

impl StubCrm {
    pub(crate) fn failing(failures: impl IntoIterator<Item = Error>) -> Self {
        Self { failures: Mutex::new(failures.into_iter().collect()), ..Self::default() }
    }

    pub(crate) fn taking(takes: Duration) -> Self {
        Self { takes, ..Self::default() }
    }

    async fn request(&self) -> Result<()> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        match self.failures.lock().unwrap().pop_front() {
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
        CrmCapabilities { look_up: true, log_call: true, screen_pop: true, ..CrmCapabilities::default() }
    }

    async fn look_up(&self, _: &LookUp) -> Result<Matches> {
        self.look_ups.fetch_add(1, Ordering::SeqCst);
        self.request().await?;
        Ok(Matches { found: vec![customer()], more: false })
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        self.request().await?;
        self.logged.lock().unwrap().push((key.clone(), record.clone(), matched.cloned()));
        Ok(Written { id: None, created: true })
    }

    async fn health(&self) -> Vec<Check> {
        Vec::new()
    }
}
