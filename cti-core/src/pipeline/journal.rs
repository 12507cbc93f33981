//! What must not be lost goes to the outbox, in order, while events flow on.

use super::builder::Parts;
use super::look_up::look_up_of;
use super::settings::Settings;
use crate::backoff::Backoff;
use crate::call::{CallId, CallRecord, Direction, OpenCall};
use crate::crm::{Match, NewContact, WriteKey};
use crate::error::{ErrorKind, Result};
use crate::number::Number;
use crate::outbox::{Task, Work};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Waits between tries while the disk is full or gone.
const STORAGE_BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(10) };

/// What goes to the outbox.
#[derive(Debug)]
pub(super) enum Entry {
    /// A call as it stands now.
    Open(Box<OpenCall>),
    /// A call is over, and this is to be done about it.
    Ended { call: CallId, work: Vec<Work> },
}

impl Entry {
    /// What is to be done about a call that is over: for each CRM the log, then the contact (if unknown and
    /// wanted): a contact that may not be created keeps no call from being written.
    pub(super) fn ended(record: &CallRecord, matched: &[Option<Match>], settings: &Settings, parts: &Parts) -> Self {
        let decision = settings.rules().log(record);
        tracing::debug!(call = %record.call, yes = decision.yes, rule = decision.rule, "log");
        let crms = parts.crms.iter().zip(matched).filter(|_| decision.yes);
        let work = crms.flat_map(|(crm, matched)| {
            let can = crm.capabilities();
            let contact = new_contact(record, matched.as_ref(), settings)
                .filter(|_| can.create_contact)
                .map(|contact| (format!("{}:contact", record.ended_id()), Task::CreateContact { contact }));
            let log = can.log_call.then(|| {
                let matched = matched.clone().map(Box::new);
                (record.ended_id().to_string(), Task::LogCall { record: Box::new(record.clone()), matched })
            });
            log.into_iter().chain(contact).map(|(key, task)| Work {
                crm: crm.name().to_owned(),
                call: record.call.clone(),
                key: WriteKey::of(key.into()),
                task,
            })
        });
        Self::Ended { call: record.call.clone(), work: work.collect() }
    }

    /// Leaves out what a call can be written without: the data attached to it. False if there is none.
    fn shorten(&mut self) -> bool {
        let attached = |record: &mut CallRecord| !std::mem::take(&mut record.context).is_empty();
        match self {
            Self::Open(open) => attached(&mut open.record),
            Self::Ended { work, .. } => work.iter_mut().fold(false, |shorter, work| match &mut work.task {
                Task::LogCall { record, .. } | Task::UpdateLog { record } => attached(record) || shorter,
                Task::AttachRecording { .. } | Task::CreateContact { .. } => shorter,
            }),
        }
    }

    fn call(&self) -> &CallId {
        match self {
            Self::Open(open) => &open.record.call,
            Self::Ended { call, .. } => call,
        }
    }
}

fn new_contact(record: &CallRecord, matched: Option<&Match>, settings: &Settings) -> Option<NewContact> {
    if !settings.policy().log.create_unknown || matched.is_some() {
        return None;
    }
    let number: &Number = record.customer_number()?;
    look_up_of(number, settings)?;
    // The caller of an outbound call is one of us.
    let name = record.caller.name.clone().filter(|_| record.direction == Direction::Inbound);
    Some(NewContact { number: number.clone(), name })
}

/// What waits to be written: the last word on each call, so that it grows with the calls that are open while the disk is
/// slow, and not with what is told of them.
#[derive(Default)]
struct Waiting {
    entries: Mutex<HashMap<CallId, Entry>>,
    changed: Notify,
    closed: AtomicBool,
}

/// Where entries go in; telling must not wait.
pub(super) struct Journal(Arc<Waiting>);

/// Where entries come out.
pub(super) struct Entries(Arc<Waiting>);

/// A journal and the entries that come out of it.
pub(super) fn channel() -> (Journal, Entries) {
    let waiting = Arc::<Waiting>::default();
    (Journal(Arc::clone(&waiting)), Entries(waiting))
}

impl Journal {
    /// Hands an entry over. It takes the place of an earlier one of the same call.
    pub(super) fn enter(&self, entry: Entry) {
        self.0.entries().insert(entry.call().clone(), entry);
        self.0.changed.notify_one();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.changed.notify_one();
    }
}

impl Waiting {
    fn entries(&self) -> MutexGuard<'_, HashMap<CallId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that waits, but for the calls that are being written; `None` when nothing will come any more.
    async fn next(&self, busy: &HashSet<CallId>) -> Option<HashMap<CallId, Entry>> {
        loop {
            let closed = self.closed.load(Ordering::Acquire);
            let (ready, nothing_left) = {
                let mut entries = self.entries();
                let ready: HashMap<_, _> = entries.extract_if(|call, _| !busy.contains(call)).collect();
                (ready, entries.is_empty())
            };
            match (ready.is_empty(), closed && nothing_left) {
                (false, _) => return Some(ready),
                (true, true) => return None,
                (true, false) => self.changed.notified().await,
            }
        }
    }
}

/// Writes entries until the last one is on disk. Calls do not wait for each other: one that cannot be stored now is tried
/// again while the others are written.
pub(super) async fn keep(entries: Entries, parts: Parts) {
    let mut writes: JoinSet<CallId> = JoinSet::new();
    let mut busy: HashSet<CallId> = HashSet::new();
    let mut open = true;
    while open || !writes.is_empty() {
        tokio::select! {
            waiting = entries.0.next(&busy), if open => match waiting {
                Some(waiting) => for (call, entry) in waiting {
                    busy.insert(call);
                    writes.spawn(store(entry, parts.clone()));
                },
                None => open = false,
            },
            Some(written) = writes.join_next() => match written {
                Ok(call) => {
                    busy.remove(&call);
                    entries.0.changed.notify_one();
                }
                Err(failure) => tracing::error!(%failure, "the outbox failed; a call was not stored. Please report it"),
            },
        }
    }
}

async fn store(mut entry: Entry, parts: Parts) -> CallId {
    let mut tries = 0;
    while let Err(error) = write(&entry, &parts).await {
        tries += 1;
        if error.kind() == ErrorKind::Rejected && !entry.shorten() {
            tracing::error!(call = %entry.call(), error = %error.chain(), "the outbox refuses this call; it is not stored");
            break;
        }
        let wait = STORAGE_BACKOFF.wait(tries);
        tracing::error!(call = %entry.call(), error = %error.chain(), tries, "the outbox cannot store; calls are still shown, trying again");
        tokio::time::sleep(wait).await;
    }
    entry.call().clone()
}

async fn write(entry: &Entry, parts: &Parts) -> Result<()> {
    match entry {
        Entry::Open(open) => parts.outbox.remember(open).await,
        Entry::Ended { call, work } => parts.outbox.append(work.clone(), Some(call)).await,
    }
}
