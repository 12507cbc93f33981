//! The connector's face.

use crate::config::Kintone;
use crate::health;
use async_trait::async_trait;
use cti_core::call::{CallRecord, Recording};
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, NewContact, WriteKey, Written};
use cti_core::health::Check;
use cti_core::{Error, Result};
use url::Url;

pub(crate) const NO_CUSTOMERS: &str = "no app with customers is configured";
const NO_CALL_LOG: &str = "no app for the call history is configured";

#[async_trait]
impl CrmSink for Kintone {
    fn name(&self) -> &str {
        self.configured_name()
    }

    fn capabilities(&self) -> CrmCapabilities {
        CrmCapabilities {
            look_up: self.has_customers(),
            create_contact: self.has_customers(),
            screen_pop: self.has_customers(),
            log_call: self.has_call_log(),
            update_log: self.updates_call_log(),
            attach_recording: self.takes_recordings(),
            ..CrmCapabilities::default()
        }
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        let operation = "look_up";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        let customers = ready.customers.as_ref().ok_or_else(|| Error::unsupported(operation, NO_CUSTOMERS))?;
        customers.find(&ready.client, &ready.site, number).await.map_err(|error| error.during(operation))
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        let operation = "log_call";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        let log = ready.call_log.as_ref().ok_or_else(|| Error::unsupported(operation, NO_CALL_LOG))?;
        log.write(&ready.client, record, matched, key).await.map_err(|error| error.during(operation))
    }

    async fn update_log(&self, record: &CallRecord, key: &WriteKey) -> Result<Written> {
        let operation = "update_log";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        let log = ready.call_log.as_ref().filter(|_| self.updates_call_log());
        let log = log.ok_or_else(|| Error::unsupported(operation, "calls are only added, never changed"))?;
        log.update(&ready.client, record, key).await.map_err(|error| error.during(operation))
    }

    async fn attach_recording(&self, recording: &Recording, key: &WriteKey) -> Result<()> {
        let operation = "attach_recording";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        let log = ready.call_log.as_ref().filter(|_| self.takes_recordings());
        let log = log.ok_or_else(|| Error::unsupported(operation, "late recordings are not configured"))?;
        log.attach(&ready.client, recording, key).await.map_err(|error| error.during(operation))
    }

    async fn create_contact(&self, contact: &NewContact, _key: &WriteKey) -> Result<Match> {
        let operation = "create_contact";
        let ready = self.ready().map_err(|error| error.during(operation))?;
        let customers = ready.customers.as_ref().ok_or_else(|| Error::unsupported(operation, NO_CUSTOMERS))?;
        customers.create(&ready.client, &ready.site, contact).await.map_err(|error| error.during(operation))
    }

    fn screen_pop(&self, number: &LookUp, matches: &Matches) -> Option<Url> {
        let ready = self.ready().ok()?;
        let customers = ready.customers.as_ref()?;
        match matches.found.as_slice() {
            [] if self.pops_new_record() => ready.site.new_record(customers.app.id),
            [] => None,
            [only] if !matches.more => ready.site.record(customers.app.id, &only.id),
            _ => customers.list(&ready.site, number, matches),
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
