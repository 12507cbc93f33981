//! What an agent or a CRM asks for: click-to-dial and call control.

use crate::call::{CallId, Extension};
use crate::crm::Page;
use crate::dial::{Choice, Derivation, Offer};
use crate::error::Result;
use crate::number::Number;
use crate::pbx::{DeviceState, RecordingStep, TransferStep, WantedAgentState};
use async_trait::async_trait;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use tokio::sync::oneshot;

/// Keys to press during a call: a PIN, a card number. `Debug` shows only how many.
///
/// ```
/// let digits = cti_core::command::Digits::from("1234#");
/// assert_eq!((&*digits, format!("{digits:?}").as_str()), ("1234#", "Digits(5 keys)"));
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digits(String);

impl From<&str> for Digits {
    fn from(keys: &str) -> Self {
        Self(keys.to_owned())
    }
}

impl Deref for Digits {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({} keys)", self.0.chars().count())
    }
}

/// What is asked for. It comes from a person who was authenticated by the one who hands it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Ring the user's telephone, then dial the number.
    Dial {
        /// Who dials, by the name in the dial plan.
        user: String,
        /// The number as it stands in the record.
        number: Number,
        /// What the user chose, where the plan asks.
        #[serde(default)]
        choice: Choice,
    },
    /// The agent clicked a pop.
    Click {
        /// The call.
        call: CallId,
        /// The telephone of the pop.
        extension: Extension,
        /// The CRM of the pop.
        crm: String,
    },
    /// Pick up.
    Answer {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
    },
    /// Hang up.
    HangUp {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
    },
    /// Put on hold.
    Hold {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
    },
    /// Take back from hold.
    Resume {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
    },
    /// Hand on.
    Transfer {
        /// The call.
        call: CallId,
        /// The telephone that gives it away.
        extension: Extension,
        /// Who gets it.
        to: Number,
        /// Which step.
        step: TransferStep,
    },
    /// Send key tones.
    SendDigits {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
        /// The keys.
        digits: Digits,
    },
    /// Send the other party elsewhere.
    Redirect {
        /// The call.
        call: CallId,
        /// The telephone that is left out.
        extension: Extension,
        /// Who gets it.
        to: Number,
    },
    /// Park.
    Park {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
    },
    /// Control the recording.
    Record {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
        /// What to do.
        step: RecordingStep,
    },
    /// Silence the microphone, or open it again.
    Mute {
        /// The call.
        call: CallId,
        /// The telephone.
        extension: Extension,
        /// True: silent.
        silent: bool,
    },
    /// Ask what a telephone does.
    DeviceState {
        /// The PBX.
        pbx: String,
        /// The telephone.
        extension: Extension,
    },
    /// Change the agent's state.
    SetAgentState {
        /// The PBX.
        pbx: String,
        /// The telephone.
        extension: Extension,
        /// The state.
        state: WantedAgentState,
    },
}

impl Command {
    /// True for what is done to a call that is there: the buttons of a pop.
    pub(crate) fn controls_a_call(&self) -> bool {
        let other = matches!(
            self,
            Self::Dial { .. } | Self::Click { .. } | Self::SetAgentState { .. } | Self::DeviceState { .. }
        );
        !other
    }
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// The telephone was picked up and the number is being dialled.
    Placed {
        /// The new call.
        call: CallId,
        /// How the number came about.
        derivation: Derivation,
    },
    /// The agent's browser is to open this page.
    Open {
        /// The page.
        page: Page,
    },
    /// The call is parked.
    Parked {
        /// Where, if the PBX told.
        slot: Option<String>,
    },
    /// What the telephone does.
    Device {
        /// The state.
        state: DeviceState,
    },
    /// The dial plan asks the user first; nothing was dialled.
    ChoiceNeeded {
        /// What there is to choose from.
        offer: Offer,
    },
}

/// A command, and where its outcome goes.
#[derive(Debug)]
pub struct CommandRequest {
    /// What is asked for.
    pub command: Command,
    /// Where the outcome goes.
    pub reply: oneshot::Sender<Result<Outcome>>,
}

/// The commands as they come.
pub type CommandStream = Pin<Box<dyn Stream<Item = CommandRequest> + Send>>;

/// Somebody who asks for things: the desk page, a CRM's webhook.
#[async_trait]
pub trait CommandSource: Send + Sync {
    /// Starts to hand in commands. May be called once.
    ///
    /// # Errors
    /// What keeps it from starting, such as a port in use.
    async fn open(&self) -> Result<CommandStream>;
}
