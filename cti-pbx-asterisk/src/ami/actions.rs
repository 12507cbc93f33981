//! The actions by name, as far as they have one shape in all versions; [`Action::new`] and [`Action::header`] make any
//! other.

use super::action::Action;
use std::time::Duration;

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

    /// Keeps events to itself that this regular expression finds (`!^Event: VarSet`), or with no `!` sends only those that
    /// it finds. Asterisk 10 and later, class `system`.
    pub fn filter(expression: &str) -> Self {
        Self::new("Filter").header("Operation", "Add").header("Filter", expression)
    }

    /// What this user may do: one header an action.
    pub fn list_commands() -> Self {
        Self::new("ListCommands")
    }

    /// Waits for events, on connections over HTTP.
    pub fn wait_event(timeout: Duration) -> Self {
        Self::new("WaitEvent").header("Timeout", timeout.as_secs())
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

    /// A list: the channels that are connected to this one (18.19, 20.4 and later).
    pub fn core_show_channel_map(channel: &str) -> Self {
        Self::new("CoreShowChannelMap").header("Channel", channel)
    }

    /// A list: parking lots (12 and later).
    pub fn parking_lots() -> Self {
        Self::new("Parkinglots")
    }

    /// Who is meant by an extension, and whether it is busy.
    pub fn extension_state(exten: &str, context: &str) -> Self {
        Self::new("ExtensionState").header("Exten", exten).header("Context", context)
    }

    /// A list: the states of all extensions with a hint (13 and later).
    pub fn extension_state_list() -> Self {
        Self::new("ExtensionStateList")
    }

    /// A list: the states of all devices (13 and later).
    pub fn device_state_list() -> Self {
        Self::new("DeviceStateList")
    }

    /// A list: all presences (13 and later).
    pub fn presence_state_list() -> Self {
        Self::new("PresenceStateList")
    }

    /// One presence (11 and later): `CustomPresence:6001`.
    pub fn presence_state(provider: &str) -> Self {
        Self::new("PresenceState").header("Provider", provider)
    }

    /// A list: telephones and lines of chan_sip (up to 20).
    pub fn sip_peers() -> Self {
        Self::new("SIPpeers")
    }

    /// A list: peers of chan_iax2.
    pub fn iax_peers() -> Self {
        Self::new("IAXpeerlist")
    }

    /// A list: telephones and lines of PJSIP (12 and later).
    pub fn pjsip_endpoints() -> Self {
        Self::new("PJSIPShowEndpoints")
    }

    /// A list: one telephone or line of PJSIP, with all that belongs to it.
    pub fn pjsip_endpoint(endpoint: &str) -> Self {
        Self::new("PJSIPShowEndpoint").header("Endpoint", endpoint)
    }

    /// A list: where the telephones of PJSIP are registered.
    pub fn pjsip_contacts() -> Self {
        Self::new("PJSIPShowContacts")
    }

    /// A list of one: an entry of Asterisk's own database comes as the event `DBGetResponse`.
    pub fn db_get(family: &str, key: &str) -> Self {
        Self::new("DBGet").header("Family", family).header("Key", key)
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
        let action = Self::new("Hangup").check(cause < 128, "a cause of Q.850 is at most 127");
        action.header("Channel", channel).header("Cause", cause)
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
        let is_key = matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D' | 'a'..='d');
        let action = Self::new("PlayDTMF").header("Channel", channel).header("Digit", digit);
        action.check(is_key, "a key tone is one of 0-9 * # A-D").maybe("Receive", received.then_some("true"))
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

    /// Rings `channel` and, once it is picked up, runs an application of the dial plan on it. Applications can run
    /// commands: see [`Action::danger`].
    pub fn originate_application(channel: &str, application: &str, data: &str, timeout: Duration) -> Self {
        let action = Self::new("Originate").header("Channel", channel).header("Application", application);
        action.header("Data", data).header("Timeout", timeout.as_millis()).header("Async", "true")
    }

    /// Sends both channels of a conversation to other places of the dial plan: `(context, extension)` each.
    pub fn redirect_both(channel: &str, to: (&str, &str), other: &str, other_to: (&str, &str)) -> Self {
        let action = Self::redirect(channel, to.0, to.1).header("ExtraChannel", other);
        action.header("ExtraContext", other_to.0).header("ExtraExten", other_to.1).header("ExtraPriority", 1)
    }

    /// Joins two channels.
    pub fn bridge(channel: &str, other: &str, tone: bool) -> Self {
        let action = Self::new("Bridge").header("Channel1", channel).header("Channel2", other);
        action.header("Tone", if tone { "both" } else { "no" })
    }

    /// Ends a conversation; its channels go on in the dial plan (12 and later).
    pub fn bridge_destroy(bridge: &str) -> Self {
        Self::new("BridgeDestroy").header("BridgeUniqueid", bridge)
    }

    /// Puts a channel out of a conversation (12 and later).
    pub fn bridge_kick(bridge: &str, channel: &str) -> Self {
        Self::new("BridgeKick").header("BridgeUniqueid", bridge).header("Channel", channel)
    }

    /// Silences what comes from the party on a channel (`in`), what goes to it (`out`), or both (`all`).
    pub fn mute_audio(channel: &str, direction: &str, silent: bool) -> Self {
        let action = Self::new("MuteAudio").header("Channel", channel).header("Direction", direction);
        let known = matches!(direction, "in" | "out" | "all");
        action.header("State", if silent { "on" } else { "off" }).check(known, "a direction is in, out or all")
    }

    /// Records a channel into two files, or into one if `mix` (up to Asterisk 20).
    pub fn monitor(channel: &str, file: &str, mix: bool) -> Self {
        let action = Self::new("Monitor").header("Channel", channel).header("File", file);
        action.header("Mix", u8::from(mix))
    }

    /// Ends what [`Action::monitor`] began.
    pub fn stop_monitor(channel: &str) -> Self {
        Self::new("StopMonitor").header("Channel", channel)
    }

    /// Leaves out what is said from now on.
    pub fn pause_monitor(channel: &str) -> Self {
        Self::new("PauseMonitor").header("Channel", channel)
    }

    /// Sends a text to the telephone on a channel.
    pub fn send_text(channel: &str, text: &str) -> Self {
        Self::new("SendText").header("Channel", channel).header("Message", text)
    }

    /// Sends a text outside of calls: `to` is an address such as `pjsip:6001`. Class `message`.
    pub fn message_send(to: &str, from: &str, text: &str) -> Self {
        Self::new("MessageSend").header("To", to).header("From", from).header("Body", text)
    }

    /// Raises the event `UserEvent` with this name; add headers as wanted.
    pub fn user_event(name: &str) -> Self {
        Self::new("UserEvent").header("UserEvent", name)
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

    /// A list: how many wait in each queue, and how long.
    pub fn queue_summary() -> Self {
        Self::new("QueueSummary")
    }

    /// Changes the penalty of a member in all its queues.
    pub fn queue_penalty(interface: &str, penalty: u32) -> Self {
        Self::new("QueuePenalty").header("Interface", interface).header("Penalty", penalty)
    }

    /// Writes a line into the queue log.
    pub fn queue_log(queue: &str, event: &str, message: &str) -> Self {
        Self::new("QueueLog").header("Queue", queue).header("Event", event).header("Message", message)
    }

    /// A list: agents of app_agent_pool (chan_agent before).
    pub fn agents() -> Self {
        Self::new("Agents")
    }

    /// Logs an agent off; with `soft` only after the call.
    pub fn agent_logoff(agent: &str, soft: bool) -> Self {
        Self::new("AgentLogoff").header("Agent", agent).header("Soft", soft)
    }
}

/// What runs commands or changes the PBX itself: sent only where [`Options::allow`](super::Options::allow) names it.
impl Action {
    /// Runs a command of Asterisk's own command line. Needs the class `command`, which is as much as a shell: avoid it.
    pub fn command(text: &str) -> Self {
        Self::new("Command").header("Command", text)
    }

    /// Writes an entry of Asterisk's own database.
    pub fn db_put(family: &str, key: &str, value: &str) -> Self {
        Self::new("DBPut").header("Family", family).header("Key", key).header("Val", value)
    }

    /// Removes an entry of Asterisk's own database.
    pub fn db_del(family: &str, key: &str) -> Self {
        Self::new("DBDel").header("Family", family).header("Key", key)
    }
}
