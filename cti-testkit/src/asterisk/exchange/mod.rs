//! A little telephone exchange: pure state, driven step by step. Each step leaves the packets that an Asterisk would
//! send for it; the recorded calls of real Asterisks are the model.

mod bridge;
mod cdr;
mod conference;
mod device;
mod dial;
mod forward;
mod hangup;
mod join;
mod local;
mod media;
mod originate;
mod parking;
pub(crate) mod parts;
mod pickup;
mod plan;
mod queue;
mod transfer;

use super::packet::{Packet, escape_c};
use parts::{
    Behaviour, Bridge, BridgeKey, Channel, ChannelKey, Consultation, Device, DeviceState, DialKey, Dialing, Id, Member,
    Phone, State, Target, Task,
};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use hangup::Who;
pub(crate) use media::hangup_by_ami;
pub(crate) use plan::extension_exists;
pub(crate) use queue::member_figures;

/// The queue of the dial plan.
pub(crate) const QUEUE: &str = "support";
/// The conference room of the dial plan.
pub(crate) const ROOM: &str = "8000";
/// The number that outgoing calls show.
pub(crate) const OWN_NUMBER: &str = "0312345000";

/// The exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Version 16 has no `TechCause`.
    pub(crate) modern: bool,
    /// Whether manager.conf has `channelvars = CALLERID(num-pres)`.
    pub(crate) channelvars: bool,
    /// How long `Dial` lets phones ring, where a test wants it otherwise than the dial plan.
    pub(crate) ring_time: Option<Duration>,
    /// Seconds since 1970 when this exchange was made, at the duration zero.
    born: u64,
    /// When Asterisk was started last.
    pub(crate) started: Duration,
    pub(crate) now: Duration,
    next_number: u64,
    next_name: u64,
    next_local: u64,
    next_bridge: u64,
    next_task: u64,
    next_slot: u32,
    pub(crate) phones: BTreeMap<String, Phone>,
    pub(crate) trunk: Phone,
    pub(crate) channels: BTreeMap<ChannelKey, Channel>,
    pub(crate) bridges: BTreeMap<BridgeKey, Bridge>,
    dials: BTreeMap<DialKey, Dialing>,
    consultations: Vec<Consultation>,
    pub(crate) members: Vec<Member>,
    pub(crate) waiting: Vec<(ChannelKey, Duration)>,
    tasks: BTreeMap<(Duration, u64), Task>,
    out: Vec<Packet>,
}

impl Exchange {
    /// An exchange with the phones 6001 to 6003, of which 6001 and 6002 are members of the queue `support`.
    pub(crate) fn new(modern: bool, born: u64) -> Self {
        let phones = [("6001", "Agent One"), ("6002", "佐藤 花子"), ("6003", "Agent Three")];
        let member = |number: &str| Member {
            name: format!("PJSIP/{number}"),
            interface: format!("PJSIP/{number}"),
            dynamic: false,
            paused: false,
            reason: String::new(),
            calls: 0,
            last_call: 0,
            last_pause: 0,
            login: born,
        };
        Self {
            modern,
            channelvars: false,
            ring_time: None,
            born,
            started: Duration::ZERO,
            now: Duration::ZERO,
            next_number: 0,
            next_name: 0,
            next_local: 0,
            next_bridge: 0,
            next_task: 0,
            next_slot: 701,
            phones: phones.into_iter().map(|(number, name)| (number.to_owned(), Phone::new(name))).collect(),
            trunk: Phone::new(""),
            channels: BTreeMap::new(),
            bridges: BTreeMap::new(),
            dials: BTreeMap::new(),
            consultations: Vec::new(),
            members: vec![member("6001"), member("6002")],
            waiting: Vec::new(),
            tasks: BTreeMap::new(),
            out: Vec::new(),
        }
    }

    /// Seconds since 1970.
    pub(crate) fn epoch(&self) -> u64 {
        self.born + self.now.as_secs()
    }

    /// Seconds since 1970 when Asterisk was started.
    pub(crate) fn startup_epoch(&self) -> u64 {
        self.born + self.started.as_secs()
    }

