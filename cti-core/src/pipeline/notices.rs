//! What happens is told to the CRMs that want to know: beside the events, in order for each call.

use super::builder::Parts;
use super::look_up::{CallLookUps, look_up_for, matches_of};
use super::settings::Settings;
use crate::call::{CallEvent, CallFact, Extension};
use crate::crm::{CrmSink, LookUp, Matches, Notice, Page};
use crate::error::{Error, ErrorKind, Result};
use crate::popup::Notified;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;

/// How many events of one call may wait for one CRM. More come only from a PBX gone wild.
const MOST_WAITING: usize = 100;

/// The CRMs that are told of one call, each with its own queue: none waits for another, no call for another call.
pub(super) struct CallNotices {
    queues: Vec<Option<mpsc::Sender<Waiting>>>,
    over: CancellationToken,
}

/// An event that a CRM is to be told of.
struct Waiting {
    event: CallEvent,
    notice: Notice,
    number: Option<LookUp>,
    look_up_limit: Duration,
    limit: Duration,
}

impl CallNotices {
    pub(super) fn new(parts: &Parts) -> Self {
        Self { queues: parts.crms.iter().map(|_| None).collect(), over: CancellationToken::new() }
    }

    /// Hands the event to every CRM that wants it and is to be told. Never waits.
    pub(super) fn tell(&mut self, event: &CallEvent, look_ups: &CallLookUps, settings: &Settings, parts: &Parts) {
        for ((crm, answer), queue) in parts.crms.iter().zip(look_ups.answers()).zip(&mut self.queues) {
            let Some(notice) = wanted(crm.as_ref(), event, settings) else { continue };
            let queue = queue.get_or_insert_with(|| start(Arc::clone(crm), Arc::clone(answer), parts));
            let waiting = Waiting {
                event: event.clone(),
                notice,
                number: look_up_for(event, settings),
                look_up_limit: settings.policy().pop.look_up_timeout(),
                limit: settings.policy().pop.notice_timeout(),
            };
            if notice.after.is_zero() {
                put(queue, waiting);
            } else {
                put_later(queue.clone(), waiting, self.over.clone(), parts);
            }
        }
    }

    /// The call is over: what still waits for its time is not told any more.
    pub(super) fn close(&self) {
        self.over.cancel();
    }
}

fn wanted(crm: &dyn CrmSink, event: &CallEvent, settings: &Settings) -> Option<Notice> {
    let told = crm.capabilities().notify && settings.rules().tells(crm.name(), event.fact.kind()).yes;
    if told { crm.notice(event) } else { None }
}

fn put(queue: &mpsc::Sender<Waiting>, waiting: Waiting) {
    if let Err(error) = queue.try_send(waiting) {
        let waiting = error.into_inner();
        let (call, event) = (&waiting.event.call, waiting.event.name());
        tracing::error!(%call, event, "the CRM is too far behind with this call; it is not told of this event");
    }
}

fn put_later(queue: mpsc::Sender<Waiting>, waiting: Waiting, over: CancellationToken, parts: &Parts) {
    let ending = parts.ending.clone();
    parts.tasks.spawn(async move {
        let time = over.run_until_cancelled(tokio::time::sleep(waiting.notice.after));
        if ending.run_until_cancelled(time).await.flatten().is_some() {
            put(&queue, waiting);
        }
    });
}

fn start(crm: Arc<dyn CrmSink>, answer: Arc<OnceCell<Matches>>, parts: &Parts) -> mpsc::Sender<Waiting> {
    let (queue, mut waiting) = mpsc::channel(MOST_WAITING);
    let (ending, popups) = (parts.ending.clone(), Arc::clone(&parts.popups));
    parts.tasks.spawn(async move {
        while let Some(Some(next)) = ending.run_until_cancelled(waiting.recv()).await {
            let Some(told) = ending.run_until_cancelled(tell(crm.as_ref(), &answer, &next)).await else { return };
            if let Some(outcome) = outcome(crm.name(), &next.event, told) {
                for popup in popups.iter() {
                    popup.notified(&outcome).await;
                }
            }
        }
    });
    queue
}

async fn tell(crm: &dyn CrmSink, answer: &OnceCell<Matches>, waiting: &Waiting) -> Result<Option<Page>> {
    let event = &waiting.event;
    // Who called is not asked any more when the call is over.
    if waiting.notice.with_matches && !matches!(event.fact, CallFact::Ended { .. }) {
        // A look-up that fails is told by the pop; the event is told all the same.
        let _ = matches_of(crm, answer, waiting.number.as_ref(), waiting.look_up_limit).await;
    }
    let nobody = Matches::default();
    let told = tokio::time::timeout(waiting.limit, crm.notify(event, answer.get().unwrap_or(&nobody)));
    let late = |_| Error::new(ErrorKind::Timeout, "the CRM did not answer in time").during("notify");
    told.await.map_err(late)?
}

/// What people are to see of it, if anything.
fn outcome(crm: &str, event: &CallEvent, told: Result<Option<Page>>) -> Option<Notified> {
    let (page, problem) = match told {
        Ok(None) => return None,
        Ok(page) => (page, None),
        Err(error) => {
            tracing::warn!(crm, call = %event.call, event = event.name(), error = %error.chain(), "the CRM could not be told; the call goes on");
            (None, Some(error.to_string()))
        }
    };
    let (id, call) = (event.id.clone(), event.call.clone());
    Some(Notified { id, call, extensions: concerned(event), crm: crm.to_owned(), page, problem })
}

/// The telephones of those whom it concerns: the one that the event names; at the end the one that talked, or all that
/// rang.
fn concerned(event: &CallEvent) -> Vec<Extension> {
    match &event.fact {
        CallFact::Ended { record, .. } => match &record.answered_by {
            Some(answered_by) => vec![answered_by.clone()],
            None => record.extensions.clone(),
        },
        fact => fact.extension().cloned().into_iter().collect(),
    }
}
