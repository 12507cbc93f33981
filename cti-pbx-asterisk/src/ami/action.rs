//! What a client asks for: built so that no value can become a second header.

use bytes::{BufMut, Bytes, BytesMut};
use cti_core::{Error, ErrorKind, Result};
use std::fmt;
use std::time::Duration;

/// Asterisk reads 1024 bytes a line and refuses or cuts longer ones.
const MAX_LINE: usize = 1000;
/// Asterisk takes 128 headers an action; two are `Action` and `ActionID`.
const MAX_HEADERS: usize = 126;

/// An action: a name and headers, in order, repeated ones allowed.
///
/// Whatever is put in, nothing can be smuggled: [`Action::encode`] (and so every way to send it) refuses a value that
/// holds CR, LF or NUL.
///
/// ```
/// use cti_pbx_asterisk::ami::Action;
/// let action = Action::new("Hangup").header("Channel", "PJSIP/6001-00000001").header("Cause", 16);
/// assert_eq!(
///     action.encode("id-1")?.as_ref(),
///     b"Action: Hangup\r\nActionID: id-1\r\nChannel: PJSIP/6001-00000001\r\nCause: 16\r\n\r\n",
/// );
/// assert!(Action::new("Hangup").header("Channel", "x\nAction: Originate").encode("id-2").is_err());
/// # Ok::<(), cti_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Action {
    name: String,
    headers: Vec<(String, String)>,
    /// The first thing that was wrong; reported when the action is sent.
    fault: Option<String>,
}

impl Action {
    /// Any action, by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), headers: Vec::new(), fault: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.headers.push((key.into(), value.to_string()));
        self
    }

    /// Adds a header if there is a value.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.header(key, value),
            None => self,
        }
    }

    /// Adds a channel variable (`Variable: name=value`). The name is `[A-Za-z0-9_]+`; a leading `__` hands it on to all
    /// channels that this one creates. Asterisk splits such a value at commas and drops quotes and backslashes, so a
    /// value with one of them is refused.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.fault.get_or_insert(format!("a variable name may hold letters, digits and _ only, not {name:?}"));
        }
        if value.contains([',', '|', '"', '\\']) {
            self.fault.get_or_insert(format!("the value of {name} holds a comma, a bar, a quote or a backslash"));
        }
        self.header("Variable", format!("{name}={value}"))
    }

    /// The name of the action.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes for the wire, with this `ActionID`.
    ///
    /// # Errors
    /// `Rejected` if a key, a value or the number of headers is not what Asterisk takes; nothing was sent.
    pub fn encode(&self, id: &str) -> Result<Bytes> {
        if let Some(fault) = &self.fault {
            return Err(self.refused(fault.clone()));
        }
        if self.headers.len() > MAX_HEADERS {
            return Err(self.refused(format!("{} headers, Asterisk takes {MAX_HEADERS}", self.headers.len())));
        }
        let own = [("Action", self.name.as_str()), ("ActionID", id)];
        let given = self.headers.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut bytes = BytesMut::with_capacity(256);
        for (key, value) in own.into_iter().chain(given) {
            check_header(key, value).map_err(|fault| self.refused(fault))?;
            for part in [key, ": ", value, "\r\n"] {
                bytes.put_slice(part.as_bytes());
            }
        }
        bytes.put_slice(b"\r\n");
        Ok(bytes.freeze())
    }

    fn refused(&self, fault: String) -> Error {
        let name: String = self.name.chars().filter(|c| c.is_ascii_alphanumeric()).take(40).collect();
        Error::new(ErrorKind::Rejected, format!("the action was not sent: {fault}")).with("action", name)
    }
}

fn check_header(key: &str, value: &str) -> std::result::Result<(), String> {
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Err(format!("{key:?} is no header name"));
    }
    if value.contains(['\r', '\n', '\0']) {
        return Err(format!("the value of {key} holds a line end or a NUL"));
    }
    if key.len() + value.len() + 4 > MAX_LINE {
        return Err(format!("{key} is longer than {MAX_LINE} bytes"));
    }
    Ok(())
}

/// Only the name and the keys: values hold numbers, names and secrets.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.headers.iter().map(|(key, _)| key).collect();
        f.debug_struct("Action").field("name", &self.name).field("keys", &keys).finish_non_exhaustive()
    }
}

/// Session.
impl Action {
    /// Asks for a challenge, so that the secret need not cross the wire.
    pub fn challenge() -> Self {
        Self::new("Challenge").header("AuthType", "MD5")
    }

    /// Logs in with the answer to a challenge (see [`super::challenge_key`]).
    pub fn login_with_key(user: &str, key: &str, events: &str) -> Self {
        let action = Self::new("Login").header("AuthType", "MD5").header("Username", user);
        action.header("Key", key).header("Events", events)
    }

    /// Logs in with the secret itself.
    pub fn login_with_secret(user: &str, secret: &str, events: &str) -> Self {
        Self::new("Login").header("Username", user).header("Secret", secret).header("Events", events)
    }

    /// Logs off.
    pub fn logoff() -> Self {
        Self::new("Logoff")
    }

    /// Asks for a sign of life. Needs no right.
    pub fn ping() -> Self {
        Self::new("Ping")
    }

    /// Chooses the classes of events: `on`, `off`, `call,agent`.
    pub fn events(mask: &str) -> Self {
        Self::new("Events").header("EventMask", mask)
    }
}

