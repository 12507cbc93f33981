//! Whatever is done to the outbox, in whatever order and with whatever restarts, it behaves as a simple list does.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::Folder;
use cti_core::call::{CallId, OpenCall};
use cti_core::crm::WriteKey;
use cti_core::outbox::{DeadLetter, Outbox, OutboxStats, Token, Verdict, Work};
use cti_outbox::SqliteOutbox;
use cti_testkit::suite::outbox::{nth_of_call, open_call};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::task::Poll;
use std::time::Duration;

const CRMS: [&str; 2] = ["a", "b"];
const LONG: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone)]
enum Operation {
    Append { work: Vec<(usize, usize, usize)>, ended: Option<usize> },
    Take { crm: usize },
    Settle { which: usize, verdict: Verdict },
    DropToken { which: usize },
    Remember { call: usize, seq: u64 },
    Revive { which: usize },
    DropDead { which: usize },
    Reopen,
}

fn operation() -> impl Strategy<Value = Operation> {
    let verdict = prop_oneof![
        4 => Just(Verdict::Delivered),
        2 => Just(Verdict::Rejected { reason: "no".to_owned() }),
        2 => Just(Verdict::RetryAfter(Duration::ZERO)),
        1 => Just(Verdict::RetryAfter(LONG)),
    ];
    let work = prop::collection::vec((0..CRMS.len(), 0..3_usize, 0..6_usize), 0..4);
    prop_oneof![
        6 => (work, prop::option::weighted(0.2, 0..3_usize)).prop_map(|(work, ended)| Operation::Append { work, ended }),
        8 => (0..CRMS.len()).prop_map(|crm| Operation::Take { crm }),
        6 => (0..9_usize, verdict).prop_map(|(which, verdict)| Operation::Settle { which, verdict }),
        2 => (0..9_usize).prop_map(|which| Operation::DropToken { which }),
        2 => (0..3_usize, 0..5_u64).prop_map(|(call, seq)| Operation::Remember { call, seq }),
        2 => (0..9_usize).prop_map(|which| Operation::Revive { which }),
        1 => (0..9_usize).prop_map(|which| Operation::DropDead { which }),
        1 => Just(Operation::Reopen),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Due,
    InAnHour,
    Taken,
    Dead,
}

#[derive(Debug)]
struct Entry {
    work: Work,
    place: Place,
    tries: u32,
    tries_without_verdict: u32,
}

/// The CRM and the call.
type Line = (String, CallId);

/// What an outbox is: a list, and for each call and CRM the one piece of work whose turn it is.
#[derive(Debug, Default)]
struct Model {
    entries: Vec<Entry>,
    turn: HashMap<Line, WriteKey>,
    finished: HashSet<(String, WriteKey)>,
    open: BTreeMap<CallId, OpenCall>,
    ended: HashSet<CallId>,
}

fn line(work: &Work) -> Line {
    (work.crm.clone(), work.call.clone())
}

impl Model {
    fn entry(&mut self, work: &Work) -> &mut Entry {
        let found = self.entries.iter_mut().find(|entry| entry.work.crm == work.crm && entry.work.key == work.key);
        found.expect("the outbox gave out what was never put in, or is finished")
    }

    fn append(&mut self, work: &Work) {
        let known = self.entries.iter().any(|entry| entry.work == *work);
        if !known && !self.finished.contains(&(work.crm.clone(), work.key.clone())) {
            self.turn.entry(line(work)).or_insert_with(|| work.key.clone());
            self.entries.push(Entry { work: work.clone(), place: Place::Due, tries: 0, tries_without_verdict: 0 });
        }
    }

    fn due(&self, crm: &str) -> Vec<&Entry> {
        let turn = |entry: &&Entry| self.turn.get(&line(&entry.work)) == Some(&entry.work.key);
        self.entries.iter().filter(|entry| entry.work.crm == crm && entry.place == Place::Due).filter(turn).collect()
    }

    fn settle(&mut self, work: &Work, verdict: &Verdict) {
        let entry = self.entry(work);
        entry.tries += entry.tries_without_verdict + 1;
        entry.tries_without_verdict = 0;
        match verdict {
            Verdict::RetryAfter(LONG) => entry.place = Place::InAnHour,
            Verdict::RetryAfter(_) => entry.place = Place::Due,
            Verdict::Rejected { .. } => {
                entry.place = Place::Dead;
                self.next_in_line(work);
            }
            Verdict::Delivered => {
                self.finish(work);
                self.next_in_line(work);
            }
        }
    }

    fn next_in_line(&mut self, work: &Work) {
        let next = self.entries.iter().find(|entry| line(&entry.work) == line(work) && entry.place != Place::Dead);
        match next {
            Some(next) => self.turn.insert(line(work), next.work.key.clone()),
            None => self.turn.remove(&line(work)),
        };
    }

    fn finish(&mut self, work: &Work) {
        self.entries.retain(|entry| entry.work != *work);
        self.finished.insert((work.crm.clone(), work.key.clone()));
    }

    fn revive(&mut self, work: &Work) {
        let entry = self.entry(work);
        (entry.place, entry.tries) = (Place::Due, 0);
        self.turn.entry(line(work)).or_insert_with(|| work.key.clone());
    }

    fn give_back(&mut self, work: &Work) {
        let entry = self.entry(work);
        entry.place = Place::Due;
        entry.tries_without_verdict += 1;
    }

    fn reopen(&mut self) {
        for entry in &mut self.entries {
            entry.tries_without_verdict = 0;
        }
    }

    fn remember(&mut self, open: &OpenCall) {
        let call = &open.record.call;
        let newer = self.open.get(call).is_none_or(|known| known.seq <= open.seq);
        if newer && !self.ended.contains(call) {
            self.open.insert(call.clone(), open.clone());
        }
    }

    fn stats(&self) -> OutboxStats {
        let dead = self.entries.iter().filter(|entry| entry.place == Place::Dead).count();
        OutboxStats {
            waiting: (self.entries.len() - dead) as u64,
            dead: dead as u64,
            open_calls: self.open.len() as u64,
        }
    }
}

/// The outbox under test, beside the model.
struct Both {
    file: PathBuf,
    outbox: Option<SqliteOutbox>,
    tokens: Vec<Token>,
    model: Model,
}

impl Both {
    fn outbox(&self) -> &SqliteOutbox {
        self.outbox.as_ref().unwrap()
    }

    async fn step(&mut self, operation: &Operation) {
        match operation {
            Operation::Append { work, ended } => self.append(work, *ended).await,
            Operation::Take { crm } => self.take(CRMS[*crm]).await,
            Operation::Settle { which, verdict } => {
                if let Some(token) = self.token(*which) {
                    self.model.settle(&token.work, verdict);
                    token.settle(verdict.clone()).await.unwrap();
                }
            }
            Operation::DropToken { which } => {
                if let Some(token) = self.token(*which) {
                    self.model.give_back(&token.work);
                }
            }
            Operation::Remember { call, seq } => {
                let open = open_call(&format!("pbx/{call}"), *seq);
                self.model.remember(&open);
                self.outbox().remember(&open).await.unwrap();
            }
            Operation::Revive { which } => {
                if let Some(letter) = self.letter(*which).await {
                    assert!(self.outbox().revive(letter.number).await.unwrap());
                    self.model.revive(&letter.work);
                }
            }
            Operation::DropDead { which } => {
                if let Some(letter) = self.letter(*which).await {
                    assert!(self.outbox().drop_dead(letter.number).await.unwrap());
                    self.model.finish(&letter.work);
                }
            }
            Operation::Reopen => self.reopen(),
        }
    }

    async fn append(&mut self, work: &[(usize, usize, usize)], ended: Option<usize>) {
        let work: Vec<_> =
            work.iter().map(|&(crm, call, n)| nth_of_call(CRMS[crm], &format!("pbx/{call}"), n)).collect();
        let ended = ended.map(|call| CallId::from(format!("pbx/{call}")));
        work.iter().for_each(|one| self.model.append(one));
        if let Some(call) = &ended {
            self.model.open.remove(call);
            self.model.ended.insert(call.clone());
        }
        self.outbox().append(work, ended.as_ref()).await.unwrap();
    }

    /// Takes what is due. What was asked for first is answered first, so that after the answer of `stats` a take that
    /// has none found nothing.
    async fn take(&mut self, crm: &str) {
        let outbox = self.outbox().clone();
        let mut take = outbox.take(crm);
        let mut token = None;
        for _ in 0..2 {
            token = token.or(std::future::poll_fn(|context| match take.as_mut().poll(context) {
                Poll::Ready(token) => Poll::Ready(Some(token.unwrap())),
                Poll::Pending => Poll::Ready(None),
            })
            .await);
            if token.is_some() {
                break;
            }
            outbox.stats().await.unwrap();
        }
        let due = self.model.due(crm);
        let Some(token) = token else { return assert!(due.is_empty(), "not given out: {due:?}") };
        let entry = due.iter().find(|entry| entry.work == token.work).expect("given out, but it is not its turn");
        assert_eq!(token.earlier_tries, entry.tries + entry.tries_without_verdict);
        self.model.entry(&token.work).place = Place::Taken;
        self.tokens.push(token);
    }

    fn token(&mut self, which: usize) -> Option<Token> {
        (!self.tokens.is_empty()).then(|| self.tokens.swap_remove(which % self.tokens.len()))
    }

    async fn letter(&self, which: usize) -> Option<DeadLetter> {
        let mut letters = self.outbox().dead_letters().await.unwrap();
        (!letters.is_empty()).then(|| letters.swap_remove(which % letters.len()))
    }

    fn reopen(&mut self) {
        for token in self.tokens.drain(..) {
            self.model.give_back(&token.work);
        }
        self.model.reopen();
        self.outbox = None;
        self.outbox = Some(SqliteOutbox::open(&self.file).unwrap());
    }

    async fn compare(&self) {
        assert_eq!(self.outbox().stats().await.unwrap(), self.model.stats());
        let open: Vec<_> = self.model.open.values().cloned().collect();
        assert_eq!(self.outbox().open_calls("pbx").await.unwrap(), open);
        let letters = self.outbox().dead_letters().await.unwrap();
        let dead = |entry: &&Entry| entry.place == Place::Dead;
        for letter in &letters {
            assert!(self.model.entries.iter().filter(dead).any(|entry| entry.work == letter.work), "{letter:?}");
        }
        assert_eq!(letters.len() as u64, self.model.stats().dead);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_outbox_behaves_as_a_list_does(operations in prop::collection::vec(operation(), 1..60)) {
        let folder = Folder::new();
        let file = folder.file("calls.db");
        let outbox = Some(SqliteOutbox::open(&file).unwrap());
        let mut both = Both { file, outbox, tokens: Vec::new(), model: Model::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for operation in &operations {
                both.step(operation).await;
                both.compare().await;
            }
        });
    }
}
