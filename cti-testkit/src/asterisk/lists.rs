//! Lists and reports that clients ask for.

use super::action::Action;
use super::exchange::parts::{Channel, ChannelKey, Device};
use super::exchange::{Exchange, QUEUE, member_figures};
use super::packet::{Packet, escape_c};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// Puts the items of a list between its start and its end.
fn list(action: &Action, message: &str, items: Vec<Packet>, end: &str) -> Vec<Packet> {
    let count = items.len();
    let start = Packet::response("Success", action.get("ActionID")).with("EventList", "start").with("Message", message);
    let end = item(end, action).with("EventList", "Complete").with("ListItems", count.to_string());
    std::iter::once(start).chain(items).chain(std::iter::once(end)).collect()
}

fn item(name: &str, action: &Action) -> Packet {
    with_id(Packet::item(name), action)
}

fn with_id(packet: Packet, action: &Action) -> Packet {
    match action.get("ActionID") {
        Some(id) => packet.with("ActionID", id),
        None => packet,
    }
}

fn bridge_id(exchange: &Exchange, channel: &Channel) -> String {
    channel.bridge.and_then(|key| exchange.bridges.get(&key)).map(|b| b.uniqueid.clone()).unwrap_or_default()
}

fn clock(passed: Duration) -> String {
    let seconds = passed.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

pub(super) fn channels(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let items = exchange.channels.iter().map(|(key, channel)| {
        item("CoreShowChannel", action)
            .with_all(exchange.shot(*key, ""))
            .with("Application", &channel.application)
            .with("ApplicationData", &channel.data)
            .with("Duration", clock(exchange.now.saturating_sub(channel.created)))
            .with("BridgeId", bridge_id(exchange, channel))
    });
    list(action, "Channels will follow", items.collect(), "CoreShowChannelsComplete")
}

pub(super) fn status(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let wanted: Option<ChannelKey> = match action.get("Channel").filter(|name| !name.is_empty()) {
        Some(name) => match exchange.find(name) {
            Some(key) => Some(key),
            None => return vec![super::answer::error(action, "No such channel")],
        },
        None => None,
    };
    let chosen = exchange.channels.iter().filter(|(key, _)| wanted.is_none_or(|wanted| wanted == **key));
    let items: Vec<Packet> = chosen.map(|(key, channel)| status_of(exchange, action, *key, channel)).collect();
    let count = items.len().to_string();
    let mut all = list(action, "Channel status will follow", items, "StatusComplete");
    if let Some(end) = all.pop() {
        all.push(end.with("Items", count));
    }
    all
}

fn status_of(exchange: &Exchange, action: &Action, key: ChannelKey, channel: &Channel) -> Packet {
    let kind = if channel.is_local() { "Local" } else { "PJSIP" };
    let dnid = if channel.runs_plan { channel.exten.clone() } else { String::new() };
    let mut packet = Packet::item("Status")
        .with("Privilege", "Call")
        .with_all(exchange.shot(key, ""))
        .with("Type", kind)
        .with("DNID", dnid)
        .with("EffectiveConnectedLineNum", channel.connected.shown_number())
        .with("EffectiveConnectedLineName", channel.connected.shown_name())
        .with("TimeToHangup", "0")
        .with("BridgeID", bridge_id(exchange, channel))
        .with("Application", &channel.application)
        .with("Data", &channel.data)
        .with("Nativeformats", "(ulaw)")
        .with("Readformat", "ulaw")
        .with("Readtrans", "")
        .with("Writeformat", "ulaw")
        .with("Writetrans", "")
        .with("Callgroup", "0")
        .with("Pickupgroup", "0")
        .with("Seconds", exchange.now.saturating_sub(channel.created).as_secs().to_string());
    for (name, value) in &channel.variables {
        packet = packet.with("Variable", format!("{name}={}", escape_c(value)));
    }
    with_id(packet, action)
}

pub(super) fn bridges(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let items =
        exchange.bridges.keys().map(|key| item("BridgeListItem", action).with_all(exchange.bridge_shot(*key, "")));
    list(action, "Bridge listing will follow", items.collect(), "BridgeListComplete")
}

pub(super) fn bridge(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let wanted = action.get("BridgeUniqueid").unwrap_or_default();
    let Some((key, bridge)) = exchange.bridges.iter().find(|(_, bridge)| bridge.uniqueid == wanted) else {
        return vec![super::answer::error(action, "Bridge specified was not found")];
    };
    let items = bridge.channels.iter().map(|key| item("BridgeInfoChannel", action).with_all(exchange.shot(*key, "")));
    let mut all = list(action, "Bridge channel listing will follow", items.collect(), "BridgeInfoComplete");
    if let Some(end) = all.pop() {
        all.push(end.with_all(exchange.bridge_shot(*key, "")));
    }
    all
}

pub(super) fn queue(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let mut items = vec![with_id(
        Packet::item("QueueParams")
            .with("Queue", QUEUE)
            .with("Max", "0")
            .with("Strategy", "ringall")
            .with("Calls", exchange.waiting.len().to_string())
            .with("Holdtime", "0")
            .with("TalkTime", "0")
            .with("Completed", "0")
            .with("Abandoned", "0")
            .with("ServiceLevel", "0")
            .with("ServicelevelPerf", "0.0")
            .with("ServicelevelPerf2", "0.0")
            .with("Weight", "0"),
        action,
    )];
    for member in &exchange.members {
        let device = Device::Phone(member.interface.trim_start_matches("PJSIP/").to_owned());
        let packet = Packet::item("QueueMember")
            .with("Queue", QUEUE)
            .with("Name", &member.name)
            .with("Location", &member.interface)
            .with("StateInterface", &member.interface)
            .with_all(member_figures(member, exchange.device_state(&device)))
            .with("Wrapuptime", "0");
        items.push(with_id(packet, action));
    }
    for (place, (key, since)) in exchange.waiting.iter().enumerate() {
        let Some(channel) = exchange.channels.get(key) else { continue };
        let packet = Packet::item("QueueEntry")
            .with("Queue", QUEUE)
            .with("Position", (place + 1).to_string())
            .with("Channel", &channel.name)
            .with("Uniqueid", &channel.uniqueid)
            .with("CallerIDNum", channel.caller.shown_number())
            .with("CallerIDName", channel.caller.shown_name())
            .with("ConnectedLineNum", channel.connected.shown_number())
            .with("ConnectedLineName", channel.connected.shown_name())
            .with("Wait", exchange.now.saturating_sub(*since).as_secs().to_string())
            .with("Priority", "0");
        items.push(with_id(packet, action));
    }
    list(action, "Queue status will follow", items, "QueueStatusComplete")
}

pub(super) fn parked(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let items = exchange.channels.iter().filter_map(|(key, channel)| {
        let slot = &channel.parked.as_ref()?.slot;
        let packet = item("ParkedCall", action).with_all(exchange.shot(*key, "Parkee"));
        Some(packet.with("Parkinglot", "default").with("ParkingSpace", slot))
    });
    list(action, "Parked calls will follow", items.collect(), "ParkedCallsComplete")
}

pub(super) fn endpoints(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let devices = exchange
        .phones
        .keys()
        .map(|number| (number.as_str(), Device::Phone(number.clone())))
        .chain(std::iter::once(("trunk", Device::Trunk)));
    let items = devices.map(|(name, device)| {
        let active = exchange.channels.values().filter(|channel| channel.device == device).count();
        item("EndpointList", action)
            .with("ObjectType", "endpoint")
            .with("ObjectName", name)
            .with("Transport", "")
            .with("Aor", name)
            .with("Auths", "")
            .with("OutboundAuths", "")
            .with("Contacts", format!("{name}/sip:{name}@127.0.0.1,"))
            .with("DeviceState", exchange.device_state(&device).endpoint_words())
            .with("ActiveChannels", active.to_string())
    });
    let message = "A listing of Endpoints follows, presented as EndpointList events";
    list(action, message, items.collect(), "EndpointListComplete")
}

/// `Command` in the style of Asterisk 14 and later: one `Output` a line.
pub(super) fn command(exchange: &Exchange, action: &Action) -> Vec<Packet> {
    let command = action.get("Command").unwrap_or_default();
    let start = |kind| Packet::response(kind, action.get("ActionID")).with("Message", "Command output follows");
    let packet = match command {
        "core show version" => start("Success").with("Output", format!("Asterisk {}", version(exchange))),
        "core show channels" | "core show channels verbose" => {
            let mut packet = start("Success");
            for name in exchange.channel_names() {
                packet = packet.with("Output", name);
            }
            packet.with("Output", format!("{} active channels", exchange.channels.len()))
        }
        _ => start("Error").with(
            "Output",
            format!("No such command '{command}' (type 'core show help {command}' for other possible commands)"),
        ),
    };
    vec![packet]
}

fn version(exchange: &Exchange) -> &'static str {
    if exchange.modern { "22.10.1" } else { "16.28.0" }
}

