//! One way to wrap a sink: look-ups are answered in another way, all else passes as it is.

use crate::call::{CallEvent, CallRecord, Recording};
use crate::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, NewContact, Notice, Page, WriteKey, Written};
use crate::error::Result;
use crate::health::Check;
use async_trait::async_trait;
use std::future::Future;
use url::Url;

/// How look-ups are answered.
pub trait AnswerLookUps: Send + Sync {
    /// Answers a look-up, with the CRM's help or without.
    fn look_up<S: CrmSink>(&self, crm: &S, number: &LookUp) -> impl Future<Output = Result<Matches>> + Send;

    /// A customer was created, or may have been.
    fn contact_created(&self) {}
}

/// A sink whose look-ups are answered in that way.
#[derive(Debug)]
pub struct Answering<S, A> {
    inner: S,
    how: A,
}

impl<S, A> Answering<S, A> {
    /// Wraps a sink.
    pub fn new(inner: S, how: A) -> Self {
        Self { inner, how }
    }
}

#[async_trait]
impl<S: CrmSink, A: AnswerLookUps> CrmSink for Answering<S, A> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> CrmCapabilities {
        self.inner.capabilities()
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        self.how.look_up(&self.inner, number).await
    }

    async fn create_contact(&self, contact: &NewContact, key: &WriteKey) -> Result<Match> {
        let created = self.inner.create_contact(contact, key).await;
        self.how.contact_created();
        created
    }

    fn notice(&self, event: &CallEvent) -> Option<Notice> {
        self.inner.notice(event)
    }

    async fn notify(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        self.inner.notify(event, matches).await
    }

    async fn clicked(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        self.inner.clicked(event, matches).await
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        self.inner.log_call(record, matched, key).await
    }

    async fn update_log(&self, record: &CallRecord, key: &WriteKey) -> Result<Written> {
        self.inner.update_log(record, key).await
    }

    async fn attach_recording(&self, recording: &Recording, key: &WriteKey) -> Result<()> {
        self.inner.attach_recording(recording, key).await
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
