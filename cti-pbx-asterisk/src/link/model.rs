//! What the link needs of the call model, so that the link can be tested without one.

use crate::ami::Message;
use crate::model::CallModel;
use chrono::{DateTime, Utc};
use cti_core::call::{CallId, Extension, OpenCall, PbxEvent};

pub(crate) trait Model: Send + 'static {
    fn seed(&mut self, open: Vec<OpenCall>);
    fn handle(&mut self, message: &Message, at: DateTime<Utc>) -> Vec<PbxEvent>;
    fn resync(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent>;
    /// Like `resync` on a link that was never lost: nothing is dropped.
    fn resync_additions(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent>;
    /// Like `resync` when the channels could not be listed: nothing may be dropped.
    fn resync_members(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent>;
    fn forget_all(&mut self, at: DateTime<Utc>) -> Vec<PbxEvent>;
    /// Ends the calls of which there was no sign since then.
    fn forget_silent(&mut self, since: DateTime<Utc>, at: DateTime<Utc>) -> Vec<PbxEvent>;
    fn channel_of(&self, call: &CallId, extension: &Extension) -> Option<String>;
    fn customer_channel(&self, call: &CallId) -> Option<String>;
    fn is_consulting(&self, call: &CallId, extension: &Extension) -> bool;
    fn interface_of(&self, extension: &Extension) -> Option<String>;
    /// Outside callers of whom it is not known whether they withhold the number, each once. The model keeps back what
    /// it would tell of their calls.
    fn callers_to_ask(&mut self) -> Vec<String>;
    /// Returns what was kept back. An answer of nothing lets the number be shown.
    fn set_presentation(&mut self, channel: &str, presentation: &str) -> Vec<PbxEvent>;
}

impl Model for CallModel {
    fn seed(&mut self, open: Vec<OpenCall>) {
        Self::seed(self, open);
    }

    fn handle(&mut self, message: &Message, at: DateTime<Utc>) -> Vec<PbxEvent> {
        Self::handle(self, message, at)
    }

    fn resync(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent> {
        Self::resync(self, snapshot, at)
    }

    fn resync_additions(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent> {
        Self::resync_additions(self, snapshot, at)
    }

    fn resync_members(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent> {
        Self::resync_members(self, snapshot, at)
    }

    fn forget_all(&mut self, at: DateTime<Utc>) -> Vec<PbxEvent> {
        Self::forget_all(self, at)
    }

    fn forget_silent(&mut self, since: DateTime<Utc>, at: DateTime<Utc>) -> Vec<PbxEvent> {
        Self::forget_silent(self, since, at)
    }

    fn channel_of(&self, call: &CallId, extension: &Extension) -> Option<String> {
        Self::channel_of(self, call, extension)
    }

    fn customer_channel(&self, call: &CallId) -> Option<String> {
        Self::customer_channel(self, call)
    }

    fn is_consulting(&self, call: &CallId, extension: &Extension) -> bool {
        Self::is_consulting(self, call, extension)
    }

    fn interface_of(&self, extension: &Extension) -> Option<String> {
        Self::interface_of(self, extension)
    }

    fn callers_to_ask(&mut self) -> Vec<String> {
        Self::callers_to_ask(self)
    }

    fn set_presentation(&mut self, channel: &str, presentation: &str) -> Vec<PbxEvent> {
        Self::set_presentation(self, channel, presentation)
    }
}
