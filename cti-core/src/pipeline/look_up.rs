//! Who is calling: asked beside the events, never in their way.

use super::builder::Parts;
use super::settings::Settings;
use crate::call::{CallEvent, Direction, Extension};
use crate::crm::{CrmSink, LookUp, Match, Matches};
use crate::error::{Error, ErrorKind, Result};
use crate::number::{Canonical, Number};
use crate::policy::CopyNumber;
use crate::popup::{Hints, Pop};
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
    pub(super) fn pop(&self, event: &CallEvent, extension: &Extension, settings: &Arc<Settings>, parts: &Parts) {
        let number = look_up_for(event, settings);
        let timeout = settings.policy().pop.look_up_timeout();
        let hints = hints(event, settings);
        if parts.crms.is_empty() {
            let pop = Pop { hints: hints.clone(), ..pop_of(event, extension, "") };
            self.show(std::future::ready(pop), settings, parts);
        }
        for (crm, answer) in parts.crms.iter().zip(&self.answers) {
            let click = parts.clicks.remember(crm, event, extension, answer);
            let pop = Pop { click, hints: hints.clone(), ..pop_of(event, extension, crm.name()) };
            let question =
                Question { crm: Arc::clone(crm), answer: Arc::clone(answer), number: number.clone(), timeout };
            self.show(question.ask(pop, Arc::clone(settings)), settings, parts);
        }
    }

    /// Shows a pop when its time has come, and takes it away when its time is up.
    fn show(&self, pop: impl Future<Output = Pop> + Send + 'static, settings: &Settings, parts: &Parts) {
        let (over, ending, popups) = (self.over.clone(), parts.ending.clone(), Arc::clone(&parts.popups));
        let delay = settings.policy().pop.delay();
        parts.tasks.spawn(async move {
            let shown = async {
                // The look-up runs meanwhile.
                let (pop, ()) = tokio::join!(pop, tokio::time::sleep(delay));
                for popup in popups.iter() {
                    popup.pop(&pop).await;
                }
                if pop.hints.seconds > 0 {
                    tokio::time::sleep(Duration::from_secs(pop.hints.seconds)).await;
                    for popup in popups.iter() {
                        popup.dismissed(&pop).await;
                    }
                }
            };
            // A pop for a call that is over helps nobody.
            ending.run_until_cancelled(over.run_until_cancelled(shown)).await;
        });
    }

    /// The call is over: no more pops. Gives the match of each CRM to which the call is written, where its answer came in
    /// time.
    pub(super) fn close(&self, settings: &Settings) -> Vec<Option<Match>> {
        self.over.cancel();
        self.so_far(settings)
    }

    /// The match of each CRM to which the call is written, as far as they have answered by now.
    pub(super) fn so_far(&self, settings: &Settings) -> Vec<Option<Match>> {
        let matched = |answer: &Arc<OnceCell<Matches>>| settings.rules().log_to(answer.get()?).cloned();
        self.answers.iter().map(matched).collect()
    }
}

/// How the pop is to look.
fn hints(event: &CallEvent, settings: &Settings) -> Hints {
    let pop = &settings.policy().pop;
    let hidden = event.caller.withheld.filter(|_| event.direction == Direction::Inbound);
    let number = customer_number(event);
    let canonical = number.and_then(|number| Canonical::of(number.as_str(), settings.numbering()));
    let copy = match pop.copy_number {
        CopyNumber::Never => None,
        CopyNumber::AsItCame => number.cloned(),
        CopyNumber::E164 => canonical.as_ref().and_then(Canonical::e164).and_then(Number::new).or(number.cloned()),
        CopyNumber::National => {
            canonical.as_ref().and_then(Canonical::national).and_then(Number::new).or(number.cloned())
        }
    };
    Hints {
        label: hidden.and_then(|reason| pop.withheld_labels.of(reason)).map(str::to_owned),
        size: pop.size,
        seconds: pop.seconds,
        call_control: pop.call_control,
        copy,
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
        hints: Hints::default(),
    }
}

/// What to look for on that event.
pub(super) fn look_up_for(event: &CallEvent, settings: &Settings) -> Option<LookUp> {
    Some(look_up_of(customer_number(event)?, settings)?.on(event))
}

/// The number to look for, in the spellings that the settings allow. `None` for what is no number of a customer.
pub(super) fn look_up_of(number: &Number, settings: &Settings) -> Option<LookUp> {
    LookUp::of(number, settings.numbering(), settings.policy().pop.spellings)
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

/// What a CRM is asked for a pop.
struct Question {
    crm: Arc<dyn CrmSink>,
    answer: Arc<OnceCell<Matches>>,
    number: Option<LookUp>,
    timeout: Duration,
}

impl Question {
    async fn ask(self, mut pop: Pop, settings: Arc<Settings>) -> Pop {
        let Self { crm, answer, number, timeout } = self;
        match matches_of(crm.as_ref(), &answer, number.as_ref(), timeout).await {
            Ok(matches) => {
                pop.matches = matches.cloned().unwrap_or_default();
                let opens = settings.rules().opens(pop.direction, &pop.matches);
                pop.url = number.as_ref().zip(opens).and_then(|(number, matches)| crm.screen_pop(number, &matches));
            }
            Err(error) => {
                tracing::warn!(crm = crm.name(), call = %pop.call, error = %error.chain(), "look-up failed; the pop is shown without it");
                pop.problem = Some(error.to_string());
            }
        }
        pop
    }
}
