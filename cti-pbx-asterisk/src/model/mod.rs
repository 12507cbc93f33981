//! What AMI events mean for calls: pure, no I/O, no clock of its own.

use crate::ami::Message;
use chrono::{DateTime, Utc};
use cti_core::call::{CallId, Extension, OpenCall, PbxEvent};

/// Which channels are telephones and which are outside lines.
#[derive(Debug, Clone, Default)]
pub struct Sides {
    _later: (),
}

/// The calls of one PBX.
#[derive(Debug)]
pub struct CallModel;

impl CallModel {
    /// A model that knows no call.
    pub fn new(_pbx: &str, _sides: Sides) -> Self {
        Self
    }

    /// What the message means.
    pub fn handle(&mut self, _message: &Message, _at: DateTime<Utc>) -> Vec<PbxEvent> {
        Vec::new()
    }

    /// Calls that were open in an earlier run.
    pub fn seed(&mut self, _open: Vec<OpenCall>) {}

    /// Events of the lists CoreShowChannels, BridgeInfo and QueueStatus: what is live now.
    pub fn resync(&mut self, _snapshot: &[Message], _at: DateTime<Utc>) -> Vec<PbxEvent> {
        Vec::new()
    }

    /// Asterisk itself restarted.
    pub fn forget_all(&mut self, _at: DateTime<Utc>) -> Vec<PbxEvent> {
        Vec::new()
    }

    /// The calls that are not over.
    pub fn open_calls(&self) -> Vec<OpenCall> {
        Vec::new()
    }

    /// The channel of that extension in that call.
    pub fn channel_of(&self, _call: &CallId, _extension: &Extension) -> Option<String> {
        None
    }

    /// The channel of the outside party.
    pub fn customer_channel(&self, _call: &CallId) -> Option<String> {
        None
    }

    /// Holds back every event of an inbound call until it is known whether the caller withholds the number.
    #[must_use]
    pub fn wait_for_presentation(self, _wait: bool) -> Self {
        self
    }

    /// The channels of new outside callers of whom nobody has said yet whether they withhold the number, each once.
    pub fn callers_to_ask(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// What `CALLERID(num-pres)` of that channel said. Returns the events that waited for it.
    pub fn set_presentation(&mut self, _channel: &str, _pres: &str) -> Vec<PbxEvent> {
        Vec::new()
    }
}