    /// Everything is gone, and a new Asterisk runs: numbers begin again. At least a second passes.
    pub(crate) fn restart(&mut self) {
        let modern = Self::new(self.modern, self.born);
        let old = std::mem::replace(self, modern);
        self.born = old.born + 1;
        self.channelvars = old.channelvars;
        self.ring_time = old.ring_time;
        self.now = old.now;
        self.started = old.now;
        self.phones = old.phones;
        self.trunk = old.trunk;
        for phone in self.phones.values_mut() {
            phone.last_state = DeviceState::NotInUse;
        }
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.tasks.keys().next().map(|(at, _)| *at)
    }

    /// Lets time pass up to `now` and does what became due, in order.
    pub(crate) fn advance(&mut self, now: Duration) {
        while let Some((&(at, number), _)) = self.tasks.first_key_value() {
            if at > now {
                break;
            }
            let task = self.tasks.remove(&(at, number));
            self.now = self.now.max(at);
            if let Some(task) = task {
                self.perform(task);
            }
        }
        self.now = self.now.max(now);
    }

    /// What was to be told since the last time, device states last (they come from another thread of Asterisk).
    pub(crate) fn take(&mut self) -> Vec<Packet> {
        self.tell_devices();
        std::mem::take(&mut self.out)
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Answer(leg) => self.answer_leg(leg),
            Task::Refuse(leg, how) => self.refuse_leg(leg, how),
            Task::DialTimeout(dial) => self.dial_timeout(dial),
            Task::QueueRetry(caller) => self.queue_round(caller),
            Task::QueueTimeout(caller) => self.queue_timeout(caller),
            Task::HangUp(channel) => self.hang_up(channel, hangup::Who::Party),
            Task::Forward(leg) => self.forward_leg(leg),
            Task::ParkTimeout(channel) => self.park_timeout(channel),
        }
    }

    fn later(&mut self, wait: Duration, task: Task) {
        self.next_task += 1;
        self.tasks.insert((self.now + wait, self.next_task), task);
    }

    fn emit(&mut self, packet: Packet) {
        self.out.push(packet);
    }

    /// Headers of a channel, or none if it is gone.
    pub(crate) fn shot(&self, key: ChannelKey, prefix: &str) -> Vec<(String, String)> {
        self.channels.get(&key).map(|channel| channel.snapshot(prefix, self.channelvars)).unwrap_or_default()
    }

    pub(crate) fn bridge_shot(&self, key: BridgeKey, prefix: &str) -> Vec<(String, String)> {
        self.bridges.get(&key).map(|bridge| bridge.snapshot(prefix)).unwrap_or_default()
    }

    /// An event about one channel.
    fn about(&self, name: &str, class: &'static str, key: ChannelKey) -> Packet {
        Packet::event(name, class).with_all(self.shot(key, ""))
    }

    fn tell(&mut self, name: &str, key: ChannelKey) {
        let packet = self.about(name, "call", key);
        self.emit(packet);
    }

    fn set_var(&mut self, key: ChannelKey, variable: &str, value: &str) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.variables.insert(variable.to_owned(), value.to_owned());
        let packet = self.about("VarSet", "dialplan", key).with("Variable", variable).with("Value", escape_c(value));
        self.emit(packet);
    }

    fn execute(&mut self, key: ChannelKey, application: &str, data: &str) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.application = application.to_owned();
        channel.data = data.to_owned();
        let exten = channel.exten.clone();
        let packet = self
            .about("Newexten", "dialplan", key)
            .with("Extension", exten)
            .with("Application", application)
            .with("AppData", data);
        self.emit(packet);
    }

    /// The next step of the dial plan on that channel.
    fn step(&mut self, key: ChannelKey, priority: u32, application: &str, data: &str) {
        if let Some(channel) = self.channels.get_mut(&key) {
            channel.priority = priority;
        }
        self.execute(key, application, data);
    }

    fn set_state(&mut self, key: ChannelKey, state: State) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        if channel.state == state {
            return;
        }
        channel.state = state;
        self.tell("Newstate", key);
    }

    fn set_connected(&mut self, key: ChannelKey, id: &Id) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.connected = id.clone();
        self.tell("NewConnectedLine", key);
    }

    fn set_caller(&mut self, key: ChannelKey, id: &Id) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.caller = id.clone();
        let pres = if channel.withheld {
            "32 (Presentation Prohibited, Not Screened)"
        } else {
            "0 (Presentation Allowed, Not Screened)"
        };
        let packet = self.about("NewCallerid", "call", key).with("CID-CallingPres", pres);
        self.emit(packet);
    }

    /// A new channel, told as `Newchannel`.
    fn new_channel(&mut self, device: Device, state: State, from: NewChannel) -> ChannelKey {
        let key = self.next_number;
        self.next_number += 1;
        let uniqueid = from.uniqueid.unwrap_or_else(|| format!("{}.{key}", self.epoch()));
        let channel = Channel {
            name: from.name,
            linkedid: from.linkedid.unwrap_or_else(|| uniqueid.clone()),
            uniqueid,
            device,
            state,
            caller: from.caller,
            connected: Id::default(),
            withheld: from.withheld,
            context: from.context,
            exten: from.exten,
            priority: 1,
            application: String::new(),
            data: String::new(),
            variables: BTreeMap::new(),
            bridge: None,
            created: self.now,
            dialed_at: None,
            answered_at: None,
            runs_plan: from.runs_plan,
            on_hold: false,
            queue: None,
            parked: None,
        };
        self.channels.insert(key, channel);
        self.tell("Newchannel", key);
        key
    }

    /// The next name of a PJSIP channel: `PJSIP/6001-00000001`.
    fn pjsip_name(&mut self, endpoint: &str) -> String {
        let number = self.next_name;
        self.next_name += 1;
        format!("PJSIP/{endpoint}-{number:08x}")
    }

    /// A channel by its name or its unique id.
    pub(crate) fn find(&self, name: &str) -> Option<ChannelKey> {
        self.channels
            .iter()
            .find(|(_, channel)| channel.name.eq_ignore_ascii_case(name) || channel.uniqueid == name)
            .map(|(key, _)| *key)
    }

    /// The newest channel of a phone for which `wanted` holds.
    pub(crate) fn phone_channel(&self, number: &str, wanted: impl Fn(&Channel) -> bool) -> Option<ChannelKey> {
        self.channels
            .iter()
            .rev()
            .find(|(_, channel)| channel.device == Device::Phone(number.to_owned()) && wanted(channel))
            .map(|(key, _)| *key)
    }

    /// The newest channel of the trunk for which `wanted` holds.
    pub(crate) fn trunk_channel(&self, wanted: impl Fn(&Channel) -> bool) -> Option<ChannelKey> {
        self.channels
            .iter()
            .rev()
            .find(|(_, channel)| channel.device == Device::Trunk && wanted(channel))
            .map(|(key, _)| *key)
    }

    /// Holds or resumes: the channel's own party pressed the key.
    pub(crate) fn set_hold(&mut self, key: ChannelKey, on: bool) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        if channel.on_hold == on {
            return;
        }
        channel.on_hold = on;
        if on {
            let packet = self.about("Hold", "call", key).with("MusicClass", "default");
            self.emit(packet);
        } else {
            self.tell("Unhold", key);
        }
    }

    /// A hidden or unknown target never becomes a channel; everything else can be called.
    fn can_reach(&self, target: &Target) -> bool {
        match target {
            Target::Phone(number) => {
                self.phones.get(number).is_some_and(|phone| phone.behaviour != Behaviour::Unavailable)
            }
            Target::Trunk(_) => self.trunk.behaviour != Behaviour::Unavailable,
            Target::Local { exten, context } => extension_exists(context, exten),
        }
    }
}

/// What a new channel begins with.
#[derive(Debug, Default)]
struct NewChannel {
    name: String,
    uniqueid: Option<String>,
    linkedid: Option<String>,
    caller: Id,
    withheld: bool,
    context: String,
    exten: String,
    runs_plan: bool,
}
