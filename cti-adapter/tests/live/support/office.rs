//! An office: a real Asterisk, a simulated kintone, and the pipeline between them.

use super::log::Log;
use super::seen::{All, Seen};
use super::{PATIENCE, poll};
use cti::core::call::{CallFact, CallId, CallRecord, Disposition, Extension, PbxEvent};
use cti::core::number::Number;
use cti::core::number::NumberingPlan;
use cti::core::outbox::Outbox;
use cti::core::pbx::{LinkState, TransferStep};
use cti::core::policy::{Policy, Rules};
use cti::prelude::{Asterisk as Pbx, Kintone, PbxControl, Pipeline, SqliteOutbox, fields};
use cti_lab::{Asterisk, SippCall, StartOptions, Version};
use cti_testkit::kintone::Simulator;
use cti_testkit::laws;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The number of the customer when calling.
pub const CALLER: &str = "09012345678";
/// The same, as it stands in the customer's record.
pub const CUSTOMER: &str = "090-1234-5678";
/// The name in the customer's record.
pub const CUSTOMER_NAME: &str = "山田 太郎";

/// The app of the call history.
const CALL_LOG: u64 = 15;

/// A temporary folder, removed when dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("cti-live-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running office.
pub struct Office {
    pub asterisk: Asterisk,
    pub kintone: Simulator,
    pub pbx: Pbx,
    pub outbox: SqliteOutbox,
    pub seen: Seen,
    pub log: Log,
    pub folder: Folder,
    stop: CancellationToken,
    pipeline: JoinHandle<cti::Result<()>>,
}

impl Office {
    /// Opens an office whose link to Asterisk is up.
    pub async fn open(version: Version) -> Self {
        Self::open_with(version, StartOptions::default()).await
    }

    /// As [`Self::open`], of an Asterisk that is set up otherwise than most.
    pub async fn open_with(version: Version, options: StartOptions) -> Self {
        let asterisk = Asterisk::start_with(version, options).await.unwrap();
        let address = asterisk.ami_addr();
        Self::of(asterisk, address).await
    }

    /// An office whose AMI user is another one of the lab's.
    pub async fn open_as(version: Version, user: &str) -> Self {
        let asterisk = Asterisk::start(version).await.unwrap();
        let address = asterisk.ami_addr();
        Self::of_user(asterisk, address, user).await
    }

    /// The same at another address. Where channels may not be listed, calls are waited for two seconds.
    pub async fn of_user(asterisk: Asterisk, ami: SocketAddr, user: &str) -> Self {
        let pbx = pbx(ami).login(user, SecretString::from(Asterisk::AMI_SECRET));
        Self::of_pbx(asterisk, pbx.unconfirmed_after(Duration::from_secs(2))).await
    }

    /// An office that reaches its Asterisk at another address.
    pub async fn of(asterisk: Asterisk, ami: SocketAddr) -> Self {
        Self::of_pbx(asterisk, pbx(ami)).await
    }

    async fn of_pbx(asterisk: Asterisk, pbx: Pbx) -> Self {
        let log = Log::start();
        let kintone = Simulator::start().await.unwrap();
        let customer = json!({"tel": {"value": CUSTOMER}, "name": {"value": CUSTOMER_NAME}});
        kintone.put_record(14, customer).unwrap();
        let folder = Folder::new();
        let outbox = SqliteOutbox::open(folder.file("calls.db")).unwrap();
        let (seen, stop) = (Seen::new(), CancellationToken::new());
        let pipeline = Pipeline::new()
            .pbx(pbx.clone())
            .crm(crm(&kintone))
            .outbox(outbox.clone())
            .popup(seen.clone())
            .run_until(stop.clone().cancelled_owned());
        let pipeline = tokio::spawn(pipeline);
        let office = Self { asterisk, kintone, pbx, outbox, seen, log, folder, stop, pipeline };
        office.link_up(1).await;
        office
    }

    /// Waits until the link has come up that many times.
    pub async fn link_up(&self, times: usize) {
        let up = |all: &All| all.links.iter().filter(|state| **state == LinkState::Up).count() >= times;
        self.seen.wait("the link to Asterisk is up", up).await;
    }

    /// Waits until the pipeline has noticed that the link is down.
    pub async fn link_down(&self) {
        let down = |all: &All| !matches!(all.links.last(), None | Some(LinkState::Up));
        self.seen.wait("the link to Asterisk is down", down).await;
    }

    /// Waits until a fact of that call (or any) is told in these words: `answered 6001`. Gives its call.
    pub async fn told(&self, fact: &str) -> CallId {
        let found = |all: &All| {
            all.events.iter().find_map(|event| match event {
                PbxEvent::Call(call) if super::words::words(event) == fact => Some(call.call.clone()),
                _ => None,
            })
        };
        let all = self.seen.wait(fact, |all| found(all).is_some()).await;
        found(&all).unwrap()
    }

    /// Waits until that many calls have ended, and gives their records in that order.
    pub async fn ended(&self, calls: usize) -> Vec<CallRecord> {
        let all = self.seen.wait("calls that end", |all| records(&all.events).len() >= calls).await;
        records(&all.events)
    }

