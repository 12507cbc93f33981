//! What is shown to an agent.

use crate::call::{CallId, Direction, EventId, Extension, Party, PbxEvent};
use crate::crm::{Matches, Page};
use crate::number::Number;
use crate::pbx::LinkState;
use crate::policy::PopSize;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Url;

/// Who is calling, for one agent and one offering of one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pop {
    /// The identity of the event that caused it: the same pop again is the same pop.
    pub id: EventId,
    /// The call.
    pub call: CallId,
    /// The agent's telephone.
    pub extension: Extension,
    /// Where the call comes from.
    pub direction: Direction,
    /// The calling party.
    pub caller: Party,
    /// The number that was called.
    pub dialed: Option<Number>,
    /// The CRM that answered, by its name in the configuration.
    pub crm: String,
    /// What the CRM knows.
    pub matches: Matches,
    /// Where the agent's browser goes.
    pub url: Option<Url>,
    /// Why the look-up failed, if it failed; the pop is shown all the same.
    pub problem: Option<String>,
    /// A click on the pop is to be told to the CRM ([`crate::command::Command::Click`]).
    pub click: bool,
    /// How it is to look.
    pub hints: Hints,
}

/// How a pop is to look, as the policy has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hints {
    /// Stands in place of the number of a withheld caller; `None`: words of the page's language.
    pub label: Option<String>,
    /// How large it is.
    pub size: PopSize,
    /// After so many seconds it goes away ([`Popup::dismissed`]); 0 is never.
    pub seconds: u64,
    /// Buttons for answer, hang-up and so on are shown.
    pub call_control: bool,
    /// The number to be copied to the clipboard.
    pub copy: Option<Number>,
}

impl Default for Hints {
    fn default() -> Self {
        Self { label: None, size: PopSize::default(), seconds: 0, call_control: true, copy: None }
    }
}

impl Pop {
    /// One line for a person: name and company if one customer matches, how many if several do, else the number, else
    /// that it is withheld.
    pub fn title(&self) -> String {
        if let Some(only) = self.matches.one() {
            let name = only.name.as_ref().map(|name| name.as_str());
            let company = only.company.as_ref().map(|company| company.as_str());
            match (name, company) {
                (Some(name), Some(company)) => return format!("{name} ({company})"),
                (Some(one), None) | (None, Some(one)) => return one.to_owned(),
                (None, None) => {}
            }
        }
        let number = match self.direction {
            Direction::Outbound => self.dialed.as_ref(),
            Direction::Inbound | Direction::Internal => self.caller.number.as_ref(),
        };
        match (number, self.matches.found.len()) {
            (None, _) if self.hints.label.is_some() => self.hints.label.clone().unwrap_or_default(),
            (Some(number), count) if count > 1 => format!("{} ({count} matches)", number.as_str()),
            (Some(number), _) => number.as_str().to_owned(),
            (None, _) => "withheld".to_owned(),
        }
    }
}

/// What came of telling a CRM of an event, where a person is to see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notified {
    /// The event.
    pub id: EventId,
    /// The call.
    pub call: CallId,
    /// The telephones of the agents whom it concerns.
    pub extensions: Vec<Extension>,
    /// The CRM, by its name in the configuration.
    pub crm: String,
    /// The page that their browsers are to open.
    pub page: Option<Page>,
    /// Why it failed, if it failed.
    pub problem: Option<String>,
}

/// Somebody who is shown calls: the desk page, a window of an application.
///
/// Events of one PBX come in order; a pop comes when its look-up is back, beside them. Nothing here may wait for people or
/// networks: hand over and return.
#[async_trait]
pub trait Popup: Send + Sync {
    /// Something happened.
    async fn event(&self, event: &PbxEvent);

    /// The look-up for a call of an extension came back.
    async fn pop(&self, pop: &Pop);

    /// The time of a pop is up.
    async fn dismissed(&self, pop: &Pop) {
        let _ = pop;
    }

    /// A CRM was told of an event, and a page is to be opened, or it failed.
    async fn notified(&self, outcome: &Notified) {
        let _ = outcome;
    }

    /// The link to a PBX came up or went down.
    async fn link(&self, pbx: &str, state: &LinkState) {
        let _ = (pbx, state);
    }
}
