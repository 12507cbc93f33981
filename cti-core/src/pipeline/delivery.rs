//! Work from the outbox to the CRM.

use super::builder::Parts;
use super::look_up::look_up_of;
use super::settings::Settings;
use crate::backoff::Backoff;
use crate::call::{CallRecord, EventId};
use crate::crm::{CrmSink, Match, WriteKey};
use crate::error::{Error, ErrorKind, Result, Status};
use crate::outbox::{Task, Token, Verdict, Work};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Calls that are written to one CRM at the same time. The CRM's own limit is a [`crate::layer::Budget`].
const WORKERS: usize = 4;

/// Waits between tries of one piece of work.
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(300) };

/// How long one try may take before its outcome counts as unknown.
const TRY: Duration = Duration::from_secs(60);

/// After so many tries a call is written without its customer, if the search for him does not work.
const LOOK_UPS: u32 = 4;

/// After so many failures of the connector itself the work is kept as a dead letter.
const PANICS: u32 = 5;

/// What a person must mend (a password, a right) is looked at again after this time.
const UNTIL_MENDED: Duration = Duration::from_secs(60);

/// Starts the workers of one CRM.
pub(super) fn spawn(crm: Arc<dyn CrmSink>, parts: &Parts, cancel: &CancellationToken, done: &TaskTracker) {
    for _ in 0..WORKERS {
        done.spawn(work(Arc::clone(&crm), parts.clone(), cancel.clone()));
    }
}

async fn work(crm: Arc<dyn CrmSink>, parts: Parts, cancel: CancellationToken) {
    while let Some(taken) = cancel.run_until_cancelled(parts.outbox.take(crm.name())).await {
        match taken {
            // Not cancelled half-way: what was begun gets its answer.
            Ok(token) => deliver(token, Arc::clone(&crm), &parts).await,
            Err(error) => {
                tracing::error!(crm = crm.name(), error = %error.chain(), "the outbox gives no work; trying again");
                cancel.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await;
            }
        }
    }
}

async fn deliver(token: Token, crm: Arc<dyn CrmSink>, parts: &Parts) {
    let tries = token.earlier_tries + 1;
    let verdict = match try_once(&token, Arc::clone(&crm), parts.settings()).await {
        Ok(()) => {
            tracing::info!(crm = crm.name(), call = %token.work.call, tries, "delivered");
            Verdict::Delivered
        }
        Err(error) => {
            let verdict = verdict(&error, tries);
            report_failure(&token, &error, &verdict, crm.name());
            verdict
        }
    };
    if let Err(error) = token.settle(verdict).await {
        tracing::error!(crm = crm.name(), error = %error.chain(), "the outbox could not store what became of its work; it will be done again");
    }
}

