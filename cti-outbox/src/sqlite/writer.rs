//! The thread that owns the database. What was asked for while it was busy is done in one transaction: one sync to disk
//! for all of it, and no waiting for more.

use super::Shared;
use super::clock::Clock;
use super::lease::Leases;
use super::store::{Store, Write};
use cti_core::Result;
use cti_core::outbox::{Settle, Token, Verdict};
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many requests at most are done in one transaction.
const MAX_BATCH: usize = 1024;

/// How often old keys are looked for, and how soon again while there are more.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);
const PRUNE_AGAIN: Duration = Duration::from_secs(1);

/// How soon to look again when the database failed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) type Reply<T> = oneshot::Sender<Result<T>>;

pub(super) enum Request {
    Write { write: Write, reply: Reply<bool> },
    Settle { lease: i64, verdict: Verdict, reply: Reply<bool> },
    GiveBack { lease: i64 },
    Take { crm: String, outbox: Weak<Shared>, reply: Reply<Token> },
    Read(Box<dyn FnOnce(&Store) + Send>),
}

/// A change, and who waits for it.
struct Job {
    write: Write,
    lease: Option<i64>,
    reply: Reply<bool>,
}

/// A task that waits for work.
struct Waiter {
    outbox: Weak<Shared>,
    reply: Reply<Token>,
}

pub(super) struct Writer {
    store: Store,
    requests: Receiver<Request>,
    clock: Clock,
    leases: Leases,
    waiters: HashMap<String, VecDeque<Waiter>>,
    next_prune: Instant,
}

impl Writer {
    pub(super) fn new(store: Store, requests: Receiver<Request>) -> Self {
        Self {
            store,
            requests,
            clock: Clock::start(),
            leases: Leases::default(),
            waiters: HashMap::new(),
            next_prune: Instant::now(),
        }
    }

    /// Works until nobody can ask for anything any more.
    pub(super) fn run(mut self) {
        let mut pause = Duration::ZERO;
        loop {
            let first = match self.requests.recv_timeout(pause) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let batch: Vec<_> = first.into_iter().chain(self.requests.try_iter().take(MAX_BATCH)).collect();
            self.do_all(batch);
            self.prune_if_time();
            pause = self.pause();
        }
    }

    fn do_all(&mut self, batch: Vec<Request>) {
        let (mut jobs, mut reads) = (Vec::new(), Vec::new());
        for request in batch {
            match request {
                Request::Write { write, reply } => jobs.push(Job { write, lease: None, reply }),
                Request::Settle { lease, verdict, reply } => match self.leases.get(lease) {
                    Some(out) => {
                        let write = Write::Settle { number: out.number, tries: out.tries, verdict };
                        jobs.push(Job { write, lease: Some(lease), reply });
                    }
                    None => answer(reply, Ok(false)),
                },
                Request::GiveBack { lease } => self.leases.give_back(lease),
                Request::Take { crm, outbox, reply } => self.wait(crm, Waiter { outbox, reply }),
                Request::Read(read) => reads.push(read),
            }
        }
        self.commit(jobs);
        self.give_out();
        for read in reads {
            read(&self.store);
        }
    }

    /// Does all of it in one transaction; if that fails, each on its own, so that one does not spoil the others.
    fn commit(&mut self, mut jobs: Vec<Job>) {
        if jobs.len() > 1 {
            match self.store.apply(jobs.iter().map(|job| &job.write), self.clock.now()) {
                Ok(changed) => {
                    let results = changed.into_iter().map(Ok);
                    jobs.drain(..).zip(results).for_each(|(job, result)| self.finish(job, result));
                }
                Err(error) => tracing::warn!(%error, jobs = jobs.len(), "a batch failed: each is tried on its own"),
            }
        }
        for job in jobs {
            let changed = self.store.apply(std::iter::once(&job.write), self.clock.now());
            let result = changed.map(|changed| changed.contains(&true)).map_err(|error| self.store.error(error));
            self.finish(job, result);
        }
    }

    fn finish(&mut self, job: Job, result: Result<bool>) {
        if let (Some(lease), Ok(_)) = (job.lease, &result) {
            self.leases.settled(lease);
        }
        answer(job.reply, result);
    }

    fn wait(&mut self, crm: String, waiter: Waiter) {
        let waiters = self.waiters.entry(crm).or_default();
        waiters.retain(|waiter| !waiter.reply.is_closed());
        waiters.push_back(waiter);
    }

