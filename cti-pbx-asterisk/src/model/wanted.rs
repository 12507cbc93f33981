//! Which events of the PBX the model looks at: the link hears no others, and asks the PBX to send few others.

use super::{CallModel, HANDLERS};

/// What only an Asterisk before 12 says.
const OLD: &[&str] = &["Bridge", "Dial", "Join", "Leave", "Link", "Masquerade", "MusicOnHold", "Transfer", "Unlink"];

/// The classes in which these events come, for the `Events` mask of the login. Versions that do not know one of them
/// pass over its name.
pub(crate) const CLASSES: &str = "system,call,agent,dialplan,user";

/// Events of these classes that nobody here looks at, and that come often: one for each change of each telephone, party
/// or queue member.
pub(crate) const NOISE: &[&str] = &[
    "BridgeCreate",
    "ContactStatus",
    "DeviceStateChange",
    "ExtensionStatus",
    "NewConnectedLine",
    "PeerStatus",
    "PresenceStateChange",
    "PresenceStatus",
    "QueueMemberStatus",
];

impl CallModel {
    /// The names of all AMI events that mean something to the model; see
    /// [`Options::only_events`](crate::ami::Options::only_events).
    pub fn event_names() -> impl Iterator<Item = &'static str> {
        HANDLERS.iter().map(|(name, _)| *name).chain(OLD.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_away_is_not_wanted() {
        assert!(NOISE.iter().all(|noise| CallModel::event_names().all(|name| !name.eq_ignore_ascii_case(noise))));
    }
}
