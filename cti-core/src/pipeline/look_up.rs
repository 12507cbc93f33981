//! Who is calling: asked beside the events, never in their way.

use super::builder::Parts;
use super::settings::Settings;
use crate::call::{CallEvent, Direction, Extension};
use crate::crm::{CrmSink, LookUp, Match, Matches};
use crate::error::{Error, ErrorKind, Result};
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

    /// The answers, one a CRM.
    pub(super) fn answers(&self) -> &[Arc<OnceCell<Matches>>] {
        &self.answers
    }

    /// Shows who is calling at that extension, as soon as each CRM has answered; at once if there is no CRM.
    pub(super) fn pop(&self, event: &CallEvent, extension: &Extension, settings: &Settings, parts: &Parts) {
        let number = look_up_for(event, settings);
        let timeout = settings.policy.pop.look_up_timeout();
        if parts.crms.is_empty() {
            self.show(std::future::ready(pop_of(event, extension, "")), parts);
        }
        for (crm, answer) in parts.crms.iter().zip(&self.answers) {
            let click = parts.clicks.remember(crm, event, extension, answer);
            let pop = Pop { click, ..pop_of(event, extension, crm.name()) };
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
        click: false,
    }
}

/// What to look for on that event.
pub(super) fn look_up_for(event: &CallEvent, settings: &Settings) -> Option<LookUp> {
    Some(look_up_of(customer_number(event)?, settings)?.on(event))
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

/// What the CRM knows, asked once a call: each one who asks waits for himself, but nobody longer than the limit. `None`
/// if there is nothing to ask.
pub(super) async fn matches_of<'a>(
    crm: &dyn CrmSink,
    answer: &'a OnceCell<Matches>,
    number: Option<&LookUp>,
    limit: Duration,
) -> Result<Option<&'a Matches>> {
    let Some(number) = number.filter(|_| crm.capabilities().look_up) else { return Ok(None) };
    let late = || Error::new(ErrorKind::Timeout, "the CRM did not answer in time").during("look_up");
    let asked = tokio::time::timeout(limit, answer.get_or_try_init(|| crm.look_up(number))).await;
    asked.unwrap_or_else(|_| Err(late())).map(Some)
}

async fn ask(
    crm: Arc<dyn CrmSink>,
    answer: Arc<OnceCell<Matches>>,
    number: Option<LookUp>,
    mut pop: Pop,
    timeout: Duration,
) -> Pop {
    match matches_of(crm.as_ref(), &answer, number.as_ref(), timeout).await {
        Ok(matches) => {
            pop.matches = matches.cloned().unwrap_or_default();
            pop.url = number.as_ref().and_then(|number| crm.screen_pop(number, &pop.matches));
        }
        Err(error) => {
            tracing::warn!(crm = crm.name(), call = %pop.call, error = %error.chain(), "look-up failed; the pop is shown without it");
            pop.problem = Some(error.to_string());
        }
    }
    pop
}
