//! What Asterisk answers to an action, and what the exchange does for it.

use super::action::Action;
use super::exchange::hangup_by_ami;
use super::exchange::parts::{ChannelKey, Id, Originate, State};
use super::exchange::{Exchange, extension_exists};
use super::lists;
use super::packet::Packet;
use std::time::Duration;

/// The answer to one action.
pub(super) fn answer(exchange: &mut Exchange, action: &Action, wall: Duration) -> Vec<Packet> {
    let reply = Reply { action };
    match action.name.to_ascii_lowercase().as_str() {
        "ping" => {
            let stamp = format!("{}.{:06}", wall.as_secs(), wall.subsec_micros());
            vec![Packet::response("Success", action.get("ActionID")).with("Ping", "Pong").with("Timestamp", stamp)]
        }
        "coresettings" => vec![lists::core_settings(exchange, action)],
        "corestatus" => vec![lists::core_status(exchange, action)],
        "coreshowchannels" => lists::channels(exchange, action),
        "status" => lists::status(exchange, action),
        "bridgelist" => lists::bridges(exchange, action),
        "bridgeinfo" => lists::bridge(exchange, action),
        "parkedcalls" => lists::parked(exchange, action),
        "queuestatus" => lists::queue(exchange, action),
        "pjsipshowendpoints" => lists::endpoints(exchange, action),
        "command" => lists::command(exchange, action),
        "filter" => vec![reply.success("Filter added successfully")],
        "getvar" => vec![reply.getvar(exchange)],
        "userevent" => reply.user_event(exchange),
        "originate" => vec![reply.originate(exchange)],
        "queueadd" | "queueremove" | "queuepause" => vec![reply.queue_member(exchange)],
        _ => vec![reply.on_channel(exchange)],
    }
}

struct Reply<'a> {
    action: &'a Action,
}

