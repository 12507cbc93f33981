//! Work from the outbox to the CRM.

use super::builder::Parts;
use super::look_up::look_up_of;
use super::settings::Settings;
use crate::backoff::Backoff;
use crate::call::CallRecord;
use crate::crm::{CrmSink, Match, Matches};
use crate::error::{Error, ErrorKind, Result, Status};
use crate::outbox::{Task, Token, Verdict};
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
            Ok(token) => deliver(token, &*crm, &parts).await,
            Err(error) => {
                tracing::error!(crm = crm.name(), %error, "the outbox gives no work; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn deliver(token: Token, crm: &dyn CrmSink, parts: &Parts) {
    let done = tokio::time::timeout(TRY, carry_out(&token.work.task, &token, crm, &parts.settings())).await;
    let late = || Error::new(ErrorKind::Timeout, "the CRM did not answer in time").status_is(Status::OutcomeUnknown);
    let tries = token.earlier_tries + 1;
    let verdict = match done.unwrap_or_else(|_| Err(late())) {
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
        tracing::error!(crm = crm.name(), %error, "the outbox could not store what became of its work; it will be done again");
    }
}

async fn carry_out(task: &Task, token: &Token, crm: &dyn CrmSink, settings: &Settings) -> Result<()> {
    match task {
        Task::LogCall { record, matched } => {
            let found = match matched {
                Some(matched) => Some((**matched).clone()),
                None => look_again(record, crm, settings).await?,
            };
            crm.log_call(record, found.as_ref(), &token.work.key).await?;
        }
        Task::CreateContact { contact } => {
            let known = match look_up_of(&contact.number, settings) {
                Some(number) => crm.look_up(&number).await?,
                None => Matches::default(),
            };
            if known.is_none() {
                crm.create_contact(contact, &token.work.key).await?;
            }
        }
    }
    Ok(())
}

/// The CRM may not have answered while the phone rang, or the contact may be new.
async fn look_again(record: &CallRecord, crm: &dyn CrmSink, settings: &Settings) -> Result<Option<Match>> {
    let number = record.customer_number().and_then(|number| look_up_of(number, settings));
    match number.filter(|_| crm.capabilities().look_up) {
        Some(number) => Ok(crm.look_up(&number).await?.one().cloned()),
        None => Ok(None),
    }
}

/// What an error means for the work: wait, ask a person, or give up and keep it as a dead letter.
fn verdict(error: &Error, tries: u32) -> Verdict {
    if error.status() != Status::Permanent {
        return Verdict::RetryAfter(error.wait().unwrap_or_else(|| BACKOFF.wait(tries)));
    }
    match error.kind() {
        // Not the call's fault: it waits until somebody has mended the set-up.
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::ConfigInvalid => {
            Verdict::RetryAfter(UNTIL_MENDED)
        }
        _ => Verdict::Rejected { reason: error.to_string() },
    }
}

fn report_failure(token: &Token, error: &Error, verdict: &Verdict, crm: &str) {
    let (call, tries) = (&token.work.call, token.earlier_tries + 1);
    match verdict {
        Verdict::RetryAfter(wait) => {
            tracing::warn!(crm, %call, tries, %error, wait_ms = wait.as_millis() as u64, "not delivered yet");
        }
        _ => tracing::error!(crm, %call, tries, %error, "cannot be delivered; kept as a dead letter"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let asked = Error::new(ErrorKind::RateLimited, "x").retry_after(Duration::from_secs(7));
        assert_eq!(verdict(&asked, 1), Verdict::RetryAfter(Duration::from_secs(7)));
    }
}