    /// Waits until the only call has ended, and gives its record.
    pub async fn only_call(&self) -> CallRecord {
        let records = self.ended(1).await;
        assert_eq!(records.len(), 1, "{records:#?}");
        records.into_iter().next().unwrap()
    }

    /// Waits until nothing is left to be written, and gives the call history of kintone.
    pub async fn call_log(&self, calls: usize) -> Vec<Value> {
        poll("every call is in kintone", async || {
            let written = self.kintone.records(CALL_LOG).len() >= calls;
            let stats = self.outbox.stats().await.unwrap();
            assert_eq!(stats.dead, 0, "{:?}", self.outbox.dead_letters().await);
            (written && stats.waiting == 0 && stats.open_calls == 0).then_some(())
        })
        .await;
        let records = self.kintone.records(CALL_LOG);
        assert_eq!(records.len(), calls, "{records:#?}");
        records
    }

    /// What the only request that wrote a call sent: kintone itself keeps minutes only.
    pub fn written(&self) -> Value {
        let requests = self.kintone.requests();
        let mut writes = requests.iter().filter(|request| request.app == Some(CALL_LOG) && request.method != "GET");
        let body = &writes.next().expect("a call is written").body;
        assert!(writes.next().is_none(), "a call is written twice");
        body["records"][0]["record"].clone()
    }

    /// Waits until a fact of another call than that one is told. Gives its call.
    pub async fn told_beside(&self, known: &CallId, fact: &str) -> CallId {
        let found = |all: &All| {
            all.events.iter().find_map(|event| match event {
                PbxEvent::Call(call) if call.call != *known && super::words::words(event) == fact => {
                    Some(call.call.clone())
                }
                _ => None,
            })
        };
        let all = self.seen.wait(fact, |all| found(all).is_some()).await;
        found(&all).unwrap()
    }

    /// Waits until an agent event is told in these words: `agent 6001 not_ready lunch`.
    pub async fn told_of_agent(&self, words: &str) {
        let told = |all: &All| all.events.iter().any(|event| super::words::words(event) == words);
        self.seen.wait(words, told).await;
    }

    /// Waits until two calls have ended, one of them merged, and gives their records: the one that lived on first.
    pub async fn merged(&self) -> [CallRecord; 2] {
        let mut records = self.ended(2).await;
        records.sort_by_key(|record| record.disposition == Disposition::Merged);
        <[CallRecord; 2]>::try_from(records).unwrap_or_else(|records| panic!("{records:#?}"))
    }

    /// Hands a call on, as an agent's page does.
    pub async fn transfer(&self, call: &CallId, from: &str, to: &str, step: TransferStep) -> cti::Result<()> {
        PbxControl::transfer(&self.pbx, call, &Extension::from(from), &Number::new(to).unwrap(), step).await
    }

    /// Ends the pipeline and gives what it told, after looking whether every call is over, the laws hold, each call that
    /// ended was written once, and nothing personal was logged.
    pub async fn close(self, personal: &[&str]) -> Vec<PbxEvent> {
        let rules = Rules::new(&Policy::default(), &NumberingPlan::default());
        let records = records(&self.seen.now().events);
        self.call_log(records.iter().filter(|record| rules.log(record).yes).count()).await;
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.pipeline).await.expect("the pipeline ends").unwrap().unwrap();
        let events = self.seen.now().events;
        if let Err(broken) = laws::check_complete(&events) {
            let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
            let told: Vec<String> = events.iter().map(super::words::words).collect();
            panic!("{}\n{told:#?}", broken.join("\n"));
        }
        let log = self.log.text();
        for text in personal {
            assert!(!log.contains(text), "{text} was logged:\n{log}");
        }
        events
    }
}

/// Waits until all parties have done what they were told.
pub async fn all_finished(parties: impl IntoIterator<Item = SippCall>) {
    for party in parties {
        party.finished().await.unwrap();
    }
}

fn pbx(ami: SocketAddr) -> Pbx {
    Pbx::new("main", ami.to_string())
        .login(Asterisk::AMI_USER, SecretString::from(Asterisk::AMI_SECRET))
        .backoff(Duration::from_millis(50), Duration::from_millis(400))
}

fn crm(kintone: &Simulator) -> Kintone {
    let customers = SecretString::from(Simulator::CUSTOMERS_TOKEN);
    let call_log = SecretString::from(Simulator::CALL_LOG_TOKEN);
    Kintone::new(kintone.base_url())
        .customers(14, customers, fields! { phone: "tel", phone2: "tel2", name: "name", company: "company" })
        .call_log(CALL_LOG, call_log, cti::core::fields::FieldMap::default())
}

fn records(events: &[PbxEvent]) -> Vec<CallRecord> {
    let ended = |event: &PbxEvent| match event {
        PbxEvent::Call(event) => match &event.fact {
            CallFact::Ended { record, .. } => Some((**record).clone()),
            _ => None,
        },
        PbxEvent::Agent(_) => None,
    };
    events.iter().filter_map(ended).collect()
}
