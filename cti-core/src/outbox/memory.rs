//! An outbox in memory.

use super::{DeadLetter, MAX_WAIT, Outbox, OutboxStats, Settle, Token, Verdict, Work, to_json};
use crate::call::{CallId, OpenCall};
use crate::crm::WriteKey;
use crate::error::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many keys of finished work, and how many ended calls, are kept to recognise a second telling.
const KEPT: usize = 100_000;

/// An outbox in memory: **not durable; for tests and demos**. What waits is lost when the process ends.
///
/// Time is tokio's, so that a test with a paused clock need not wait for a retry.
///
/// ```
/// use cti_core::outbox::{MemoryOutbox, Outbox};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let outbox = MemoryOutbox::new();
/// assert_eq!(outbox.stats().await?.waiting, 0);
/// # Ok::<(), cti_core::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryOutbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    last_number: i64,
    last_token: i64,
    work: BTreeMap<i64, Entry>,
    /// Number of the token → number of the work.
    taken: HashMap<i64, i64>,
    finished: Recent<(String, WriteKey)>,
    open: BTreeMap<CallId, OpenCall>,
    ended: Recent<CallId>,
}

#[derive(Debug)]
struct Entry {
    work: Work,
    tries: u32,
    place: Place,
}

#[derive(Debug, Clone, PartialEq)]
enum Place {
    Waiting { due: Instant },
    Taken,
    Dead { reason: String, at: DateTime<Utc> },
}

/// What a look for work found.
enum Found {
    Work {
        work: Box<Work>,
        tries: u32,
        token: i64,
    },
    /// Nothing is due; the next thing will be then.
    NothingUntil(Option<Instant>),
}

impl MemoryOutbox {
    /// An empty outbox.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes those who wait for work.
    fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let result = how(&mut self.state());
        self.changed.notify_waiters();
        result
    }
}

impl State {
    fn append(&mut self, work: Work) {
        let key = (work.crm.clone(), work.key.clone());
        if self.finished.contains(&key) || self.work.values().any(|e| e.work.crm == key.0 && e.work.key == key.1) {
            return;
        }
        self.last_number += 1;
        let place = Place::Waiting { due: Instant::now() };
        self.work.insert(self.last_number, Entry { work, tries: 0, place });
    }

    fn end(&mut self, call: &CallId) {
        self.open.remove(call);
        self.ended.insert(call.clone());
    }

    /// Takes the first due work of a call of which nothing earlier is waiting or taken.
    fn take(&mut self, crm: &str) -> Found {
        let now = Instant::now();
        let mut calls: HashSet<CallId> = self.taken.values().filter_map(|number| self.call(crm, *number)).collect();
        let mut next = None::<Instant>;
        for (&number, entry) in self.work.iter_mut().filter(|(_, entry)| entry.work.crm == crm) {
            if matches!(entry.place, Place::Dead { .. }) || !calls.insert(entry.work.call.clone()) {
                continue;
            }
            match entry.place {
                Place::Waiting { due } if due <= now => {
                    entry.place = Place::Taken;
                    self.last_token += 1;
                    self.taken.insert(self.last_token, number);
                    let work = Box::new(entry.work.clone());
                    return Found::Work { work, tries: entry.tries, token: self.last_token };
                }
                Place::Waiting { due } => next = Some(next.map_or(due, |earliest| earliest.min(due))),
                Place::Taken | Place::Dead { .. } => {}
            }
        }
        Found::NothingUntil(next)
    }

    fn call(&self, crm: &str, number: i64) -> Option<CallId> {
        self.work.get(&number).filter(|entry| entry.work.crm == crm).map(|entry| entry.work.call.clone())
    }

    fn settle(&mut self, token: i64, verdict: Verdict) {
        let Some(number) = self.taken.remove(&token) else { return };
        if verdict == Verdict::Delivered {
            self.finish(number);
        } else if let Some(entry) = self.work.get_mut(&number) {
            entry.tries = entry.tries.saturating_add(1);
            entry.place = match verdict {
                Verdict::Rejected { reason } => Place::Dead { reason, at: Utc::now() },
                Verdict::RetryAfter(wait) => Place::Waiting { due: Instant::now() + wait.min(MAX_WAIT) },
                Verdict::Delivered => return,
            };
        }
    }