impl Reply<'_> {
    fn success(&self, message: &str) -> Packet {
        Packet::response("Success", self.action.get("ActionID")).with("Message", message)
    }

    fn error(&self, message: &str) -> Packet {
        error(self.action, message)
    }

    fn text(&self, key: &str) -> &str {
        self.action.get(key).unwrap_or_default()
    }

    fn context(&self) -> &str {
        self.action.get("Context").unwrap_or("from-internal")
    }

    fn getvar(&self, exchange: &Exchange) -> Packet {
        let variable = self.text("Variable");
        if variable.is_empty() {
            return self.error("No variable specified");
        }
        let value = match self.action.get("Channel") {
            None => global(exchange, variable),
            Some(name) => match exchange.find(name).and_then(|key| exchange.channels.get(&key)) {
                None => return self.error("No such channel"),
                Some(channel) => match variable.to_ascii_uppercase().as_str() {
                    "CALLERID(NUM-PRES)" | "CALLERID(PRES)" => channel.presentation().to_owned(),
                    "CALLERID(NUM)" => channel.caller.number.clone(),
                    "CALLERID(NAME)" => super::packet::escape_c(&channel.caller.name),
                    _ => {
                        channel.variables.get(variable).map(|value| super::packet::escape_c(value)).unwrap_or_default()
                    }
                },
            },
        };
        Packet::response("Success", self.action.get("ActionID")).with("Variable", variable).with("Value", value)
    }

    fn user_event(&self, exchange: &mut Exchange) -> Vec<Packet> {
        let mut event = Packet::event("UserEvent", "user").with("UserEvent", self.text("UserEvent"));
        for (key, value) in &self.action.headers {
            if !key.eq_ignore_ascii_case("Action") && !key.eq_ignore_ascii_case("UserEvent") {
                event = event.with(key.clone(), value.clone());
            }
        }
        exchange.inject(event);
        vec![self.success("Event Sent")]
    }

    fn originate(&self, exchange: &mut Exchange) -> Packet {
        let Some(phone) = self.action.get("Channel").filter(|name| !name.is_empty()) else {
            return self.error("Channel not specified");
        };
        let Some((_, phone)) = phone.split_once('/').filter(|(technology, _)| technology.eq_ignore_ascii_case("PJSIP"))
        else {
            return self.error("Invalid channel");
        };
        let (context, exten) = (self.text("Context"), self.text("Exten"));
        if self.action.get("Application").is_none() && !extension_exists(context, exten) {
            return self.error("Extension does not exist.");
        }
        let timeout = self.action.get("Timeout").map_or(Ok(30_000), str::parse::<u64>);
        let Ok(timeout) = timeout else { return self.error("Invalid timeout") };
        let channel_id = self.action.get("ChannelId").map(str::to_owned);
        if channel_id.as_deref().is_some_and(|id| exchange.find(id).is_some()) {
            return self.error("Originate failed");
        }
        let variables = self.action.all("Variable").flat_map(|list| list.split(',')).filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name.to_owned(), value.trim_matches('"').to_owned()))
        });
        exchange.originate(Originate {
            action_id: self.action.get("ActionID").map(str::to_owned),
            phone: phone.to_owned(),
            context: context.to_owned(),
            exten: exten.to_owned(),
            caller: self.action.get("CallerID").map(caller_id),
            channel_id,
            variables: variables.collect(),
            timeout: Duration::from_millis(timeout),
        });
        self.success("Originate successfully queued")
    }

    fn queue_member(&self, exchange: &mut Exchange) -> Packet {
        let interface = self.text("Interface");
        if interface.is_empty() {
            return self.error("'Interface' not specified.");
        }
        let queue = self.text("Queue");
        if !queue.is_empty() && queue != super::exchange::QUEUE {
            return self.error("Unable to add interface to queue: No such queue");
        }
        let paused = matches!(self.text("Paused").to_ascii_lowercase().as_str(), "1" | "yes" | "true" | "on");
        if self.action.is("QueuePause") {
            let done = exchange.pause_member(interface, paused, self.text("Reason"));
            let words = if paused { "Interface paused successfully" } else { "Interface unpaused successfully" };
            return if done { self.success(words) } else { self.error("Interface not found") };
        }
        if self.action.is("QueueAdd") {
            let done = exchange.add_member(interface, self.text("MemberName"), paused);
            return if done {
                self.success("Added interface to queue")
            } else {
                self.error("Unable to add interface: Already there")
            };
        }
        match exchange.remove_member(interface) {
            Some(true) => self.success("Removed interface from queue"),
            Some(false) => self.error("Member not dynamic"),
            None => self.error("Unable to remove interface: Not there"),
        }
    }

    /// Actions on a channel.
    fn on_channel(&self, exchange: &mut Exchange) -> Packet {
        let name = self.text("Channel");
        if name.is_empty() {
            return self.error("Channel not specified");
        }
        let Some(key) = exchange.find(name) else { return self.error("No such channel") };
        match self.action.name.to_ascii_lowercase().as_str() {
            "hangup" => {
                hangup_by_ami(exchange, key);
                self.success("Channel Hungup")
            }
            "setvar" => {
                exchange.put_variable(key, self.text("Variable"), self.text("Value"));
                self.success("Variable Set")
            }
            "playdtmf" => self.play_digit(exchange, key),
            "mixmonitor" => {
                exchange.start_recording(key, self.text("File"));
                self.success("Success")
            }
            "stopmixmonitor" => {
                exchange.tell_stop_recording(key);
                self.success("Success")
            }
            "mixmonitormute" => {
                exchange.tell_mute(key, self.text("Direction"), self.text("State"));
                Packet::response("Success", self.action.get("ActionID"))
            }
            "muteaudio" => self.success("Success"),
            "park" => {
                exchange.park(key);
                self.success("Park successful")
            }
            "redirect" => {
                let done = exchange.redirect(key, self.text("Exten"), self.context());
                if done { self.success("Redirect successful") } else { self.error("Redirect failed") }
            }
            _ => self.transfer(exchange, key),
        }
    }

    fn play_digit(&self, exchange: &mut Exchange, key: ChannelKey) -> Packet {
        let digit = self.text("Digit");
        let valid = digit.len() == 1 && digit.chars().all(|c| "0123456789*#ABCDabcd".contains(c));
        if !valid {
            return self.error("Cannot play DTMF digit");
        }
        exchange.tell_digit_sent(key, digit);
        self.success("DTMF successfully queued")
    }

    fn transfer(&self, exchange: &mut Exchange, key: ChannelKey) -> Packet {
        let exten = self.text("Exten");
        let up = exchange.channels.get(&key).is_some_and(|channel| channel.state == State::Up);
        if self.action.is("CancelAtxfer") {
            let done = up && exchange.cancel_transfer(key);
            return if done {
                self.success("CancelAtxfer successfully queued")
            } else {
                self.error("No transfer to cancel")
            };
        }
        if exten.is_empty() {
            return self.error("Exten not specified");
        }
        if self.action.is("Atxfer") {
            // Asterisk only queues digits: it says yes even where nothing comes of it.
            exchange.attended_transfer(key, exten, self.context());
            return self.success("Atxfer successfully queued");
        }
        let done = up && exchange.blind_transfer(key, exten, self.context());
        if done { self.success("Transfer succeeded") } else { self.error("Transfer invalid") }
    }
}

/// An error response.
pub(super) fn error(action: &Action, message: &str) -> Packet {
    Packet::response("Error", action.get("ActionID")).with("Message", message)
}

/// A function that is asked without a channel: `DEVICE_STATE(PJSIP/6001)`, `DIALPLAN_EXISTS(from-internal,6001,1)`.
fn global(exchange: &Exchange, variable: &str) -> String {
    let arguments = |name: &str| variable.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(number) = arguments("DEVICE_STATE").and_then(|device| device.strip_prefix("PJSIP/")) {
        return exchange.device_state_word(number).to_owned();
    }
    let place = arguments("DIALPLAN_EXISTS").and_then(|place| place.split_once(','));
    place.map_or_else(String::new, |(context, rest)| {
        let number = rest.split(',').next().unwrap_or_default();
        u8::from(extension_exists(context, number)).to_string()
    })
}

/// Reads `"Name" <number>`, or a number alone.
fn caller_id(text: &str) -> Id {
    match text.split_once('<') {
        Some((name, number)) => Id::new(number.trim_end_matches('>').trim(), name.trim().trim_matches('"')),
        None => Id::new(text.trim(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_ids() {
        assert_eq!(caller_id("\"Taro\" <090>"), Id::new("090", "Taro"));
        assert_eq!(caller_id("090"), Id::new("090", ""));
    }
}