/// The number in the banner.
pub(super) fn ami_version(modern: bool) -> &'static str {
    if modern { "11.0.0" } else { "5.0.4" }
}

pub(super) fn core_settings(exchange: &Exchange, action: &Action) -> Packet {
    Packet::response("Success", action.get("ActionID"))
        .with("AMIversion", ami_version(exchange.modern))
        .with("AsteriskVersion", version(exchange))
        .with("SystemName", "")
        .with("CoreMaxCalls", "0")
        .with("CoreMaxLoadAvg", "0.000000")
        .with("CoreRunUser", "")
        .with("CoreRunGroup", "")
        .with("CoreMaxFilehandles", "0")
        .with("CoreRealTimeEnabled", "No")
        .with("CoreCDRenabled", "Yes")
        .with("CoreHTTPenabled", "No")
        .with("SoundsSearchCustomDir", "No")
}

pub(super) fn core_status(exchange: &Exchange, action: &Action) -> Packet {
    let started = i64::try_from(exchange.startup_epoch()).ok().and_then(|at| DateTime::<Utc>::from_timestamp(at, 0));
    let (date, time) =
        started.map(|at| (at.format("%Y-%m-%d").to_string(), at.format("%H:%M:%S").to_string())).unwrap_or_default();
    Packet::response("Success", action.get("ActionID"))
        .with("CoreStartupDate", &date)
        .with("CoreStartupTime", &time)
        .with("CoreReloadDate", date)
        .with("CoreReloadTime", time)
        .with("CoreCurrentCalls", exchange.channels.values().filter(|channel| channel.runs_plan).count().to_string())
}
