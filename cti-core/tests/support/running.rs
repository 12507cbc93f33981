//! A running pipeline around a PBX that tells what the test says.

use super::StubCrm;
use async_trait::async_trait;
use cti_core::Result;
use cti_core::call::{CallEvent, CallFact, CallId, Direction, Disposition, EventId, OpenCall, Party, PbxEvent};
use cti_core::health::Check;
use cti_core::number::Number;
use cti_core::outbox::MemoryOutbox;
use cti_core::pbx::{EventStream, PbxCapabilities, PbxSource, SourceContext};
use cti_core::pipeline::Pipeline;
use cti_core::policy::Policy;
use cti_core::popup::Pop;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::UnboundedReceiverStream;

/// A PBX that tells what the test says.
pub(crate) struct StubPbx {
    pub(crate) events: Mutex<Option<mpsc::UnboundedReceiver<Result<PbxEvent>>>>,
    pub(crate) resumed: Arc<Mutex<Vec<OpenCall>>>,
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
                        // The test let go of it: the stream ends by itself.
                        None => return,
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
pub(crate) struct Running {
    pub(crate) tell: mpsc::UnboundedSender<Result<PbxEvent>>,
    pub(crate) pops: mpsc::UnboundedReceiver<Pop>,
    pub(crate) events: mpsc::UnboundedReceiver<PbxEvent>,
    pub(crate) resumed: Arc<Mutex<Vec<OpenCall>>>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: tokio::task::JoinHandle<Result<()>>,
}

pub(crate) fn start(crm: Arc<StubCrm>, outbox: MemoryOutbox) -> Running {
    start_with(Policy::default(), Some(crm), outbox)
}

pub(crate) fn start_with(policy: Policy, crm: Option<Arc<StubCrm>>, outbox: MemoryOutbox) -> Running {
    let (tell, events) = mpsc::unbounded_channel();
    let (popped, pops) = mpsc::unbounded_channel();
    let (seen, seen_events) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel();
    let resumed = Arc::default();
    let pbx = StubPbx { events: Mutex::new(Some(events)), resumed: Arc::clone(&resumed) };
    let pipeline = Pipeline::new().pbx(pbx).policy(policy).outbox(outbox);
    let pipeline = match crm {
        Some(crm) => pipeline.crm(crm),
        None => pipeline,
    };
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
    pub(crate) fn tell(&self, event: CallEvent) {
        self.tell.send(Ok(PbxEvent::Call(event))).unwrap();
    }

    pub(crate) async fn end(self) -> Result<()> {
        let _ = self.stop.send(());
        self.ended.await.unwrap()
    }
}

pub(crate) fn event(call: &str, seq: u64, caller: Party, fact: CallFact) -> CallEvent {
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

pub(crate) fn taro() -> Party {
    Party::known("0901234567", "Taro")
}

pub(crate) fn ringing(call: &str, seq: u64, extension: &str) -> CallEvent {
    event(call, seq, taro(), CallFact::Ringing { extension: extension.into() })
}

pub(crate) fn ended(call: &str, seq: u64) -> CallEvent {
    let first = ringing(call, 1, "6001");
    let at = first.at + chrono::Duration::seconds(seq as i64);
    let record = OpenCall::begin(&first).finish(at, Disposition::Missed, "no answer");
    let fact =
        CallFact::Ended { cause: record.cause.clone(), disposition: record.disposition, record: Box::new(record) };
    event(call, seq, taro(), fact)
}

/// Waits until `done`; time passes by itself, being paused.
pub(crate) async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
