//! The lists of an Asterisk before 12 (section 8; `action_status` and `action_coreshowchannels` in main/manager.c,
//! `manager_queues_status` in apps/app_queue.c).

use super::Version;
use super::action::Action;
use super::exchange::old_plain as plain;
use super::exchange::parts::{Channel, Device};
use super::exchange::{Exchange, QUEUE, member_figures};
use super::lists::{clock, item, list, with_id};
use super::packet::Packet;

/// `Status`: no `EventList` headers (section 2.2).
pub(super) fn status(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let wanted = action.get("Channel").filter(|name| !name.is_empty());
    let mut all =
        vec![Packet::response("Success", action.get("ActionID")).with("Message", "Channel status will follow")];
    let shown = exchange.channels.iter().filter(|(_, channel)| wanted.is_none_or(|name| channel.name == name));
    for (key, channel) in shown {
        let linked = exchange.peer(*key).and_then(|peer| exchange.channels.get(&peer));
        all.push(with_id(status_of(exchange, channel, linked), action));
    }
    let count = all.len() - 1;
    let end = item("StatusComplete", action);
    all.push(if exchange.version == Version::V1_4 { end } else { end.with("Items", count.to_string()) });
    all
}

/// Where the dial plan is stands there for channels that run it.
fn status_of(exchange: &Exchange, channel: &Channel, linked: Option<&Channel>) -> Packet {
    let old = exchange.version == Version::V1_4;
    let number = plain(&channel.caller.shown_number());
    let mut packet = Packet::item("Status").with("Privilege", "Call").with("Channel", name(exchange, channel));
    if old {
        packet = packet.with("CallerID", number.clone());
    }
    packet = packet.with("CallerIDNum", number).with("CallerIDName", plain(&channel.caller.shown_name()));
    if !old {
        packet = packet
            .with("ConnectedLineNum", plain(&channel.connected.shown_number()))
            .with("ConnectedLineName", plain(&channel.connected.shown_name()));
    }
    packet = match (old, channel.runs_plan) {
        (false, true) => packet
            .with("Accountcode", "")
            .with("ChannelState", (channel.state as u8).to_string())
            .with("ChannelStateDesc", channel.state.word()),
        _ => packet.with("Account", "").with("State", channel.state.word()),
    };
    if channel.runs_plan {
        packet = packet
            .with("Context", &channel.context)
            .with("Extension", &channel.exten)
            .with("Priority", channel.priority.to_string())
            .with("Seconds", exchange.now.saturating_sub(channel.created).as_secs().to_string());
    }
    if let Some(linked) = linked {
        packet = if old {
            packet.with("Link", name(exchange, linked))
        } else {
            packet.with("BridgedChannel", name(exchange, linked)).with("BridgedUniqueid", &linked.uniqueid)
        };
    }
    packet.with("Uniqueid", &channel.uniqueid)
}

fn name(exchange: &Exchange, channel: &Channel) -> String {
    if exchange.version == Version::V1_4 { channel.name.replace(';', ",") } else { channel.name.clone() }
}

pub(super) fn channels(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let items = exchange.channels.iter().map(|(key, channel)| {
        let linked = exchange.peer(*key).and_then(|peer| exchange.channels.get(&peer));
        let known = |text: String| if text == super::exchange::parts::UNKNOWN { String::new() } else { plain(&text) };
        item("CoreShowChannel", action)
            .with("Channel", &channel.name)
            .with("UniqueID", &channel.uniqueid)
            .with("Context", &channel.context)
            .with("Extension", &channel.exten)
            .with("Priority", channel.priority.to_string())
            .with("ChannelState", (channel.state as u8).to_string())
            .with("ChannelStateDesc", channel.state.word())
            .with("Application", &channel.application)
            .with("ApplicationData", &channel.data)
            .with("CallerIDnum", known(channel.caller.shown_number()))
            .with("CallerIDname", known(channel.caller.shown_name()))
            .with("ConnectedLineNum", known(channel.connected.shown_number()))
            .with("ConnectedLineName", known(channel.connected.shown_name()))
            .with("Duration", clock(exchange.now.saturating_sub(channel.created)))
            .with("AccountCode", "")
            .with("BridgedChannel", linked.map(|channel| channel.name.clone()).unwrap_or_default())
            .with("BridgedUniqueID", linked.map(|channel| channel.uniqueid.clone()).unwrap_or_default())
    });
    list(action, "Channels will follow", items.collect(), "CoreShowChannelsComplete")
}

/// `QueueStatus`: the entries of 1.4 have no unique id.
pub(super) fn queue(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let mut all = vec![Packet::response("Success", action.get("ActionID")).with("Message", "Queue status will follow")];
    let params = [
        "Max",
        "Strategy",
        "Calls",
        "Holdtime",
        "Completed",
        "Abandoned",
        "ServiceLevel",
        "ServicelevelPerf",
        "Weight",
    ];
    let params = params.iter().fold(Packet::item("QueueParams").with("Queue", QUEUE), |packet, key| match *key {
        "Strategy" if exchange.version == Version::V1_4 => packet,
        "Strategy" => packet.with("Strategy", "ringall"),
        "Calls" => packet.with("Calls", exchange.waiting.len().to_string()),
        key => packet.with(key, "0"),
    });
    all.push(with_id(params, action));
    for member in &exchange.members {
        let figures = member_figures(member, exchange.device_state(&Device::Phone(member.phone().to_owned())));
        let known = ["Membership", "Penalty", "CallsTaken", "LastCall", "Status", "Paused"];
        let packet = Packet::item("QueueMember")
            .with("Queue", QUEUE)
            .with("Name", &member.name)
            .with("Location", &member.interface)
            .with_all(figures.into_iter().filter(|(key, _)| known.contains(&key.as_str())));
        all.push(with_id(packet, action));
    }
    for (place, (key, since)) in exchange.waiting.iter().enumerate() {
        let Some(channel) = exchange.channels.get(key) else { continue };
        let mut packet = Packet::item("QueueEntry")
            .with("Queue", QUEUE)
            .with("Position", (place + 1).to_string())
            .with("Channel", &channel.name);
        let number = plain(&channel.caller.shown_number());
        packet = match exchange.version {
            Version::V1_4 => packet.with("CallerID", number),
            _ => packet.with("Uniqueid", &channel.uniqueid).with("CallerIDNum", number),
        };
        packet = packet
            .with("CallerIDName", plain(&channel.caller.shown_name()))
            .with("Wait", exchange.now.saturating_sub(*since).as_secs().to_string());
        all.push(with_id(packet, action));
    }
    all.push(item("QueueStatusComplete", action));
    all
}