    /// Gives out what is due to those who wait.
    fn give_out(&mut self) {
        let mut waiters = std::mem::take(&mut self.waiters);
        for (crm, waiters) in &mut waiters {
            self.serve(crm, waiters);
        }
        waiters.retain(|_, waiters| !waiters.is_empty());
        self.waiters = waiters;
    }

    /// How long there is nothing to do unless somebody asks.
    fn pause(&self) -> Duration {
        let mut pause = self.next_prune.saturating_duration_since(Instant::now());
        for crm in self.waiters.keys() {
            let now = self.clock.now();
            match self.store.next_due(crm, now) {
                Ok(None) => {}
                Ok(Some(due)) => pause = pause.min(Duration::from_millis(due.abs_diff(now))),
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot tell when work is due: it looks again soon");
                    pause = pause.min(LOOK_AGAIN);
                }
            }
        }
        pause
    }

    fn serve(&mut self, crm: &str, waiters: &mut VecDeque<Waiter>) {
        while let Some(waiter) = waiters.pop_front() {
            let Some(outbox) = waiter.outbox.upgrade().filter(|_| !waiter.reply.is_closed()) else { continue };
            match self.store.due(crm, self.clock.now(), |number| self.leases.is_out(number)) {
                Ok(Some(due)) => {
                    let (lease, tries) = self.leases.give_out(due.number, due.tries);
                    let outbox: Arc<dyn Settle> = outbox;
                    // If nobody receives it, the token is dropped and gives the work back.
                    answer(waiter.reply, Ok(Token::new(due.work, tries, lease, outbox)));
                }
                Ok(None) => return waiters.push_front(waiter),
                Err(error) => answer(waiter.reply, Err(self.store.error(error))),
            }
        }
    }

    fn prune_if_time(&mut self) {
        if self.next_prune > Instant::now() {
            return;
        }
        let more = self.store.prune().unwrap_or_else(|error| {
            tracing::warn!(%error, "old keys could not be erased from the outbox");
            false
        });
        self.next_prune = Instant::now() + if more { PRUNE_AGAIN } else { PRUNE_EVERY };
    }
}

/// Whoever asked may be gone.
fn answer<T>(reply: Reply<T>, result: Result<T>) {
    let _ = reply.send(result);
}

#[cfg(test)]
mod tests {
    use super::super::open::open;
    use super::super::store::Row;
    use super::*;
    use cti_core::ErrorKind;
    use cti_core::outbox::{Task, Work};
    use cti_testkit::suite::outbox::log_call;
    use std::sync::mpsc;

    fn large(call: &str) -> Work {
        let mut work = log_call("a", call);
        if let Task::LogCall { record, .. } = &mut work.task {
            record.cause = "x".repeat(500_000);
        }
        work
    }

    fn job(work: &[Work]) -> (Job, oneshot::Receiver<Result<bool>>) {
        let (reply, answer) = oneshot::channel();
        let rows = work.iter().map(|work| Row::of(work).unwrap()).collect();
        (Job { write: Write::Append { rows, ended: None }, lease: None, reply }, answer)
    }

    #[test]
    fn a_full_disk_fails_what_does_not_fit_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("cti-outbox-full-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let (store, _) = open(&folder.join("calls.db")).unwrap();
        store.leave_room_for(50).unwrap();
        let mut writer = Writer::new(store, mpsc::channel().1);

        let work =
            [vec![log_call("a", "pbx/1")], vec![log_call("a", "pbx/2"), large("pbx/3")], vec![log_call("a", "pbx/4")]];
        let (jobs, answers): (Vec<_>, Vec<_>) = work.iter().map(|work| job(work)).unzip();
        writer.commit(jobs);
        let mut results = answers.into_iter().map(|mut answer| answer.try_recv().expect("everybody is answered"));
        assert!(results.next().unwrap().is_ok());
        let full = results.next().unwrap().expect_err("it does not fit");
        assert_eq!(full.kind(), ErrorKind::Storage);
        assert!(full.is_temporary() && full.to_string().contains("the disk is full"), "{full}");
        assert!(results.next().unwrap().is_ok());
        assert_eq!(writer.store.stats().unwrap().waiting, 2, "nothing is half stored");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
