//! Who is calling: asked beside the events, never in their way.

use super::builder::Parts;
use super::settings::Settings;
use crate::call::{CallEvent, Direction, Extension};
use crate::crm::{CrmSink, LookUp, Match, Matches};
use crate::error::{Error, ErrorKind};
use crate::number::Number;
use crate::popup::Pop;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// The look-ups of one call: one a CRM, however many phones ring.
pub(super) struct CallLookUps {
    answers: Vec<Arc<OnceCell<Matches>>>,
    over: CancellationToken,
}

impl CallLookUps {
    pub(super) fn new(parts: &Parts) -> Self {
        Self { answers: parts.crms.iter().map(|_| Arc::default()).collect(), over: CancellationToken::new() }
    }

    /// Shows who is calling at that extension, as soon as each CRM has answered; at once if there is no CRM.
    pub(super) fn pop(&self, event: &CallEvent, extension: &Extension, settings: &Settings, parts: &Parts) {
        let number = customer_number(event).and_then(|number| look_up_of(number, settings));
        let timeout = settings.policy.pop.look_up_timeout();
        if parts.crms.is_empty() {
            self.show(std::future::ready(pop_of(event, extension, "")), parts);
        }
        for (crm, answer) in parts.crms.iter().zip(&self.answers) {
            let pop = pop_of(event, extension, crm.name());
            self.show(ask(Arc::clone(crm), Arc::clone(answer), number.clone(), pop, timeout), parts);
        }
    }

    fn show(&self, pop: impl Future<Output = Pop> + Send + 'static, parts: &Parts) {
        let (over, ending, popups) = (self.over.clone(), parts.ending.clone(), Arc::clone(&parts.popups));
        parts.tasks.spawn(async move {
            // A pop for a call that is over helps nobody.
            let Some(Some(pop)) = ending.run_until_cancelled(over.run_until_cancelled(pop)).await else { return };
            for popup in popups.iter() {
                popup.pop(&pop).await;
            }
        });
    }

    /// The call is over: no more pops. Gives the one match of each CRM, where its answer came in time.
    pub(super) fn close(&self) -> Vec<Option<Match>> {
        self.over.cancel();
        self.answers.iter().map(|answer| answer.get().and_then(Matches::one).cloned()).collect()
    }
}

fn pop_of(event: &CallEvent, extension: &Extension, crm: &str) -> Pop {
    Pop {
        id: event.id.clone(),
        call: event.call.clone(),
        extension: extension.clone(),
        direction: event.direction,
        caller: event.caller.clone(),
        dialed: event.dialed.clone(),
        crm: crm.to_owned(),
        matches: Matches::default(),
        url: None,
        problem: None,
    }
}

/// The number to look for, in the spellings that the settings allow. `None` for what is no number of a customer.
pub(super) fn look_up_of(number: &Number, settings: &Settings) -> Option<LookUp> {
    LookUp::of(number, &settings.numbering, settings.policy.pop.spellings)
}

fn customer_number(event: &CallEvent) -> Option<&Number> {
    match event.direction {
        Direction::Inbound | Direction::Internal => event.caller.number.as_ref(),
        Direction::Outbound => event.dialed.as_ref(),
    }
}

async fn ask(
    crm: Arc<dyn CrmSink>,
    answer: Arc<OnceCell<Matches>>,
    number: Option<LookUp>,
    mut pop: Pop,
    timeout: Duration,
) -> Pop {
    let Some(number) = number.filter(|_| crm.capabilities().look_up) else { return pop };
    let late = || Error::new(ErrorKind::Timeout, "the CRM did not answer in time").during("look_up");
    // Each phone waits for itself: one question, but nobody longer than the limit.
    let asked = tokio::time::timeout(timeout, answer.get_or_try_init(|| crm.look_up(&number))).await;
    match asked.unwrap_or_else(|_| Err(late())) {
        Ok(matches) => {
            pop.url = crm.screen_pop(&number, matches);
            pop.matches = matches.clone();
        }
        Err(error) => {
            tracing::warn!(crm = crm.name(), call = %pop.call, error = %error.chain(), "look-up failed; the pop is shown without it");
            pop.problem = Some(error.to_string());
        }
    }
    pop
}
