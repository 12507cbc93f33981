//! The pipeline joins a PBX, a CRM and an outbox as it promises. Time is paused: nothing here waits for real.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use async_trait::async_trait;
use cti_core::call::{
    CallEvent, CallFact, CallId, Direction, Disposition, EventId, Extension, OpenCall, Party, PbxEvent, Withheld,
};
use cti_core::health::Check;
use cti_core::number::Number;
use cti_core::outbox::{MemoryOutbox, Outbox};
use cti_core::pbx::{EventStream, PbxCapabilities, PbxSource, SourceContext};
use cti_core::pipeline::Pipeline;
use cti_core::popup::Pop;
use cti_core::{Error, ErrorKind, Result};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::StubCrm;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_stream::wrappers::UnboundedReceiverStream;

/// A PBX that tells what the test says.
struct StubPbx {
    events: Mutex<Option<mpsc::UnboundedReceiver<Result<PbxEvent>>>>,
    resumed: Arc<Mutex<Vec<OpenCall>>>,
}

#[async_trait]
impl PbxSource for StubPbx {
    fn name(&self) -> &str {
        "main"
    }

    fn capabilities(&self) -> PbxCapabilities {
        PbxCapabilities { inbound: true, ..PbxCapabilities::default() }
    }

    async fn open(&self, context: SourceContext) -> Result<EventStream> {
        *self.resumed.lock().unwrap() = context.resume;
        let mut events = self.events.lock().unwrap().take().expect("opened once");
        let (told, stream) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = context.cancel.cancelled() => return,
                    event = events.recv() => match event {
                        Some(event) => drop(told.send(event)),
                        None => context.cancel.cancelled().await,
                    },
                }
            }
        });
        Ok(Box::pin(UnboundedReceiverStream::new(stream)))
    }

    async fn health(&self) -> Vec<Check> {
        Vec::new()
    }
}

/// A running pipeline and its ends.
struct Running {
    tell: mpsc::UnboundedSender<Result<PbxEvent>>,
    pops: mpsc::UnboundedReceiver<Pop>,
    events: mpsc::UnboundedReceiver<PbxEvent>,
    resumed: Arc<Mutex<Vec<OpenCall>>>,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<Result<()>>,
}

fn start(crm: Arc<StubCrm>, outbox: MemoryOutbox) -> Running {
    let (tell, events) = mpsc::unbounded_channel();
    let (popped, pops) = mpsc::unbounded_channel();
    let (seen, seen_events) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel();
    let resumed = Arc::default();
    let pbx = StubPbx { events: Mutex::new(Some(events)), resumed: Arc::clone(&resumed) };
    let pipeline = Pipeline::new().pbx(pbx).crm(crm).outbox(outbox);
    let pipeline = pipeline
        .on_pop(move |pop| {
            let _ = popped.send(pop);
            async {}
        })
        .on_event(move |event| {
            let _ = seen.send(event);
            async {}
        });
    let ended = tokio::spawn(pipeline.run_until(async {
        let _ = stopped.await;
    }));
    Running { tell, pops, events: seen_events, resumed, stop, ended }
}

impl Running {
    fn tell(&self, event: CallEvent) {
        self.tell.send(Ok(PbxEvent::Call(event))).unwrap();
    }

    async fn end(self) -> Result<()> {
        let _ = self.stop.send(());
        self.ended.await.unwrap()
    }
}

fn event(call: &str, seq: u64, caller: Party, fact: CallFact) -> CallEvent {
    let call = CallId::new("main", call);
    CallEvent {
        id: EventId::of(&call, &format!("{}:{seq}", fact.name())),
        call,
        seq,
        at: chrono::DateTime::from_timestamp(1_795_225_659 + seq as i64, 0).unwrap(),
        fact,
        direction: Direction::Inbound,
        caller,
        dialed: Number::new("0312345000"),
    }
}

fn taro() -> Party {
    Party::known("0901234567", "Taro")
}

fn ringing(call: &str, seq: u64, extension: &str) -> CallEvent {
    event(call, seq, taro(), CallFact::Ringing { extension: extension.into() })
}

fn ended(call: &str, seq: u64) -> CallEvent {
    let first = ringing(call, 1, "6001");
    let at = first.at + chrono::Duration::seconds(seq as i64);
    let record = OpenCall::begin(&first).finish(at, Disposition::Missed, "no answer");
    let fact =
        CallFact::Ended { cause: record.cause.clone(), disposition: record.disposition, record: Box::new(record) };
    event(call, seq, taro(), fact)
}

/// Waits until `done`; time passes by itself, being paused.
async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(start_paused = true)]
async fn a_call_pops_with_the_customers_name_and_is_logged_once() {
    let crm = Arc::new(StubCrm::default());
    let mut running = start(Arc::clone(&crm), MemoryOutbox::new());
    running.tell(ringing("1.1", 1, "6001"));
    let pop = running.pops.recv().await.unwrap();
    assert_eq!((pop.extension.as_str(), pop.title().as_str()), ("6001", "Yamada Taro"));

    running.tell(ended("1.1", 2));
    until("logged", || !crm.logged.lock().unwrap().is_empty()).await;
    running.end().await.unwrap();
    let logged = crm.logged.lock().unwrap();
    let [(key, record, matched)] = logged.as_slice() else { panic!("{} entries", logged.len()) };
    assert_eq!(key.as_str(), "main/1.1#ended");
    assert_eq!(record.disposition, Disposition::Missed);
    assert_eq!(matched.as_ref().map(|matched| matched.id.as_str()), Some("7"));
}

