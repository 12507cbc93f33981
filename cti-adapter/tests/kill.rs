//! `kill -9` around the hang-up and the write to the CRM: every call is in the CRM exactly once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_testkit::asterisk::{Call, CallHandle};
use cti_testkit::kintone::Fault;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{PATIENCE, Stage, eventually};
use tokio::task::LocalSet;

/// Adapters that are killed side by side, each with a PBX, a CRM and an outbox of its own.
const LANES: u64 = 5;

/// How often each is killed.
const KILLS: usize = 20;

/// When the adapter is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// While people talk; they hang up before it is back.
    BeforeTheHangUp,
    /// While people talk; they still do when it is back.
    InMidCall,
    /// In the instant of the hang-up, or so shortly after it.
    AfterTheHangUp(u64),
    /// The CRM has carried the write out and has not answered yet.
    BeforeTheAnswer,
    /// The CRM carries the write out and the connection breaks; then so shortly after it.
    AfterABrokenAnswer(u64),
}

impl Moment {
    fn of(round: usize, random: &mut fastrand::Rng) -> Self {
        match round % 6 {
            0 => Self::BeforeTheHangUp,
            1 => Self::AfterTheHangUp(0),
            2 => Self::BeforeTheAnswer,
            3 => Self::AfterTheHangUp(random.u64(1..40)),
            4 => Self::AfterABrokenAnswer(random.u64(0..60)),
            _ => Self::InMidCall,
        }
    }
}

/// One adapter's life.
struct Lane {
    stage: Stage,
    random: fastrand::Rng,
    calls: BTreeSet<String>,
    moments: BTreeMap<String, Moment>,
    /// Calls that were not in the CRM when the adapter was killed.
    left_behind: usize,
    /// People who talk on while the adapter is dead.
    talking: Option<CallHandle>,
}

impl Lane {
    async fn live(seed: u64) -> Self {
        let stage = Stage::new().await;
        let random = fastrand::Rng::with_seed(seed);
        let (calls, moments) = (BTreeSet::new(), BTreeMap::new());
        let mut lane = Self { stage, random, calls, moments, left_behind: 0, talking: None };
        for round in 0..KILLS {
            lane.round(round).await;
        }
        lane.settle().await;
        lane
    }

    async fn round(&mut self, round: usize) {
        let mut adapter = self.stage.run().await;
        if let Some(call) = self.talking.take() {
            call.hang_up();
        }
        let call = self.stage.asterisk.call_in(Call::from(&format!("03111100{round:02}")));
        let id = format!("main/{}", call.uniqueid());
        assert!(self.stage.asterisk.wait_until(|sim| sim.phone("6001").answer(), PATIENCE).await);
        // The adapter has stored that people talk: what it never saw of a call, nobody can tell it later.
        eventually("the call is stored", async || self.stored(&id).filter(|seq| *seq >= 3)).await;
        self.calls.insert(id.clone());

        let moment = Moment::of(round, &mut self.random);
        self.moments.insert(id.clone(), moment);
        match moment {
            Moment::BeforeTheHangUp => {
                adapter.kill().await;
                call.hang_up();
            }
            Moment::InMidCall => {
                adapter.kill().await;
                self.talking = Some(call);
            }
            Moment::AfterTheHangUp(wait) => {
                call.hang_up();
                tokio::time::sleep(Duration::from_millis(wait)).await;
                adapter.kill().await;
            }
            Moment::BeforeTheAnswer => {
                let before = self.writes();
                self.stage.kintone.fail_next_write(1, Fault::Stall(Duration::from_secs(2)));
                call.hang_up();
                eventually("the write has begun", async || (self.writes() > before).then_some(())).await;
                adapter.kill().await;
            }
            Moment::AfterABrokenAnswer(wait) => {
                let before = self.writes();
                self.stage.kintone.fail_next_write(1, Fault::CloseBeforeAnswer);
                call.hang_up();
                eventually("the write has begun", async || (self.writes() > before).then_some(())).await;
                tokio::time::sleep(Duration::from_millis(wait)).await;
                adapter.kill().await;
            }
        }
        self.left_behind += usize::from(!self.written().contains_key(&id));
    }

    /// It comes back once more and may do what is left.
    async fn settle(&mut self) {
        let adapter = self.stage.run().await;
        if let Some(call) = self.talking.take() {
            call.hang_up();
        }
        let written = async || (self.written().len() >= self.calls.len()).then_some(());
        eventually("every call is in the CRM", written).await;
        adapter.signal("TERM").await;
        let ended = adapter.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.complaints);
    }

    /// How far the outbox has followed a call that is not over.
    fn stored(&self, call: &str) -> Option<i64> {
        let file = self.stage.folder.file("calls.db");
        let reader = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        reader.query_row("SELECT seq FROM open_call WHERE call = ?", [call], |row| row.get(0)).ok()
    }

    fn writes(&self) -> usize {
        self.stage
            .kintone
            .requests()
            .iter()
            .filter(|request| request.app == Some(15) && request.method == "PUT")
            .count()
    }

    /// How often each call is in the CRM.
    fn written(&self) -> BTreeMap<String, usize> {
        let mut written = BTreeMap::new();
        for record in self.stage.kintone.records(15) {
            *written.entry(record["call_id"]["value"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        written
    }
}

#[tokio::test]
async fn a_kill_around_the_hang_up_loses_no_call_and_writes_none_twice() {
    let side_by_side = LocalSet::new();
    let lanes: Vec<_> = (0..LANES).map(|seed| side_by_side.spawn_local(Lane::live(seed))).collect();
    side_by_side.await;
    let (mut calls, mut writes, mut left_behind) = (0, 0, 0);
    for lane in lanes {
        let lane = lane.await.unwrap();
        let written = lane.written();
        for call in &lane.calls {
            let times = written.get(call).copied().unwrap_or(0);
            assert_eq!(times, 1, "{call}, killed {:?}, is in the CRM {times} times", lane.moments[call]);
        }
        assert_eq!(written.len(), lane.calls.len(), "what nobody called: {written:?}");
        // Somebody had answered every one of them, also those whose end nobody saw.
        assert!(lane.stage.kintone.records(15).iter().all(|record| record["result"]["value"] == "answered"));
        calls += lane.calls.len();
        writes += lane.writes();
        left_behind += lane.left_behind;
    }
    println!(
        "{calls} kills, {left_behind} before the write; {calls} calls in the CRM, once each, after {writes} writes"
    );
    assert!(left_behind * 2 > calls && writes > calls, "the kills came too late to prove anything");
}
