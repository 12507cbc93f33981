//! One task a PBX: takes its events in order, shows them, decides, hands the rest on.

use super::builder::Parts;
use super::journal::{Entry, Journal};
use super::look_up::CallLookUps;
use super::notices::CallNotices;
use crate::call::{CallEvent, CallFact, CallId, Extension, OpenCall, PbxEvent};
use crate::error::{Error, ErrorKind, Result};
use crate::pbx::{LinkState, PbxSource, SourceContext};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

/// A call that is not over, with what the pipeline did about it.
struct LiveCall {
    open: OpenCall,
    popped: HashSet<Extension>,
    look_ups: CallLookUps,
    notices: CallNotices,
    /// An answer was seen in this run.
    answered: bool,
}

impl LiveCall {
    fn of(open: OpenCall, parts: &Parts) -> Self {
        Self {
            open,
            popped: HashSet::new(),
            look_ups: CallLookUps::new(parts),
            notices: CallNotices::new(parts),
            answered: false,
        }
    }
}

/// Follows one PBX until it ends.
pub(super) async fn follow(
    pbx: Arc<dyn PbxSource>,
    parts: Parts,
    journal: Journal,
    cancel: CancellationToken,
) -> Result<()> {
    let name = pbx.name().to_owned();
    let resume = parts.outbox.open_calls(&name).await?;
    let mut calls: HashMap<CallId, LiveCall> =
        resume.iter().map(|open| (open.record.call.clone(), LiveCall::of(open.clone(), &parts))).collect();
    let mut over = Recent::default();
    let context = SourceContext { resume, ..SourceContext::new(cancel.clone()) };
    parts.tasks.spawn(report_link(name.clone(), context.link.subscribe(), parts.clone()));

    let mut events = pbx.open(context).await?;
    while let Some(event) = events.next().await {
        let event =
            event.inspect_err(|error| tracing::error!(pbx = %name, error = %error.chain(), "the PBX cannot go on"))?;
        if let PbxEvent::Call(event) = &event
            && over.contains(&event.call)
        {
            tracing::error!(pbx = %name, call = %event.call, fact = event.name(), "told after the end of its call; please report it");
            continue;
        }
        for popup in parts.popups.iter() {
            popup.event(&event).await;
        }
        if let PbxEvent::Call(event) = event {
            take(&event, &mut calls, &parts, &journal);
            if matches!(event.fact, CallFact::Ended { .. }) {
                over.insert(event.call);
            }
        }
    }
    if cancel.is_cancelled() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unexpected, "the stream of the PBX ended by itself; please report it").with("pbx", name))
}

/// The calls that ended lately: what is told of them afterwards (against the laws) must not open them again.
#[derive(Default)]
struct Recent {
    known: HashSet<CallId>,
    order: VecDeque<CallId>,
}

impl Recent {
    /// How many are remembered.
    const MOST: usize = 10_000;

    fn contains(&self, call: &CallId) -> bool {
        self.known.contains(call)
    }

    fn insert(&mut self, call: CallId) {
        if self.order.len() == Self::MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(call.clone());
        self.known.insert(call);
    }
}

fn take(event: &CallEvent, calls: &mut HashMap<CallId, LiveCall>, parts: &Parts, journal: &Journal) {
    let settings = parts.settings();
    let live = match calls.entry(event.call.clone()) {
        std::collections::hash_map::Entry::Occupied(mut known) => {
            known.get_mut().open.apply(event);
            known.into_mut()
        }
        std::collections::hash_map::Entry::Vacant(new) => new.insert(LiveCall::of(OpenCall::begin(event), parts)),
    };
    let queue = live.open.record.queue.as_deref();
    if let (Some(decision), Some(extension)) = (settings.rules().pop(event, queue), event.fact.extension()) {
        tracing::debug!(call = %event.call, %extension, yes = decision.yes, rule = decision.rule, "pop");
        if decision.yes && live.popped.insert(extension.clone()) {
            live.look_ups.pop(event, extension, &settings, parts);
        }
    }
    if settings.rules().notice(event, queue).yes {
        live.notices.tell(event, &live.look_ups, &settings, parts);
    }
    if let CallFact::Ended { record, .. } = &event.fact {
        live.notices.close();
        let matched = live.look_ups.close(&settings);
        calls.remove(&event.call);
        journal.enter(Entry::ended(record, &matched, &settings, parts));
    } else if matches!(event.fact, CallFact::Answered { .. }) && !std::mem::replace(&mut live.answered, true) {
        let matched = live.look_ups.so_far(&settings);
        journal.enter(Entry::answered(live.open.clone(), &matched, &settings, parts));
    } else {
        journal.enter(Entry::open(live.open.clone()));
    }
}

async fn report_link(name: String, mut link: watch::Receiver<LinkState>, parts: Parts) {
    loop {
        let state = link.borrow_and_update().clone();
        match &state {
            LinkState::Connecting => tracing::debug!(pbx = %name, "the link to the PBX is being made"),
            LinkState::Up => tracing::info!(pbx = %name, "the link to the PBX is up"),
            LinkState::Down { reason, retry_in_ms } => {
                tracing::warn!(pbx = %name, %reason, retry_in_ms, "the link to the PBX is down");
            }
            LinkState::Closed { reason } => tracing::info!(pbx = %name, %reason, "the link to the PBX is closed"),
        }
        for popup in parts.popups.iter() {
            popup.link(&name, &state).await;
        }
        if link.changed().await.is_err() {
            return;
        }
    }
}
