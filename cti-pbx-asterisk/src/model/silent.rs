//! After a lost link, where channels may not be listed: what is known to be live, and what is not heard of any more.

use super::CallModel;
use super::text::field;
use crate::ami::Message;
use chrono::{DateTime, Utc};
use cti_core::call::PbxEvent;

impl CallModel {
    /// Channels in a conversation (`BridgeInfoChannel`) and in a queue (`QueueEntry`), which every user may list, are a
    /// sign of their calls.
    pub(super) fn confirm(&mut self, snapshot: &[Message]) {
        let now = self.now;
        for message in snapshot.iter().filter(|m| m.is_event("BridgeInfoChannel") || m.is_event("QueueEntry")) {
            let channel = field(message, "Uniqueid").and_then(|uid| self.channels.uid(&uid));
            let key = match channel {
                Some(uid) => self.channels.get(&uid).map(|channel| channel.call.clone()),
                None => field(message, "Linkedid").and_then(|linkedid| self.key_of(&linkedid)),
            };
            if let Some(call) = key.and_then(|key| self.calls.get_mut(&key)) {
                call.clock(now);
            }
        }
    }

    /// Ends `lost_track` every call of which there was no sign since `since`, when channels could not be listed: it may
    /// have ended while nobody looked.
    pub fn forget_silent(&mut self, since: DateTime<Utc>, at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.now = at;
        for key in self.keys_in_order() {
            if self.calls.get(&key).is_some_and(|call| call.last_at < since) {
                self.lose(&key);
            }
        }
        self.finish()
    }
}
