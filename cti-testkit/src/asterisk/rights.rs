//! Users of the manager interface, and what they may see and do.

use std::collections::BTreeSet;

/// A set of the classes of manager.conf: `call`, `agent`, `system`, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes(Option<BTreeSet<String>>);

impl Classes {
    /// Every class.
    pub fn all() -> Self {
        Self(None)
    }

    /// No class.
    pub fn none() -> Self {
        Self(Some(BTreeSet::new()))
    }

    /// Reads a list as it stands in `read =`, `write =` and `EventMask:`: `on`, `off`, `all`, or names with commas.
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" | "all" | "true" | "yes" | "-1" => Self::all(),
            "off" | "none" | "false" | "no" | "0" | "" => Self::none(),
            list => Self(Some(list.split(',').map(|name| name.trim().to_owned()).collect())),
        }
    }

    /// True if the class is in the set. What has no class is always allowed.
    pub fn has(&self, class: &str) -> bool {
        class.is_empty() || self.0.as_ref().is_none_or(|set| set.contains(class) || set.contains("all"))
    }
}

/// A user of manager.conf.
#[derive(Clone)]
pub struct User {
    /// The name.
    pub name: String,
    /// The secret.
    pub secret: String,
    /// What events the user may see.
    pub read: Classes,
    /// What actions the user may send.
    pub write: Classes,
}

/// Without the secret.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("read", &self.read).field("write", &self.write).finish()
    }
}

impl User {
    /// A user with every right.
    pub fn new(name: &str, secret: &str) -> Self {
        Self { name: name.to_owned(), secret: secret.to_owned(), read: Classes::all(), write: Classes::all() }
    }

    /// Limits what the user may see.
    #[must_use]
    pub fn read(mut self, classes: &str) -> Self {
        self.read = Classes::parse(classes);
        self
    }

    /// Limits what the user may do.
    #[must_use]
    pub fn write(mut self, classes: &str) -> Self {
        self.write = Classes::parse(classes);
        self
    }
}

/// The classes of which a user needs one to send that action; empty: everybody may. `None`: no such action.
pub(super) fn needed(action: &str) -> Option<&'static [&'static str]> {
    Some(match action.to_ascii_lowercase().as_str() {
        "ping" | "events" | "logoff" | "login" | "challenge" | "queuestatus" | "bridgelist" | "bridgeinfo"
        | "parkedcalls" => &[],
        "originate" => &["originate"],
        "hangup" => &["system", "call"],
        "redirect" | "atxfer" | "blindtransfer" | "cancelatxfer" | "setvar" | "park" | "playdtmf" => &["call"],
        "getvar" => &["call", "reporting"],
        "status" => &["system", "call", "reporting"],
        "coreshowchannels" | "coresettings" | "corestatus" => &["system", "reporting"],
        "queueadd" | "queueremove" | "queuepause" => &["agent"],
        "mixmonitor" | "muteaudio" | "pjsipshowendpoints" | "filter" => &["system"],
        "stopmixmonitor" | "mixmonitormute" => &["system", "call"],
        "userevent" => &["user"],
        "command" => &["command"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_words() {
        assert!(Classes::parse("on").has("cdr"));
        assert!(!Classes::parse("off").has("call"));
        let some = Classes::parse("call, agent");
        assert!(some.has("agent") && some.has("") && !some.has("dialplan"));
    }
}
