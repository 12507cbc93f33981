//! What a telephone system must be able to do.

use crate::call::{Attached, CallId, Extension, OpenCall, PbxEvent};
use crate::error::{Error, Result};
use crate::health::Check;
use crate::number::Number;
use async_trait::async_trait;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What this PBX can do through this connector. What it cannot do is refused before a byte is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PbxCapabilities {
    /// Tells calls from outside.
    pub inbound: bool,
    /// Tells calls to the outside.
    pub outbound: bool,
    /// Tells calls between extensions.
    pub internal: bool,
    /// Tells queues.
    pub queues: bool,
    /// Tells hold.
    pub hold_events: bool,
    /// Tells agent states.
    pub agent_events: bool,
    /// Reads what is live after a lost link and reconciles.
    pub resync: bool,
    /// [`PbxControl::dial`].
    pub dial: bool,
    /// [`PbxControl::answer`].
    pub answer: bool,
    /// [`PbxControl::hang_up`].
    pub hang_up: bool,
    /// [`PbxControl::hold`] and [`PbxControl::resume`].
    pub hold: bool,
    /// [`PbxControl::transfer`] without asking.
    pub blind_transfer: bool,
    /// [`PbxControl::transfer`] after a consultation.
    pub attended_transfer: bool,
    /// [`PbxControl::transfer`] with [`TransferStep::Cancel`]: the customer is taken back.
    pub cancel_transfer: bool,
    /// [`PbxControl::redirect`].
    pub redirect: bool,
    /// [`PbxControl::send_digits`].
    pub send_digits: bool,
    /// [`PbxControl::set_agent_state`].
    pub set_agent_state: bool,
    /// [`PbxControl::park`].
    pub park: bool,
    /// [`PbxControl::record`].
    pub record: bool,
    /// [`PbxControl::mute`].
    pub mute: bool,
    /// [`PbxControl::device_state`].
    pub device_state: bool,
}

/// Where the link to the PBX stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// Not connected yet, or logging in.
    Connecting,
    /// Logged in, what was live has been read, events flow.
    Up,
    /// Lost; the next try comes by itself.
    Down {
        /// Why, in words without secrets.
        reason: String,
        /// Milliseconds until the next try.
        retry_in_ms: u64,
    },
    /// Ended for good: a wrong password, a bad configuration, or the end of the programme.
    Closed {
        /// Why.
        reason: String,
    },
}

/// What a source gets when it is opened.
#[derive(Debug, Clone)]
pub struct SourceContext {
    /// Cancelled when the programme ends: log off and end the stream.
    pub cancel: CancellationToken,
    /// Where the source reports the state of its link.
    pub link: watch::Sender<LinkState>,
    /// Calls that were open when an earlier run of the programme ended. Those that the PBX still knows go on; the
    /// others end with `lost_track`.
    pub resume: Vec<OpenCall>,
}

impl SourceContext {
    /// A context with nothing to resume.
    pub fn new(cancel: CancellationToken) -> Self {
        Self { cancel, link: watch::Sender::new(LinkState::Connecting), resume: Vec::new() }
    }
}

/// The events of a PBX. An `Err` is permanent and the last item: a lost link is no error, see [`LinkState`].
pub type EventStream = Pin<Box<dyn Stream<Item = Result<PbxEvent>> + Send>>;

/// A telephone system that tells what happens.
///
/// Losing the link never ends the stream: the source reports it, waits (with jitter), logs in again, reads what is
/// live and reconciles: calls that ended meanwhile end with `lost_track`, calls that began meanwhile start.
///
/// Proved by `cti_testkit::suite::pbx`.
#[async_trait]
pub trait PbxSource: Send + Sync {
    /// The name of this PBX, as configured; the first part of every [`CallId`].
    fn name(&self) -> &str;

    /// What this PBX can do.
    fn capabilities(&self) -> PbxCapabilities;

    /// Starts to read. May be called once for each source.
    ///
    /// # Errors
    /// Only what no waiting can cure, such as a bad configuration. An unreachable PBX is no error: the stream waits.
    async fn open(&self, context: SourceContext) -> Result<EventStream>;

    /// Checks that the PBX can be reached, lets us in and allows what is needed, without changing anything.
    async fn health(&self) -> Vec<Check>;

    /// The control side of the same PBX, if it has one.
    fn control(&self) -> Option<Arc<dyn PbxControl>> {
        None
    }
}

/// A click-to-dial that the dial plan has resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// The telephone that rings first.
    pub extension: Extension,
    /// What the PBX dials when it is picked up, prefix included.
    pub number: Number,
    /// The number to show on the extension's display and, if the PBX allows it, to the far end.
    pub caller_id: Option<Number>,
    /// How long the extension may ring.
    pub timeout: Duration,
    /// Data to attach to the call (Asterisk: channel variables).
    pub context: Attached,
    /// How the extension is asked to pick up by itself; `None` leaves it to the configuration of the PBX, and where that
    /// says nothing the telephone just rings.
    pub auto_answer: Option<AutoAnswer>,
}

/// The SIP header that asks a telephone to pick up by itself. Which one it obeys depends on its make, and most obey only
/// when their own settings allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoAnswer {
    /// `Call-Info: <uri>;answer-after=0`: Grandstream, Snom, Mitel (Aastra).
    CallInfo,
    /// `Alert-Info: <uri>;info=alert-autoanswer;delay=0`: Yealink, Sangoma.
    AlertInfo,
    /// `Answer-Mode: Auto` (RFC 5373).
    AnswerMode,
}

impl Dial {
    /// Rings `extension` for 30 seconds, then dials `number`.
    pub fn new(extension: Extension, number: Number) -> Self {
        Self {
            extension,
            number,
            caller_id: None,
            timeout: Duration::from_secs(30),
            context: Attached::default(),
            auto_answer: None,
        }
    }
}

