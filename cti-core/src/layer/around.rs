//! One way to wrap a sink: the same thing done around every request.

use crate::call::{CallEvent, CallRecord, Recording};
use crate::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, NewContact, Notice, Page, WriteKey, Written};
use crate::error::Result;
use crate::health::Check;
use async_trait::async_trait;
use std::future::Future;
use url::Url;

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it: look-ups and notices of calls.
    Now,
    /// It can wait: writes.
    Later,
}

/// What a wrapper does around every request.
pub trait Around: Send + Sync {
    /// Makes the request: once, several times, or after a while.
    fn around<T, F>(
        &self,
        urgency: Urgency,
        request: impl Fn() -> F + Send + Sync,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        F: Future<Output = Result<T>> + Send;
}

/// A sink with something done around every request. What sends nothing, and the check of health, passes as it is.
#[derive(Debug)]
pub struct Wrapped<S, A> {
    inner: S,
    around: A,
}

impl<S, A> Wrapped<S, A> {
    /// Wraps a sink.
    pub fn new(inner: S, around: A) -> Self {
        Self { inner, around }
    }
}

#[async_trait]
impl<S: CrmSink, A: Around> CrmSink for Wrapped<S, A> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> CrmCapabilities {
        self.inner.capabilities()
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        self.around.around(Urgency::Now, || self.inner.look_up(number)).await
    }

    fn notice(&self, event: &CallEvent) -> Option<Notice> {
        self.inner.notice(event)
    }

    async fn notify(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        self.around.around(Urgency::Now, || self.inner.notify(event, matches)).await
    }

    async fn clicked(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        self.around.around(Urgency::Now, || self.inner.clicked(event, matches)).await
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        self.around.around(Urgency::Later, || self.inner.log_call(record, matched, key)).await
    }

    async fn update_log(&self, record: &CallRecord, key: &WriteKey) -> Result<Written> {
        self.around.around(Urgency::Later, || self.inner.update_log(record, key)).await
    }

    async fn create_contact(&self, contact: &NewContact, key: &WriteKey) -> Result<Match> {
        self.around.around(Urgency::Later, || self.inner.create_contact(contact, key)).await
    }

    async fn attach_recording(&self, recording: &Recording, key: &WriteKey) -> Result<()> {
        self.around.around(Urgency::Later, || self.inner.attach_recording(recording, key)).await
    }

    fn screen_pop(&self, number: &LookUp, matches: &Matches) -> Option<Url> {
        self.inner.screen_pop(number, matches)
    }

    fn form_targets(&self) -> Vec<Url> {
        self.inner.form_targets()
    }

    async fn health(&self) -> Vec<Check> {
        self.inner.health().await
    }
}
