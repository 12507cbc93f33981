//! What must not be lost goes to the outbox, in order, while events flow on.

use super::builder::Parts;
use super::settings::Settings;
use crate::backoff::Backoff;
use crate::call::{CallId, CallRecord, OpenCall};
use crate::crm::{Match, NewContact, WriteKey};
use crate::error::{Result, Status};
use crate::number::Number;
use crate::outbox::{Task, Work};
use crate::policy::log_decision;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How many entries are written in one go.
const BATCH: usize = 256;

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
    /// What is to be done about a call that is over: for each CRM, the contact (if unknown and wanted), then the log.
    pub(super) fn ended(record: &CallRecord, matched: &[Option<Match>], settings: &Settings, parts: &Parts) -> Self {
        let decision = log_decision(record, &settings.policy);
        tracing::debug!(call = %record.call, yes = decision.yes, rule = decision.rule, "log");
        let crms = parts.crms.iter().zip(matched).filter(|(crm, _)| decision.yes && crm.capabilities().log_call);
        let work = crms.flat_map(|(crm, matched)| {
            let contact = new_contact(record, matched.as_ref(), settings)
                .filter(|_| crm.capabilities().create_contact)
                .map(|contact| (format!("{}:contact", record.ended_id()), Task::CreateContact { contact }));
            let log = Task::LogCall { record: Box::new(record.clone()), matched: matched.clone().map(Box::new) };
            let log = (record.ended_id().to_string(), log);
            contact.into_iter().chain([log]).map(|(key, task)| Work {
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
                Task::LogCall { record, .. } => attached(record) || shorter,
                Task::CreateContact { .. } => shorter,
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
    if !settings.policy.log.create_unknown || matched.is_some() {
        return None;
    }
    let number: &Number = record.customer_number()?;
    Some(NewContact { number: number.clone(), name: record.caller.name.clone() })
}

/// Where entries go in. Unbounded: it grows by what a PBX tells while the disk is slow, and telling must not wait.
pub(super) struct Journal(mpsc::UnboundedSender<Entry>);

impl Journal {
    /// Hands an entry over.
    pub(super) fn enter(&self, entry: Entry) {
        // The receiver outlives every sender: it ends when they are gone.
        if self.0.send(entry).is_err() {
            tracing::error!("the journal has ended before its PBX; this is a bug");
        }
    }
}

/// A journal and the entries that come out of it.
pub(super) fn channel() -> (Journal, mpsc::UnboundedReceiver<Entry>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Journal(sender), receiver)
}

/// Writes entries until the last one is on disk.
pub(super) async fn keep(mut entries: mpsc::UnboundedReceiver<Entry>, parts: Parts) {
    let mut batch = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut batch, BATCH).await > 0 {
        // Only the last state of each call counts, so that calls do not wait for each other's disk writes.
        let latest: HashMap<CallId, Entry> = batch.drain(..).map(|entry| (entry.call().clone(), entry)).collect();
        let mut writes: JoinSet<()> = latest.into_values().map(|entry| store(entry, parts.clone())).collect();
        while writes.join_next().await.is_some() {}
    }
}

async fn store(mut entry: Entry, parts: Parts) {
    let mut tries = 0;
    while let Err(error) = write(&entry, &parts).await {
        tries += 1;
        if error.status() == Status::Permanent && !entry.shorten() {
            tracing::error!(call = %entry.call(), %error, "the outbox refuses this call; it is not stored");
            return;
        }
        let wait = STORAGE_BACKOFF.wait(tries);
        tracing::error!(call = %entry.call(), %error, tries, "the outbox cannot store; calls are still shown, trying again");
        tokio::time::sleep(wait).await;
    }
}

async fn write(entry: &Entry, parts: &Parts) -> Result<()> {
    match entry {
        Entry::Open(open) => parts.outbox.remember(open).await,
        Entry::Ended { call, work } => parts.outbox.append(work.clone(), Some(call)).await,
    }
}