#[tokio::test(start_paused = true)]
async fn each_agent_of_a_ring_group_pops_once_and_the_crm_is_asked_once() {
    let crm = Arc::new(StubCrm::taking(Duration::from_millis(50)));
    let mut running = start(Arc::clone(&crm), MemoryOutbox::new());
    for (seq, extension) in [(1, "6001"), (2, "6002"), (3, "6003"), (4, "6001")] {
        running.tell(ringing("1.1", seq, extension)); // the last one is the queue's second round
    }
    let mut popped = Vec::new();
    for _ in 0..3 {
        popped.push(running.pops.recv().await.unwrap().extension);
    }
    popped.sort();
    assert_eq!(popped, ["6001", "6002", "6003"].map(Extension::from));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(running.pops.try_recv().is_err(), "no fourth pop");
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 1);
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_crm_that_never_answers_delays_nothing_and_the_pop_says_so() {
    let crm = Arc::new(StubCrm::taking(Duration::from_secs(3600)));
    let mut running = start(crm, MemoryOutbox::new());
    let begun = Instant::now();
    for call in 0..100 {
        running.tell(ringing(&format!("1.{call}"), 1, "6001"));
    }
    for _ in 0..100 {
        running.events.recv().await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_millis(10), "events wait for nobody");
    let pop = running.pops.recv().await.unwrap();
    assert!(pop.problem.unwrap().contains("timeout"));
    assert!(begun.elapsed() < Duration::from_secs(6), "the pop comes without the look-up");
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_is_logged_when_the_crm_is_back() {
    let away = || Error::new(ErrorKind::Unreachable, "maintenance");
    let refused = Error::new(ErrorKind::Unauthenticated, "the token was revoked");
    let crm = Arc::new(StubCrm::failing([away(), away(), refused, away()]));
    let running = start(Arc::clone(&crm), MemoryOutbox::new());
    running.tell(ended("1.1", 1));
    until("logged", || !crm.logged.lock().unwrap().is_empty()).await;
    running.end().await.unwrap();
    assert_eq!(crm.logged.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_crm_refuses_for_good_becomes_a_dead_letter() {
    // Two look-ups and the write itself.
    let refused = || Error::new(ErrorKind::Rejected, "the field `company` is required");
    let crm = Arc::new(StubCrm::failing([refused()]));
    let outbox = MemoryOutbox::new();
    let running = start(crm, outbox.clone());
    running.tell(ended("1.1", 1));
    let dead = async {
        loop {
            if let [letter] = outbox.dead_letters().await.unwrap().as_slice() {
                break letter.reason.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(dead.await.contains("company"));
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_withheld_caller_pops_without_a_look_up() {
    let crm = Arc::new(StubCrm::default());
    let mut running = start(Arc::clone(&crm), MemoryOutbox::new());
    let hidden = Party::withheld(Withheld::RejectedByUser);
    running.tell(event("1.1", 1, hidden, CallFact::Ringing { extension: "6001".into() }));
    assert_eq!(running.pops.recv().await.unwrap().title(), "withheld");
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 0);
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_ended_call_is_stored_even_if_the_programme_ends_at_once() {
    let crm = Arc::new(StubCrm::failing((0..9).map(|_| Error::new(ErrorKind::Unreachable, "away"))));
    let outbox = MemoryOutbox::new();
    let mut running = start(crm, outbox.clone());
    running.tell(ringing("1.1", 1, "6001"));
    running.tell(ended("1.1", 2));
    running.events.recv().await.unwrap();
    running.events.recv().await.unwrap();
    running.end().await.unwrap();
    let stats = outbox.stats().await.unwrap();
    assert_eq!((stats.waiting, stats.open_calls), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_open_when_the_programme_died_is_given_back_to_the_pbx() {
    let outbox = MemoryOutbox::new();
    let mut running = start(Arc::new(StubCrm::default()), outbox.clone());
    running.tell(ringing("1.1", 1, "6001"));
    running.pops.recv().await.unwrap();
    running.end().await.unwrap();

    let running = start(Arc::new(StubCrm::default()), outbox);
    until("resumed", || !running.resumed.lock().unwrap().is_empty()).await;
    assert_eq!(running.resumed.lock().unwrap()[0].record.extensions, [Extension::from("6001")]);
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_pbx_that_cannot_go_on_ends_the_pipeline_with_its_error() {
    let running = start(Arc::new(StubCrm::default()), MemoryOutbox::new());
    running.tell.send(Err(Error::new(ErrorKind::Unauthenticated, "wrong password"))).unwrap();
    let error = running.ended.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn two_crms_of_one_name_are_refused_before_anything_starts() {
    let (_, events) = mpsc::unbounded_channel();
    let pbx = StubPbx { events: Mutex::new(Some(events)), resumed: Arc::default() };
    let pipeline = Pipeline::new().pbx(pbx).crm(StubCrm::default()).crm(StubCrm::default());
    let error = pipeline.run_until(std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.to_string().contains("stub"), "{error}");
}
