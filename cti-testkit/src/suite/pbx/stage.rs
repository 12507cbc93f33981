//! What a case works with: the rig, the reader, and waits with deadlines.

use super::{Act, CaseFn, Habit, PbxRig};
use crate::laws;
use cti_core::call::{CallEvent, CallFact, CallId, CallRecord, Extension, MissReason, OpenCall, PbxEvent};
use cti_core::pbx::{EventStream, LinkState, PbxControl, PbxSource, SourceContext};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;

/// How a case ends; the error says what was expected and what came.
pub type Outcome = Result<(), String>;

/// Reads events until the condition holds for all that was read.
///
/// # Errors
/// What was read, if the deadline passed, the stream ended, or it gave an error.
pub async fn collect_until(
    stream: &mut EventStream,
    mut done: impl FnMut(&[PbxEvent]) -> bool,
    deadline: Duration,
) -> Result<Vec<PbxEvent>, Vec<PbxEvent>> {
    let mut events = Vec::new();
    let end = Instant::now() + deadline;
    while !done(&events) {
        match tokio::time::timeout_at(end, stream.next()).await {
            Ok(Some(Ok(event))) => events.push(event),
            _ => return Err(events),
        }
    }
    Ok(events)
}

/// The stage of one case.
pub struct Stage {
    /// The PBX.
    pub rig: Arc<dyn PbxRig>,
    /// Every event that was read.
    pub events: Vec<PbxEvent>,
    /// The reader; opened before the case begins.
    stream: Option<EventStream>,
    source: Option<Arc<dyn PbxSource>>,
    link: watch::Receiver<LinkState>,
    cancel: CancellationToken,
    resumed: Vec<OpenCall>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("events", &self.events.len()).finish_non_exhaustive()
    }
}

impl Stage {
    pub(super) fn new(rig: Arc<dyn PbxRig>) -> Self {
        Self {
            rig,
            events: Vec::new(),
            stream: None,
            source: None,
            link: watch::Sender::new(LinkState::Connecting).subscribe(),
            cancel: CancellationToken::new(),
            resumed: Vec::new(),
        }
    }

    /// Opens the reader, runs the case, checks the laws, and closes.
    pub(super) async fn perform(&mut self, case: CaseFn) -> Outcome {
        let source = self.rig.source();
        self.open(source, Vec::new()).await?;
        self.wait_up().await?;
        let result = case(self).await;
        let told = self.summary();
        self.cancel.cancel();
        result.map_err(|why| format!("{why}; told: {told}"))?;
        laws::check_resumed(&self.events, &self.resumed).map_err(|found| {
            let all: Vec<String> = found.iter().map(ToString::to_string).collect();
            format!("{}; told: {told}", all.join("; "))
        })
    }

