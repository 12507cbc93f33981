//! The pops that may be clicked, and what a click does.

use crate::call::{CallEvent, CallId, Extension};
use crate::command::Outcome;
use crate::crm::{CrmSink, Matches};
use crate::error::{Error, ErrorKind, Result};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How many pops are remembered: those of the last calls.
const MOST: usize = 10_000;

/// A double click is one click.
const DOUBLE: Duration = Duration::from_secs(1);

/// How long a click may take: somebody waits.
const LIMIT: Duration = Duration::from_secs(30);

/// The pops that may be clicked.
#[derive(Default)]
pub(super) struct Clicks(Mutex<Known>);

#[derive(Default)]
struct Known {
    pops: HashMap<Key, Clickable>,
    order: VecDeque<Key>,
}

type Key = (CallId, Extension, String);

/// A pop that may be clicked.
#[derive(Clone)]
struct Clickable {
    crm: Arc<dyn CrmSink>,
    event: CallEvent,
    answer: Arc<OnceCell<Matches>>,
    last: Option<Instant>,
}

impl Clicks {
    /// Remembers a pop, if its CRM wants to be told of clicks. True if it does.
    pub(super) fn remember(
        &self,
        crm: &Arc<dyn CrmSink>,
        event: &CallEvent,
        extension: &Extension,
        answer: &Arc<OnceCell<Matches>>,
    ) -> bool {
        if !crm.capabilities().click {
            return false;
        }
        let key = (event.call.clone(), extension.clone(), crm.name().to_owned());
        let pop = Clickable { crm: Arc::clone(crm), event: event.clone(), answer: Arc::clone(answer), last: None };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.pops.insert(key.clone(), pop).is_none() {
            known.order.push_back(key);
        }
        if known.order.len() > MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.pops.remove(&oldest);
        }
        true
    }

    /// Tells the CRM that the agent clicked.
    pub(super) async fn click(&self, call: &CallId, extension: &Extension, crm: &str) -> Result<Outcome> {
        let Some(pop) = self.take(call, extension, crm)? else { return Ok(Outcome::Done) };
        let nobody = Matches::default();
        let clicked = pop.crm.clicked(&pop.event, pop.answer.get().unwrap_or(&nobody));
        let late = |_| Error::new(ErrorKind::Timeout, "the CRM did not answer in time").during("clicked");
        let page = tokio::time::timeout(LIMIT, clicked).await.map_err(late)?;
        let page = page.inspect_err(|error| {
            tracing::warn!(crm, %call, error = %error.chain(), "a click on a pop failed");
        })?;
        Ok(page.map_or(Outcome::Done, |page| Outcome::Open { page }))
    }

    /// The pop that was clicked; `None` for the second half of a double click.
    fn take(&self, call: &CallId, extension: &Extension, crm: &str) -> Result<Option<Clickable>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (call.clone(), extension.clone(), crm.to_owned());
        let missing = || Error::new(ErrorKind::NotFound, "this pop is gone").during("clicked");
        let pop = known.pops.get_mut(&key).ok_or_else(missing)?;
        let now = Instant::now();
        if pop.last.replace(now).is_some_and(|last| now - last < DOUBLE) {
            return Ok(None);
        }
        Ok(Some(pop.clone()))
    }
}
