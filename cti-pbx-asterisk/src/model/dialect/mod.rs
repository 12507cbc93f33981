//! Dialects: what an Asterisk before 12 says (AMI 1.0 to 1.3), told in the words of today that the model knows.
//!
//! Which dialect a PBX speaks is taken from its greeting and proved by its first events (`detect.rs`). An Asterisk of 12
//! or later goes past all this. For an older one, [`Old`] keeps what is needed of each live channel, freed when it hangs
//! up, and tells what happened as `DialBegin`, `DialEnd`, `BridgeEnter`, `BlindTransfer`, … :
//!
//! | what is missing in the old words | where it comes from | in |
//! | --- | --- | --- |
//! | `Linkedid` | dials, links, halves of Local channels, masquerades | `dialing.rs`, `talk.rs` |
//! | how one leg of a dial ended | its cause, and what the caller does next | `ending.rs` |
//! | who hung up | the status of the dial, the last step of the dial plan | `ending.rs` |
//! | the identity of a device whose `Uniqueid` changes | the names of a masquerade (`Rename`) | `masquerade.rs` |
//! | transfers | `Transfer` where it is told, else masquerades and where the dial plan goes on | `masquerade.rs`, `channels.rs` |
//! | hold | `Hold`, else the music of the other side | `talk.rs` |
//! | the context and number of a new channel (1.4) | its first step in the dial plan; until then it is kept back | `channels.rs` |
//! | which leg a queue called (1.4) | the newest channel of that interface | `queue.rs` |
//!
//! What an old Asterisk does not tell at all stands in docs/asterisk.md.

mod channels;
mod detect;
mod dialing;
mod ending;
mod masquerade;
mod queue;
mod snapshot;
mod table;
mod talk;
#[cfg(test)]
mod tests;
mod write;

pub use detect::Dialect;

use crate::ami::Message;
use chrono::{DateTime, Utc};
use detect::evidence;
use table::Table;

/// A message in the words of today, and when it happened.
pub(super) struct Told {
    pub(super) at: DateTime<Utc>,
    pub(super) message: Message,
}

/// Hears what the PBX says, whatever its version.
pub(super) enum Interpreter {
    /// Only the greeting is known, or nothing.
    Listening(Option<Dialect>),
    /// Asterisk 12 or later: nothing to do.
    Modern,
    /// An older one.
    Old(Box<Old>),
}

impl Interpreter {
    /// The PBX greeted: a new connection, perhaps to another version.
    pub(super) fn greeted(&mut self, banner: &str) {
        let Some(dialect) = Dialect::of_banner(banner) else { return };
        match self {
            Self::Old(old) if dialect.is_old() => old.dialect = dialect,
            _ => *self = Self::Listening(Some(dialect)),
        }
    }

    /// What the message means in the words of today; `None`: it is in these words already.
    pub(super) fn interpret(&mut self, message: &Message, at: DateTime<Utc>) -> Option<Vec<Told>> {
        if let Self::Listening(greeting) = self {
            match (evidence(message), *greeting) {
                (Some(dialect), greeting) if dialect.is_old() => {
                    // The greeting knows the version better than one event.
                    let known = greeting.filter(|greeting| greeting.is_old()).unwrap_or(dialect);
                    *self = Self::Old(Box::new(Old::new(known)));
                }
                (Some(_), _) => *self = Self::Modern,
                (None, Some(greeting)) if greeting.is_old() && message.event().is_some() => {
                    *self = Self::Old(Box::new(Old::new(greeting)));
                }
                (None, _) => return None,
            }
        }
        match self {
            Self::Old(old) => Some(old.hear(message, at)),
            _ => None,
        }
    }

    /// The lists of an old PBX in the words of today; `None`: they are already. `complete`: channels that are not listed
    /// are gone.
    pub(super) fn snapshot(&mut self, messages: &[Message], at: DateTime<Utc>, complete: bool) -> Option<Vec<Message>> {
        if let Self::Listening(Some(greeting)) = self
            && greeting.is_old()
        {
            *self = Self::Old(Box::new(Old::new(*greeting)));
        }
        match self {
            Self::Old(old) => Some(old.snapshot(messages, at, complete)),
            _ => None,
        }
    }

    /// The PBX started anew: its channels are gone.
    pub(super) fn forget(&mut self) {
        if let Self::Old(old) = self {
            **old = Old::new(old.dialect);
        }
    }
}

/// An Asterisk before 12.
pub(super) struct Old {
    dialect: Dialect,
    channels: Table,
    /// Hang-ups whose reason is not known yet.
    held: Vec<ending::Held>,
    /// Clones in the middle of a masquerade: name and unique id.
    masked: Vec<(String, table::Native)>,
    members: queue::Members,
    /// How many callers wait in queues.
    waiting: usize,
    bridges: u64,
    now: DateTime<Utc>,
    out: Vec<Told>,
}

impl Old {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            channels: Table::default(),
            held: Vec::new(),
            masked: Vec::new(),
            members: queue::Members::default(),
            waiting: 0,
            bridges: 0,
            now: DateTime::UNIX_EPOCH,
            out: Vec::new(),
        }
    }

    /// What one message means.
    fn hear(&mut self, message: &Message, at: DateTime<Utc>) -> Vec<Told> {
        self.now = at;
        self.end_what_waited_long();
        let name = message.event().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "newchannel" => self.newchannel(message),
            "newstate" => self.newstate(message),
            "newexten" => self.newexten(message),
            "newcallerid" => self.newcallerid(message),
            "varset" => self.varset(message),
            "userevent" => self.user_event(message),
            "rename" => self.rename(message),
            "dial" => self.dial(message),
            "link" | "unlink" => self.link_event(message, name == "link"),
            "bridge" => match message.get("Bridgestate").as_deref() {
                Some("Link") => self.link_event(message, true),
                Some("Unlink") => self.link_event(message, false),
                _ => {}
            },
            "hold" => self.hold(message, message.get("Status").is_none_or(|status| status.eq_ignore_ascii_case("On"))),
            "unhold" => self.hold(message, false),
            "musiconhold" => self.music(message),
            "transfer" => self.transfer(message),
            "hanguprequest" => self.hangup_request(message),
            "hangup" => self.hangup(message),
            "parkedcall" => self.parked(message),
            "unparkedcall" | "parkedcalltimeout" | "parkedcallgiveup" => self.unparked(message),
            "join" => self.join(message),
            "leave" => self.leave(message),
            "queuecallerabandon" => self.abandon(message),
            "agentcalled" => self.agent_called(message),
            "agentconnect" => self.agent_connect(message),
            "agentringnoanswer" => self.agent_ring_no_answer(message),
            "queuememberpaused" | "queuememberadded" | "queuememberremoved" => self.member(message),
            "originateresponse" => self.originate_response(message),
            _ => {}
        }
        std::mem::take(&mut self.out)
    }

    /// 1.4: no context at a channel's birth, no `VarSet`, no end of a dial.
    fn is_1_4(&self) -> bool {
        self.dialect == Dialect::V1_0
    }
}
