//! Answers the same look-up again for a short time.

use crate::call::{CallEvent, CallRecord, Recording};
use crate::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, NewContact, Notice, Page, WriteKey, Written};
use crate::error::Result;
use crate::health::Check;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

/// How long an answer is good, and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// How long an answer is given again.
    pub keep: Duration,
    /// The most answers kept.
    pub most: usize,
}

impl Default for Cache {
    /// 30 seconds: long enough for a ring group and a transfer, short enough for an edit to be seen.
    fn default() -> Self {
        Self { keep: Duration::from_secs(30), most: 10_000 }
    }
}

/// A sink that asks once for many who ask for the same number at once, and again only after a while. Errors are not kept.
#[derive(Debug)]
pub struct Cached<S> {
    inner: S,
    cache: Cache,
    answers: Mutex<HashMap<String, Answer>>,
}

#[derive(Debug, Clone)]
struct Answer {
    asked: Instant,
    matches: Arc<OnceCell<Matches>>,
}

impl<S> Cached<S> {
    pub(super) fn new(inner: S, cache: Cache) -> Self {
        Self { inner, cache, answers: Mutex::new(HashMap::new()) }
    }

    fn answer(&self, number: &LookUp) -> Arc<OnceCell<Matches>> {
        let now = Instant::now();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= self.cache.most {
            answers.retain(|_, answer| now - answer.asked < self.cache.keep);
        }
        if answers.len() >= self.cache.most {
            answers.clear(); // All of them young: starting anew costs look-ups, not correctness.
        }
        let answer = answers
            .entry(number.number.as_str().to_owned())
            .and_modify(|answer| {
                if now - answer.asked >= self.cache.keep {
                    *answer = Answer { asked: now, matches: Arc::default() };
                }
            })
            .or_insert_with(|| Answer { asked: now, matches: Arc::default() });
        Arc::clone(&answer.matches)
    }

    fn forget(&self) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[async_trait]
impl<S: CrmSink> CrmSink for Cached<S> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> CrmCapabilities {
        self.inner.capabilities()
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        let answer = self.answer(number);
        answer.get_or_try_init(|| self.inner.look_up(number)).await.cloned()
    }

    async fn create_contact(&self, contact: &NewContact, key: &WriteKey) -> Result<Match> {
        let created = self.inner.create_contact(contact, key).await;
        self.forget();
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