    /// Opens a reader.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub async fn open(&mut self, source: Arc<dyn PbxSource>, resume: Vec<OpenCall>) -> Outcome {
        self.cancel = CancellationToken::new();
        let mut context = SourceContext::new(self.cancel.clone());
        self.link = context.link.subscribe();
        context.resume.clone_from(&resume);
        self.resumed = resume;
        self.stream = Some(source.open(context).await.map_err(|error| format!("open failed: {error}"))?);
        self.source = Some(source);
        Ok(())
    }

    /// The reader ends, as when the programme ends. The events so far are forgotten.
    pub fn close(&mut self) {
        self.cancel.cancel();
        self.stream = None;
        self.source = None;
        self.events.clear();
    }

    /// Asks the reader to end.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// The control side.
    ///
    /// # Errors
    /// If there is none.
    pub fn control(&self) -> Result<Arc<dyn PbxControl>, String> {
        let control = self.source.as_ref().and_then(|source| source.control());
        control.ok_or_else(|| "the capabilities promise control, but there is none".to_owned())
    }

    /// Waits for a state of the link.
    ///
    /// # Errors
    /// If it does not come in time.
    pub async fn wait_link(&mut self, what: &str, wanted: impl Fn(&LinkState) -> bool, patience: Duration) -> Outcome {
        let wait = self.link.wait_for(|state| wanted(state));
        let result = match tokio::time::timeout(patience, wait).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(()),
        };
        result.map_err(|()| format!("the link is not {what} within {patience:?}, but {:?}", *self.link.borrow()))
    }

    /// Waits until the link is up.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn wait_up(&mut self) -> Outcome {
        let patience = self.rig.patience();
        self.wait_link("up", |state| *state == LinkState::Up, patience).await
    }

    /// The link's state now.
    pub fn link_state(&self) -> LinkState {
        self.link.borrow().clone()
    }

    /// The next item of the stream: an event, a permanent error, or the end.
    ///
    /// # Errors
    /// If nothing comes in time.
    pub async fn next(&mut self, patience: Duration) -> Result<Option<cti_core::Result<PbxEvent>>, String> {
        let stream = self.stream.as_mut().ok_or("the reader is not open")?;
        tokio::time::timeout(patience, stream.next()).await.map_err(|_| format!("nothing came within {patience:?}"))
    }

    /// Reads until the condition holds for all events of the case. Each event may take as long as the rig's patience:
    /// how many there are until then is no matter of time.
    ///
    /// # Errors
    /// If nothing more comes in time.
    pub async fn until(&mut self, what: &str, mut done: impl FnMut(&[PbxEvent]) -> bool) -> Outcome {
        let patience = self.rig.patience();
        let mut events = std::mem::take(&mut self.events);
        let stream = self.stream.as_mut().ok_or("the reader is not open")?;
        let mut result = Ok(());
        while !done(&events) {
            match tokio::time::timeout(patience, stream.next()).await {
                Ok(Some(Ok(event))) => events.push(event),
                Ok(Some(Err(error))) => result = Err(format!("waiting for {what}: {error}")),
                Ok(None) => result = Err(format!("waiting for {what}: the stream ended")),
                Err(_) => result = Err(format!("{what} does not come within {patience:?}")),
            }
            if result.is_err() {
                break;
            }
        }
        self.events = events;
        result
    }

    /// Reads until there are that many facts of that name about that extension.
    ///
    /// # Errors
    /// If they do not come in time.
    pub async fn until_fact(&mut self, name: &str, extension: Option<&Extension>) -> Outcome {
        let about = extension.map(ToString::to_string).unwrap_or_default();
        self.until(&format!("{name} {about}"), |events| {
            calls(events).any(|event| {
                event.name() == name && extension.is_none_or(|wanted| event.fact.extension() == Some(wanted))
            })
        })
        .await
    }

    /// Reads until that many calls have ended.
    ///
    /// # Errors
    /// If they do not in time.
    pub async fn until_ended(&mut self, count: usize) -> Outcome {
        self.until(&format!("the end of {count} calls"), |events| records(events).count() >= count).await
    }

    /// The record of the only call.
    ///
    /// # Errors
    /// If there is another number of calls than one, or it has not ended.
    pub fn only_record(&self) -> Result<CallRecord, String> {
        self.only_call()?;
        records(&self.events).next().cloned().ok_or_else(|| "the call has not ended".to_owned())
    }

    /// The id of the only call.
    ///
    /// # Errors
    /// If there is another number of calls than one.
    pub fn only_call(&self) -> Result<CallId, String> {
        let mut ids: Vec<CallId> = calls(&self.events).map(|event| event.call.clone()).collect();
        ids.sort();
        ids.dedup();
        match ids.as_slice() {
            [id] => Ok(id.clone()),
            _ => Err(format!("one call was made, but {} are told", ids.len())),
        }
    }

    /// Why an extension missed it, each time.
    pub fn missed(&self, extension: &Extension) -> Vec<MissReason> {
        let reason = |event: &CallEvent| match &event.fact {
            CallFact::Missed { extension: who, reason } if who == extension => Some(*reason),
            _ => None,
        };
        calls(&self.events).filter_map(reason).collect()
    }

    /// A person does something that must be possible.
    ///
    /// # Errors
    /// If the rig says that it was not.
    pub async fn act(&mut self, phone: Option<&Extension>, act: Act) -> Outcome {
        let text = format!("{act:?}");
        if self.rig.act(phone, act).await { Ok(()) } else { Err(format!("the rig could not do {text}")) }
    }

    /// Makes every phone, and the far end, do the same.
    pub async fn habit_of_all(&mut self, habit: Habit) {
        for extension in self.rig.extensions() {
            self.rig.habit(Some(&extension), habit).await;
        }
        self.rig.habit(None, habit).await;
    }

    /// The events in short, for messages.
    pub fn summary(&self) -> String {
        let one = |event: &PbxEvent| match event {
            PbxEvent::Agent(agent) => format!("agent {} {:?}", agent.extension, agent.state),
            PbxEvent::Call(call) => match &call.fact {
                CallFact::Missed { extension, reason } => format!("missed {extension} {reason:?}"),
                CallFact::Ended { disposition, .. } => format!("ended {disposition:?}"),
                fact => match fact.extension() {
                    Some(extension) => format!("{} {extension}", fact.name()),
                    None => fact.name().to_owned(),
                },
            },
        };
        let all: Vec<String> = self.events.iter().map(one).collect();
        let shown = all.len().min(60);
        format!("[{}{}]", all[..shown].join(", "), if shown < all.len() { ", …" } else { "" })
    }
}

/// The events of calls.
pub(super) fn calls(events: &[PbxEvent]) -> impl Iterator<Item = &CallEvent> {
    events.iter().filter_map(|event| match event {
        PbxEvent::Call(event) => Some(event),
        PbxEvent::Agent(_) => None,
    })
}

/// The records of calls that ended.
pub(super) fn records(events: &[PbxEvent]) -> impl Iterator<Item = &CallRecord> {
    calls(events).filter_map(|event| match &event.fact {
        CallFact::Ended { record, .. } => Some(&**record),
        _ => None,
    })
}

/// Fails the case with both values unless they are equal.
pub(super) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, is: T, wanted: T) -> Outcome {
    if is == wanted { Ok(()) } else { Err(format!("{what} is {is:?}, expected {wanted:?}")) }
}