/// In a task of its own, so that a connector that panics costs one try and no worker.
async fn try_once(token: &Token, crm: Arc<dyn CrmSink>, settings: Arc<Settings>) -> Result<()> {
    let (work, tries) = (token.work.clone(), token.earlier_tries + 1);
    let trying = tokio::spawn(async move { carry_out(&work, tries, &*crm, &settings).await });
    let _ends_with_us = AbortOnDrop(trying.abort_handle());
    match tokio::time::timeout(TRY, trying).await {
        Ok(Ok(result)) => result,
        Ok(Err(failure)) => {
            let error = Error::new(ErrorKind::Unexpected, "the connector failed; please report it").caused_by(failure);
            Err(if tries < PANICS { error.status_is(Status::OutcomeUnknown) } else { error })
        }
        Err(_) => {
            Err(Error::new(ErrorKind::Timeout, "the CRM did not answer in time").status_is(Status::OutcomeUnknown))
        }
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn carry_out(work: &Work, tries: u32, crm: &dyn CrmSink, settings: &Settings) -> Result<()> {
    match &work.task {
        Task::LogCall { record, matched } => {
            let found = match matched {
                Some(matched) => Some((**matched).clone()),
                None => look_again(record, tries, crm, settings).await?,
            };
            crm.log_call(record, found.as_ref(), &work.key).await?;
        }
        // A CRM that cannot change what was written keeps the entry as it is.
        Task::UpdateLog { record } if crm.capabilities().update_log => {
            crm.update_log(record, &WriteKey::of(record.ended_id())).await?;
        }
        Task::AttachRecording { recording } if crm.capabilities().attach_recording => {
            crm.attach_recording(recording, &WriteKey::of(EventId::of(&work.call, "ended"))).await?;
        }
        Task::UpdateLog { .. } | Task::AttachRecording { .. } => {
            tracing::info!(crm = crm.name(), call = %work.call, "this CRM takes no late facts");
        }
        Task::CreateContact { contact } => {
            // What is no number of anybody (`anonymous`) becomes no customer.
            let Some(number) = look_up_of(&contact.number, settings) else { return Ok(()) };
            let known = crm.capabilities().look_up && !crm.look_up(&number).await?.is_none();
            if !known {
                crm.create_contact(contact, &work.key).await?;
            }
        }
    }
    Ok(())
}

/// The CRM may not have answered while the phone rang, or the contact may be new. A search that does not work keeps
/// nobody's call from being written: after some tries it is written without the customer.
async fn look_again(record: &CallRecord, tries: u32, crm: &dyn CrmSink, settings: &Settings) -> Result<Option<Match>> {
    let number = record.customer_number().and_then(|number| look_up_of(number, settings));
    let Some(number) = number.filter(|_| crm.capabilities().look_up) else { return Ok(None) };
    match crm.look_up(&number).await {
        Ok(matches) => Ok(settings.rules().log_to(&matches).cloned()),
        Err(error) if error.status() != Status::Permanent && tries < LOOK_UPS => Err(error),
        Err(error) => {
            tracing::warn!(crm = crm.name(), call = %record.call, error = %error.chain(), "the call is written without its customer");
            Ok(None)
        }
    }
}

/// What an error means for the work: wait, ask a person, or give up and keep it as a dead letter.
fn verdict(error: &Error, tries: u32) -> Verdict {
    if error.status() != Status::Permanent {
        // Whatever the CRM asks for, the waits grow: a server that says 0 is not asked without a pause.
        return Verdict::RetryAfter(error.wait().unwrap_or_default().max(BACKOFF.wait(tries)));
    }
    match error.kind() {
        // Not the call's fault: it waits until somebody has mended the set-up.
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::ConfigInvalid => {
            Verdict::RetryAfter(UNTIL_MENDED)
        }
        // Somebody else was faster: what is there now is looked at again.
        ErrorKind::Conflict => Verdict::RetryAfter(BACKOFF.wait(tries)),
        _ => Verdict::Rejected { reason: error.to_string() },
    }
}

fn report_failure(token: &Token, error: &Error, verdict: &Verdict, crm: &str) {
    let (call, tries) = (&token.work.call, token.earlier_tries + 1);
    match verdict {
        Verdict::RetryAfter(wait) => {
            tracing::warn!(crm, %call, tries, error = %error.chain(), wait_ms = wait.as_millis() as u64, "not delivered yet");
        }
        _ => tracing::error!(crm, %call, tries, error = %error.chain(), "cannot be delivered; kept as a dead letter"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallId, Direction, Party, Recording};
    use crate::crm::{CrmCapabilities, LookUp, Matches, Written};
    use crate::health::Check;

    #[test]
    fn only_what_concerns_the_record_itself_becomes_a_dead_letter() {
        let of = |kind| verdict(&Error::new(kind, "x"), 1);
        assert!(matches!(of(ErrorKind::Rejected), Verdict::Rejected { .. }));
        for waits in
            [ErrorKind::Unauthenticated, ErrorKind::PermissionDenied, ErrorKind::Unreachable, ErrorKind::RateLimited]
        {
            assert!(matches!(of(waits), Verdict::RetryAfter(_)), "{waits:?}");
        }
        let unknown = Error::new(ErrorKind::Timeout, "x").status_is(Status::OutcomeUnknown);
        assert!(matches!(verdict(&unknown, 3), Verdict::RetryAfter(_)));
        let asked = |wait| Error::new(ErrorKind::RateLimited, "x").retry_after(wait);
        assert_eq!(verdict(&asked(Duration::from_secs(7)), 1), Verdict::RetryAfter(Duration::from_secs(7)));
        let Verdict::RetryAfter(wait) = verdict(&asked(Duration::ZERO), 1) else { panic!("waits") };
        assert!(wait >= BACKOFF.first / 2, "a server that says 0 is not asked without a pause");
    }

    /// Notes what it is told.
    #[derive(Default)]
    struct Notes {
        late_facts: bool,
        told: std::sync::Mutex<Vec<String>>,
    }

    #[async_trait::async_trait]
    impl CrmSink for Notes {
        fn name(&self) -> &str {
            "notes"
        }

        fn capabilities(&self) -> CrmCapabilities {
            CrmCapabilities {
                update_log: self.late_facts,
                attach_recording: self.late_facts,
                ..CrmCapabilities::default()
            }
        }

        async fn look_up(&self, _: &LookUp) -> Result<Matches> {
            Ok(Matches::default())
        }

        async fn log_call(&self, _: &CallRecord, _: Option<&Match>, _: &WriteKey) -> Result<Written> {
            Err(Error::unsupported("log_call", "not here"))
        }

        async fn update_log(&self, _: &CallRecord, key: &WriteKey) -> Result<Written> {
            self.told.lock().unwrap().push(format!("update {}", key.as_str()));
            Ok(Written { id: None, created: false })
        }

        async fn attach_recording(&self, recording: &Recording, key: &WriteKey) -> Result<()> {
            self.told.lock().unwrap().push(format!("attach {} {}", recording.as_str(), key.as_str()));
            Ok(())
        }

        async fn health(&self) -> Vec<Check> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn late_facts_go_to_the_entry_of_their_call_and_are_nothing_to_a_crm_that_takes_none() {
        let (call, at) = (CallId::new("main", "1.1"), chrono::Utc::now());
        let record = CallRecord::begun(call.clone(), Direction::Inbound, Party::known("031", "A"), None, at);
        let tasks = [
            Task::UpdateLog { record: Box::new(record) },
            Task::AttachRecording { recording: Recording::File("1.wav".to_owned()) },
        ];
        for late_facts in [true, false] {
            let crm = Notes { late_facts, ..Notes::default() };
            for (n, task) in tasks.iter().enumerate() {
                let key = WriteKey::of(format!("main/1.1#ended:late{n}").into());
                let work = Work { crm: "notes".to_owned(), call: call.clone(), key, task: task.clone() };
                carry_out(&work, 1, &crm, &Settings::default()).await.unwrap();
            }
            let expected: &[&str] =
                if late_facts { &["update main/1.1#ended", "attach 1.wav main/1.1#ended"] } else { &[] };
            assert_eq!(*crm.told.lock().unwrap(), expected);
        }
    }
}