/// How to hand a call on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferStep {
    /// Give it away at once.
    Blind,
    /// Ring the other first, while the customer waits.
    Consult,
    /// Give it to the one who was asked.
    Complete,
    /// Take the customer back.
    Cancel,
}

/// A state to put an agent into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WantedAgentState {
    /// Takes calls.
    Ready,
    /// Takes none.
    NotReady {
        /// Why: `lunch`.
        reason: Option<String>,
    },
    /// Signs in to a queue.
    LoggedIn {
        /// The queue.
        queue: String,
        /// Who has less is called first; what the PBX takes for granted if nothing is said.
        #[serde(default)]
        penalty: Option<u16>,
    },
    /// Signs out of a queue.
    LoggedOut {
        /// The queue.
        queue: String,
    },
}

/// What to do with the recording of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingStep {
    /// Begin.
    Start,
    /// End.
    Stop,
    /// Silence, for instance while card data are spoken.
    Pause,
    /// Go on.
    Resume,
}

/// What a telephone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Nothing: it can be called.
    Idle,
    /// It rings.
    Ringing,
    /// Somebody talks.
    InUse,
    /// All that it has are on hold.
    OnHold,
    /// It takes no more calls.
    Busy,
    /// It is not registered or not reachable.
    Unavailable,
    /// The PBX does not know.
    Unknown,
}

/// A telephone system that can be told what to do.
///
/// Every method that is not overridden answers [`crate::ErrorKind::Unsupported`] without sending a byte.
/// A command that was sent and never answered is [`crate::Status::OutcomeUnknown`].
#[async_trait]
pub trait PbxControl: Send + Sync {
    /// What this PBX can do.
    fn capabilities(&self) -> PbxCapabilities;

    /// Rings the extension and, once it is picked up, dials the number. Returns when the extension was picked up.
    ///
    /// # Errors
    /// `Busy`, `NoAnswer`, `Rejected`, `NotFound` (no such extension), `PermissionDenied`: each its own kind.
    async fn dial(&self, dial: &Dial) -> Result<CallId> {
        let _ = dial;
        Err(Error::unsupported("dial", "this PBX cannot place calls"))
    }

    /// Picks up the ringing extension.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn answer(&self, call: &CallId, extension: &Extension) -> Result<()> {
        let _ = (call, extension);
        Err(Error::unsupported("answer", "this PBX cannot pick up a phone from outside"))
    }

    /// Ends the call of that extension, also before it is answered.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn hang_up(&self, call: &CallId, extension: &Extension) -> Result<()> {
        let _ = (call, extension);
        Err(Error::unsupported("hang_up", "this PBX cannot end calls from outside"))
    }

    /// Puts the other side on hold.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn hold(&self, call: &CallId, extension: &Extension) -> Result<()> {
        let _ = (call, extension);
        Err(Error::unsupported("hold", "this PBX cannot hold a call from outside: use the phone"))
    }

    /// Takes the other side back from hold.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn resume(&self, call: &CallId, extension: &Extension) -> Result<()> {
        let _ = (call, extension);
        Err(Error::unsupported("resume", "this PBX cannot resume a call from outside: use the phone"))
    }

    /// Hands the call on, from `extension` to `to`.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`, `Rejected`.
    async fn transfer(&self, call: &CallId, extension: &Extension, to: &Number, step: TransferStep) -> Result<()> {
        let _ = (call, extension, to, step);
        Err(Error::unsupported("transfer", "this PBX cannot transfer calls from outside"))
    }

    /// Sends the other party of `extension` to a number, without the agent's doing: also while the phone still rings.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`, `Rejected`.
    async fn redirect(&self, call: &CallId, extension: &Extension, to: &Number) -> Result<()> {
        let _ = (call, extension, to);
        Err(Error::unsupported("redirect", "this PBX cannot redirect calls from outside"))
    }

    /// Sends key tones (`0-9 * # A-D`) into the call.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`, `Rejected`.
    async fn send_digits(&self, call: &CallId, extension: &Extension, digits: &str) -> Result<()> {
        let _ = (call, extension, digits);
        Err(Error::unsupported("send_digits", "this PBX cannot send digits from outside"))
    }

    /// Puts an agent into a state.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn set_agent_state(&self, extension: &Extension, state: &WantedAgentState) -> Result<()> {
        let _ = (extension, state);
        Err(Error::unsupported("set_agent_state", "this PBX has no agent states"))
    }

    /// Parks the call; returns the slot where the PBX tells it.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn park(&self, call: &CallId, extension: &Extension) -> Result<Option<String>> {
        let _ = (call, extension);
        Err(Error::unsupported("park", "this PBX cannot park calls from outside"))
    }

    /// Controls the recording of the call.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn record(&self, call: &CallId, extension: &Extension, step: RecordingStep) -> Result<()> {
        let _ = (call, extension, step);
        Err(Error::unsupported("record", "this PBX cannot control recordings from outside"))
    }

    /// Silences the microphone of that extension, or opens it again; the others are heard as ever.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound`.
    async fn mute(&self, call: &CallId, extension: &Extension, silent: bool) -> Result<()> {
        let _ = (call, extension, silent);
        Err(Error::unsupported("mute", "this PBX cannot silence a phone from outside"))
    }

    /// What a telephone does right now.
    ///
    /// # Errors
    /// `Unsupported`, `NotFound` (no such extension).
    async fn device_state(&self, extension: &Extension) -> Result<DeviceState> {
        let _ = extension;
        Err(Error::unsupported("device_state", "this PBX does not tell what a telephone does"))
    }
}