    fn finish(&mut self, number: i64) {
        if let Some(entry) = self.work.remove(&number) {
            self.finished.insert((entry.work.crm, entry.work.key));
        }
    }

    fn remember(&mut self, open: &OpenCall) {
        let call = &open.record.call;
        let late = self.ended.contains(call) || self.open.get(call).is_some_and(|known| known.seq > open.seq);
        if !late {
            self.open.insert(call.clone(), open.clone());
        }
    }

    fn dead(&self, number: i64) -> bool {
        self.work.get(&number).is_some_and(|entry| matches!(entry.place, Place::Dead { .. }))
    }

    fn dead_letters(&self) -> Vec<DeadLetter> {
        let mut letters: Vec<DeadLetter> = self
            .work
            .iter()
            .filter_map(|(&number, entry)| match &entry.place {
                Place::Dead { reason, at } => {
                    Some(DeadLetter { number, work: entry.work.clone(), reason: reason.clone(), at: *at })
                }
                _ => None,
            })
            .collect();
        letters.sort_by_key(|letter| (letter.at, letter.number));
        letters
    }

    fn stats(&self) -> OutboxStats {
        let dead = self.work.values().filter(|entry| matches!(entry.place, Place::Dead { .. })).count();
        OutboxStats { waiting: (self.work.len() - dead) as u64, dead: dead as u64, open_calls: self.open.len() as u64 }
    }
}

#[async_trait]
impl Settle for Shared {
    async fn settle(&self, token: i64, verdict: Verdict) -> Result<()> {
        self.change(|state| state.settle(token, verdict));
        Ok(())
    }

    fn give_back(&self, token: i64) {
        self.change(|state| state.settle(token, Verdict::RetryAfter(std::time::Duration::ZERO)));
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn append(&self, work: Vec<Work>, ended: Option<&CallId>) -> Result<()> {
        for one in &work {
            to_json(one)?;
        }
        self.0.change(|state| {
            work.into_iter().for_each(|one| state.append(one));
            if let Some(call) = ended {
                state.end(call);
            }
        });
        Ok(())
    }

    async fn take(&self, crm: &str) -> Result<Token> {
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            changed.as_mut().enable();
            let found = self.0.state().take(crm);
            match found {
                Found::Work { work, tries, token } => return Ok(Token::new(*work, tries, token, self.0.clone())),
                Found::NothingUntil(Some(due)) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(due) => {}
                },
                Found::NothingUntil(None) => changed.await,
            }
        }
    }

    async fn remember(&self, open: &OpenCall) -> Result<()> {
        to_json(open)?;
        self.0.state().remember(open);
        Ok(())
    }

    async fn open_calls(&self, pbx: &str) -> Result<Vec<OpenCall>> {
        Ok(self.0.state().open.values().filter(|open| open.record.call.pbx() == pbx).cloned().collect())
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        Ok(self.0.state().dead_letters())
    }

    async fn revive(&self, number: i64) -> Result<bool> {
        Ok(self.0.change(|state| {
            let dead = state.dead(number);
            if let Some(entry) = state.work.get_mut(&number).filter(|_| dead) {
                entry.tries = 0;
                entry.place = Place::Waiting { due: Instant::now() };
            }
            dead
        }))
    }

    async fn drop_dead(&self, number: i64) -> Result<bool> {
        let mut state = self.0.state();
        let dead = state.dead(number);
        if dead {
            state.finish(number);
        }
        Ok(dead)
    }

    async fn stats(&self) -> Result<OutboxStats> {
        Ok(self.0.state().stats())
    }
}

/// The last [`KEPT`] things that were put in.
#[derive(Debug)]
struct Recent<T> {
    known: HashSet<T>,
    order: VecDeque<T>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { known: HashSet::new(), order: VecDeque::new() }
    }
}

impl<T: Clone + Eq + Hash> Recent<T> {
    fn contains(&self, what: &T) -> bool {
        self.known.contains(what)
    }

    fn insert(&mut self, what: T) {
        if !self.known.insert(what.clone()) {
            return;
        }
        self.order.push_back(what);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_are_kept() {
        let mut recent = Recent::default();
        (0..=KEPT).for_each(|n| recent.insert(n));
        assert!(!recent.contains(&0));
        assert!(recent.contains(&1) && recent.contains(&KEPT));
    }
}
