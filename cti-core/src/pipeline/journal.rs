//! What must not be lost goes to the outbox, in order, while events flow on.

use super::builder::Parts;
use super::look_up::look_up_of;
use super::settings::Settings;
use crate::backoff::Backoff;
use crate::call::{CallId, CallRecord, Direction, Disposition, FactKind, OpenCall};
use crate::crm::{CrmSink, Match, NewContact, WriteKey};
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
    /// A call as it stands now, and what is to be done about it already.
    Open { open: Box<OpenCall>, work: Vec<Work> },
    /// A call is over, and this is to be done about it.
    Ended { call: CallId, work: Vec<Work> },
}

impl Entry {
    /// A call that goes on.
    pub(super) fn open(open: OpenCall) -> Self {
        Self::Open { open: Box::new(open), work: Vec::new() }
    }

    /// A call that was answered: where its entry is begun now, that is to be done.
    pub(super) fn answered(open: OpenCall, matched: &[Option<Match>], settings: &Settings, parts: &Parts) -> Self {
        let record = CallRecord { disposition: Disposition::Answered, ..open.record.clone() };
        let decision = settings.rules().begin_log(&record);
        tracing::debug!(call = %record.call, yes = decision.yes, rule = decision.rule, "begin log");
        let crms = parts.crms.iter().zip(matched).filter(|(crm, _)| decision.yes && begins(&***crm, settings));
        let work = crms.map(|(crm, matched)| log(&**crm, &record, matched.as_ref())).collect();
        Self::Open { open: Box::new(open), work }
    }

    /// What is to be done about a call that is over: for each CRM the log, then the contact (if unknown and
    /// wanted): a contact that may not be created keeps no call from being written.
    pub(super) fn ended(record: &CallRecord, matched: &[Option<Match>], settings: &Settings, parts: &Parts) -> Self {
        let decision = settings.rules().log(record);
        let begun = settings.rules().begin_log(record).yes;
        tracing::debug!(call = %record.call, yes = decision.yes, rule = decision.rule, begun, "log");
        let mut work = Vec::new();
        let told = |crm: &dyn CrmSink| settings.rules().tells(crm.name(), FactKind::Ended).yes;
        for (crm, matched) in parts.crms.iter().zip(matched).filter(|(crm, _)| told(&***crm)) {
            let (can, matched) = (crm.capabilities(), matched.as_ref());
            let begun = begun && begins(&**crm, settings);
            // Under the key of an entry that was begun it is there already: this is for those that were not.
            work.extend((can.log_call && (decision.yes || begun)).then(|| log(&**crm, record, matched)));
            work.extend(begun.then(|| update(&**crm, record)));
            let contact = new_contact(record, matched, settings).filter(|_| decision.yes && can.create_contact);
            work.extend(contact.map(|contact| {
                let key = format!("{}:contact", record.ended_id());
                of_call(&**crm, record, key, Task::CreateContact { contact })
            }));
        }
        Self::Ended { call: record.call.clone(), work }
    }

    /// This entry in the place of an earlier one of the same call: what was to be done is still to be done, and first.
    fn after(mut self, earlier: Self) -> Self {
        let (Self::Open { work: mut first, .. } | Self::Ended { work: mut first, .. }) = earlier;
        let (Self::Open { work, .. } | Self::Ended { work, .. }) = &mut self;
        first.append(work);
        *work = first;
        self
    }

    /// Leaves out what a call can be written without: the data attached to it. False if there is none.
    fn shorten(&mut self) -> bool {
        let attached = |record: &mut CallRecord| !std::mem::take(&mut record.context).is_empty();
        let (shorter, work) = match self {
            Self::Open { open, work } => (attached(&mut open.record), work),
            Self::Ended { work, .. } => (false, work),
        };
        work.iter_mut().fold(shorter, |shorter, work| match &mut work.task {
            Task::LogCall { record, .. } | Task::UpdateLog { record } => attached(record) || shorter,
            Task::AttachRecording { .. } | Task::CreateContact { .. } => shorter,
        })
    }

    fn call(&self) -> &CallId {
        match self {
            Self::Open { open, .. } => &open.record.call,
            Self::Ended { call, .. } => call,
        }
    }
}

/// Whether entries in this CRM are begun when calls are answered: it can complete them, and is told of both ends.
fn begins(crm: &dyn CrmSink, settings: &Settings) -> bool {
    let told = |event| settings.rules().tells(crm.name(), event).yes;
    crm.capabilities().update_log && told(FactKind::Answered) && told(FactKind::Ended)
}

/// A piece of work that a call causes.
fn of_call(crm: &dyn CrmSink, record: &CallRecord, key: String, task: Task) -> Work {
    Work { crm: crm.name().to_owned(), call: record.call.clone(), key: WriteKey::of(key.into()), task }
}

fn log(crm: &dyn CrmSink, record: &CallRecord, matched: Option<&Match>) -> Work {
    let task = Task::LogCall { record: Box::new(record.clone()), matched: matched.cloned().map(Box::new) };
    of_call(crm, record, record.ended_id().to_string(), task)
}

fn update(crm: &dyn CrmSink, record: &CallRecord) -> Work {
    let task = Task::UpdateLog { record: Box::new(record.clone()) };
    of_call(crm, record, format!("{}:complete", record.ended_id()), task)
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
    /// Hands an entry over. It takes the place of an earlier one of the same call, but for what that one had to be done.
    pub(super) fn enter(&self, entry: Entry) {
        let mut entries = self.0.entries();
        let call = entry.call().clone();
        let entry = match entries.remove(&call) {
            Some(earlier) => entry.after(earlier),
            None => entry,
        };
        entries.insert(call, entry);
        drop(entries);
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
        Entry::Open { open, work } => {
            parts.outbox.remember(open).await?;
            if work.is_empty() { Ok(()) } else { parts.outbox.append(work.clone(), None).await }
        }
        Entry::Ended { call, work } => parts.outbox.append(work.clone(), Some(call)).await,
    }
}
