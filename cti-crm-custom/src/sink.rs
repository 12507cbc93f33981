//! The connector's face.

use crate::capture;
use crate::client::success;
use crate::config::Custom;
use crate::health;
use crate::map::{self, Facts};
use crate::names::key;
use crate::ready::{Action, Compiled, Ready};
use async_trait::async_trait;
use cti_core::call::{CallEvent, CallFact, CallRecord, Direction};
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, Notice, Page, WriteKey, Written};
use cti_core::health::Check;
use cti_core::number::Number;
use cti_core::template::Step as Moment;
use cti_core::{Error, Result};
use cti_http::{Repeat, Reply};
use url::Url;

/// The hang-up step is answered so if the call is there already.
const KNOWN_ALREADY: [u16; 2] = [208, 409];

#[async_trait]
impl CrmSink for Custom {
    fn name(&self) -> &str {
        &self.settings().name
    }

    fn capabilities(&self) -> CrmCapabilities {
        let settings = self.settings();
        let by_browser = |moment: Moment| settings.step(moment).is_some_and(|step| step.method.is_browser());
        CrmCapabilities {
            look_up: settings.search.is_some(),
            notify: settings.ring.is_some() || settings.answer.is_some() || by_browser(Moment::Ended),
            log_call: settings.hang_up.is_some() && !by_browser(Moment::Ended),
            screen_pop: settings.click.as_ref().is_some_and(|step| step.method == crate::Method::BrowserGet),
            click: settings.click.is_some(),
            ..CrmCapabilities::default()
        }
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        const OPERATION: &str = "look_up";
        let ready = self.ready().map_err(|error| error.during(OPERATION))?;
        let step = ready.search.as_ref().ok_or_else(|| Error::unsupported(OPERATION, "there is no step search"))?;
        let found = tokio::time::timeout(step.timeout, ready.search(step, number)).await;
        let late = |_| crate::error::late(Repeat::Harmless, step.timeout);
        found.map_err(late).flatten().map_err(|error| error.during(OPERATION))
    }

    fn notice(&self, event: &CallEvent) -> Option<Notice> {
        let step = self.ready().ok()?.step_of(event)?;
        Some(Notice { after: step.delay, with_matches: step.needs_search })
    }

    async fn notify(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        const OPERATION: &str = "notify";
        let ready = self.ready().map_err(|error| error.during(OPERATION))?;
        if !self.capabilities().notify {
            return Err(Error::unsupported(OPERATION, "there is no step ring or answer"));
        }
        let (Some(step), Some(moment)) = (ready.step_of(event), moment_of(event)) else { return Ok(None) };
        let facts = Facts::of_event(moment, event, matches.one());
        ready.act(step, &facts).await.map_err(|error| error.during(OPERATION).with("step", key(moment)))
    }

    async fn clicked(&self, event: &CallEvent, matches: &Matches) -> Result<Option<Page>> {
        const OPERATION: &str = "clicked";
        let ready = self.ready().map_err(|error| error.during(OPERATION))?;
        let step = ready.click.as_ref().ok_or_else(|| Error::unsupported(OPERATION, "there is no step click"))?;
        let facts = Facts::of_event(Moment::Click, event, matches.one());
        ready.act(step, &facts).await.map_err(|error| error.during(OPERATION))
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, _: &WriteKey) -> Result<Written> {
        const OPERATION: &str = "log_call";
        let ready = self.ready().map_err(|error| error.during(OPERATION))?;
        let step = ready.hang_up.as_ref().filter(|step| !matches!(step.action, Action::Browser(_)));
        let step = step.ok_or_else(|| Error::unsupported(OPERATION, "there is no step hang_up that we carry out"))?;
        if step.only_if_answered && record.answered_at.is_none() {
            return Ok(Written { id: None, created: false });
        }
        let facts = Facts::of_record(record, matched);
        let written = async {
            let answer = ready.carry_out(step, &facts, Repeat::Harmful).await?;
            if KNOWN_ALREADY.contains(&answer.status) {
                return Ok(Written { id: None, created: false });
            }
            success(answer).map(|_| Written { id: None, created: true })
        };
        written.await.map_err(|error: Error| error.during(OPERATION))
    }