/// Looking.
impl Action {
    /// A list: all channels.
    pub fn core_show_channels() -> Self {
        Self::new("CoreShowChannels")
    }

    /// A list: all channels, for users without the class `system` or `reporting`.
    pub fn status() -> Self {
        Self::new("Status")
    }

    /// The version of Asterisk.
    pub fn core_settings() -> Self {
        Self::new("CoreSettings")
    }

    /// When Asterisk started.
    pub fn core_status() -> Self {
        Self::new("CoreStatus")
    }

    /// A list: all bridges (Asterisk 12 and later).
    pub fn bridge_list() -> Self {
        Self::new("BridgeList")
    }

    /// A list: the channels in a bridge.
    pub fn bridge_info(bridge: &str) -> Self {
        Self::new("BridgeInfo").header("BridgeUniqueid", bridge)
    }

    /// A list: queues, their members and who waits.
    pub fn queue_status() -> Self {
        Self::new("QueueStatus")
    }

    /// `ParkedCalls`: who waits in a parking lot.
    pub fn parked_calls() -> Self {
        Self::new("ParkedCalls")
    }

    /// The value of a variable or function on a channel.
    pub fn getvar(channel: &str, variable: &str) -> Self {
        Self::new("Getvar").header("Channel", channel).header("Variable", variable)
    }

    /// Runs a command of Asterisk's own command line. Needs the class `command`, which is as much as a shell: avoid it.
    pub fn command(text: &str) -> Self {
        Self::new("Command").header("Command", text)
    }
}

/// Calls.
impl Action {
    /// Rings `channel` and, once it is picked up, sends it to `exten` in `context`. Asynchronous: the answer comes as
    /// the event `OriginateResponse`.
    pub fn originate(channel: &str, context: &str, exten: &str, timeout: Duration) -> Self {
        let action = Self::new("Originate").header("Channel", channel).header("Context", context);
        let action = action.header("Exten", exten).header("Priority", 1);
        action.header("Timeout", timeout.as_millis()).header("Async", "true")
    }

    /// Ends a channel, with a cause of Q.850 (16: normal clearing).
    pub fn hangup(channel: &str, cause: u8) -> Self {
        Self::new("Hangup").header("Channel", channel).header("Cause", cause)
    }

    /// Hands the other party of `channel` on without asking (Asterisk 12 and later).
    pub fn blind_transfer(channel: &str, context: &str, exten: &str) -> Self {
        Self::new("BlindTransfer").header("Channel", channel).header("Context", context).header("Exten", exten)
    }

    /// Begins a consultation from `channel`; hanging up `channel` completes it.
    pub fn atxfer(channel: &str, context: &str, exten: &str) -> Self {
        Self::new("Atxfer").header("Channel", channel).header("Context", context).header("Exten", exten)
    }

    /// Ends a consultation and takes the other party back.
    pub fn cancel_atxfer(channel: &str) -> Self {
        Self::new("CancelAtxfer").header("Channel", channel)
    }

    /// Sends a channel to another place of the dial plan.
    pub fn redirect(channel: &str, context: &str, exten: &str) -> Self {
        let action = Self::new("Redirect").header("Channel", channel).header("Context", context);
        action.header("Exten", exten).header("Priority", 1)
    }

    /// Parks `channel`; when its time is up it returns to `back_to`.
    pub fn park(channel: &str, back_to: &str) -> Self {
        Self::new("Park").header("Channel", channel).header("TimeoutChannel", back_to)
    }

    /// Plays a key tone to the party on `channel`, or (`received`) acts as if that party had pressed the key.
    pub fn play_dtmf(channel: &str, digit: char, received: bool) -> Self {
        let action = Self::new("PlayDTMF").header("Channel", channel).header("Digit", digit);
        action.maybe("Receive", received.then_some("true"))
    }

    /// Records a channel, both directions, into a file of the PBX.
    pub fn mix_monitor(channel: &str, file: &str) -> Self {
        Self::new("MixMonitor").header("Channel", channel).header("File", file)
    }

    /// Ends the recording of a channel.
    pub fn stop_mix_monitor(channel: &str) -> Self {
        Self::new("StopMixMonitor").header("Channel", channel)
    }

    /// Silences the recording of a channel, or lets it go on.
    pub fn mix_monitor_mute(channel: &str, silent: bool) -> Self {
        let action = Self::new("MixMonitorMute").header("Channel", channel).header("Direction", "both");
        action.header("State", u8::from(silent))
    }

    /// Sets a variable on a channel.
    pub fn setvar(channel: &str, variable: &str, value: &str) -> Self {
        Self::new("Setvar").header("Channel", channel).header("Variable", variable).header("Value", value)
    }
}

/// Queues.
impl Action {
    /// Pauses a member in all its queues, or lets it go on.
    pub fn queue_pause(interface: &str, paused: bool, reason: Option<&str>) -> Self {
        Self::new("QueuePause").header("Interface", interface).header("Paused", paused).maybe("Reason", reason)
    }

    /// Makes an interface a member of a queue.
    pub fn queue_add(queue: &str, interface: &str) -> Self {
        Self::new("QueueAdd").header("Queue", queue).header("Interface", interface)
    }

    /// Ends the membership of an interface in a queue.
    pub fn queue_remove(queue: &str, interface: &str) -> Self {
        Self::new("QueueRemove").header("Queue", queue).header("Interface", interface)
    }
}