    /// Where a click on the pop goes, if the agent's browser does it.
    fn screen_pop(&self, number: &LookUp, matches: &Matches) -> Option<Url> {
        let ready = self.ready().ok()?;
        ready.click_url(number, &number.number, matches)
    }

    fn form_targets(&self) -> Vec<Url> {
        self.ready().map_or_else(|_| Vec::new(), Ready::form_targets)
    }

    async fn health(&self) -> Vec<Check> {
        match self.ready() {
            Ok(ready) => health::check(self.settings(), ready).await,
            Err(_) => self.faults().iter().map(health::configuration_fault).collect(),
        }
    }
}

/// The step that an event may bring about.
fn moment_of(event: &CallEvent) -> Option<Moment> {
    match event.fact {
        CallFact::Ringing { .. } => Some(Moment::Ringing),
        CallFact::Answered { .. } => Some(Moment::Answered),
        CallFact::Ended { .. } => Some(Moment::Ended),
        _ => None,
    }
}

impl Ready {
    /// The step that is to be carried out on that event. A call log is none: it comes from the outbox.
    fn step_of(&self, event: &CallEvent) -> Option<&Compiled> {
        match (&event.fact, event.direction) {
            // Ringing is what comes in.
            (CallFact::Ringing { .. }, Direction::Outbound) => None,
            (CallFact::Ringing { .. }, _) => self.ring.as_ref(),
            (CallFact::Answered { .. }, _) => self.answer.as_ref(),
            (CallFact::Ended { record, .. }, _) => {
                let step = self.hang_up.as_ref().filter(|step| matches!(step.action, Action::Browser(_)))?;
                (record.answered_at.is_some() || !step.only_if_answered).then_some(step)
            }
            _ => None,
        }
    }

    /// Carries a step out, or gives the page that the agent's browser is to open.
    async fn act(&self, step: &Compiled, facts: &Facts<'_>) -> Result<Option<Page>> {
        if let Action::Browser(page) = &step.action {
            return self.page(page, facts).await.map(Some);
        }
        let answer = self.carry_out(step, facts, Repeat::Harmful).await?;
        success(answer).map(|_| None)
    }

    /// Tries one spelling after the other until somebody is found.
    async fn search(&self, step: &Compiled, number: &LookUp) -> Result<Matches> {
        for spelling in number.spellings.iter().take(self.spellings) {
            let facts = Facts::of_look_up(Moment::Search, number, spelling, None);
            let answer = self.carry_out(step, &facts, Repeat::Harmless).await?;
            let matches = self.found(step, answer, number, spelling)?;
            if !matches.is_none() {
                return Ok(matches);
            }
        }
        Ok(Matches::default())
    }

    fn found(&self, step: &Compiled, answer: Reply, number: &LookUp, spelling: &Number) -> Result<Matches> {
        let Some(captures) = &step.capture else { return success(answer).map(|_| Matches::default()) };
        let (rows, more) = capture::read(captures, &answer)?;
        let found = rows.iter().map(|row| {
            let found = map::to_match(&self.name, row, spelling);
            let url = self.click_url(number, spelling, &Matches { found: vec![found.clone()], more: false });
            Match { url, ..found }
        });
        Ok(Matches { found: found.collect(), more })
    }

    /// The address that a click opens. Without the one customer whom it names there is none.
    fn click_url(&self, number: &LookUp, spelling: &Number, matches: &Matches) -> Option<Url> {
        let click = self.click.as_ref()?;
        let Action::Browser(page) = &click.action else { return None };
        if page.form.is_some() || (click.needs_search && matches.one().is_none()) {
            return None;
        }
        let facts = Facts::of_look_up(Moment::Click, number, spelling, matches.one());
        match self.page_now(page, &facts).ok()? {
            Page::Get { url } => Some(url),
            Page::Post { .. } => None,
        }
    }
}
