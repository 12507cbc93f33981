//! Calling channels: legs ring, are picked up, or say no.

use super::parts::{Behaviour, ChannelKey, Device, DialKey, Dialing, Id, Purpose, State, Target, Task};
use super::{Exchange, NewChannel};
use crate::asterisk::packet::Packet;
use std::time::Duration;

/// What `Dial` empties before it begins, in this order.
const DIAL_VARIABLES: [&str; 11] = [
    "DIALSTATUS",
    "DIALEDPEERNUMBER",
    "DIALEDPEERNAME",
    "ANSWEREDTIME",
    "ANSWEREDTIME_MS",
    "DIALEDTIME",
    "DIALEDTIME_MS",
    "RINGTIME",
    "RINGTIME_MS",
    "PROGRESSTIME",
    "PROGRESSTIME_MS",
];

impl Exchange {
    /// `Dial`: calls the targets together for the caller.
    pub(super) fn start_dial(&mut self, caller: ChannelKey, targets: Vec<Target>, wait: Duration, data: String) {
        for variable in DIAL_VARIABLES {
            self.set_var(caller, variable, "");
        }
        if let Some(channel) = self.channels.get_mut(&caller) {
            channel.dialed_at = Some(self.now);
            channel.answered_at = None;
        }
        let mut legs = Vec::new();
        for target in targets.into_iter().filter(|target| self.can_reach(target)).collect::<Vec<_>>() {
            let leg = self.new_leg(caller, &target);
            self.introduce_leg(caller, leg, "AppDial");
            legs.push((leg, target));
        }
        let dial = self.new_dial(Purpose::Dial { caller }, legs.clone(), data);
        if legs.is_empty() {
            // PJSIP refuses to make a channel for an endpoint without a contact: cause 20, subscriber absent.
            return self.dial_failed(dial, "CHANUNAVAIL", 20, None);
        }
        let single = legs.len() == 1;
        for (leg, target) in &legs {
            if !single && !self.is_local(*leg) {
                self.set_state(*leg, State::Ringing);
            }
            self.join_local(*leg);
            self.tell_dial_begin(Some(caller), *leg, &target.dial_string());
            if single {
                let id = self.channels.get(leg).map(|channel| channel.caller.clone()).unwrap_or_default();
                self.tell_connected_line(caller, &id);
            }
        }
        for (leg, _) in &legs {
            self.run_local(*leg);
        }
        if !legs.iter().any(|(leg, _)| self.is_local(*leg)) {
            self.ring_legs(dial);
        }
        self.later(wait, Task::DialTimeout(dial));
    }

    pub(super) fn new_dial(&mut self, purpose: Purpose, legs: Vec<(ChannelKey, Target)>, data: String) -> DialKey {
        self.next_task += 1;
        let key = self.next_task;
        self.dials.insert(key, Dialing { purpose, legs, data, started: self.now, failed: None });
        key
    }

    /// Tells the caller who is being called; a caller in consultation learns it through the Local channel too.
    pub(super) fn tell_connected_line(&mut self, caller: ChannelKey, id: &Id) {
        self.set_connected(caller, id);
        if let Some(Device::Local { other, second: true, .. }) = self.channels.get(&caller).map(|c| c.device.clone())
            && let Some(talker) = self.peer(other)
        {
            self.set_connected(talker, id);
        }
    }

    pub(super) fn new_leg(&mut self, caller: ChannelKey, target: &Target) -> ChannelKey {
        let linkedid = self.channels.get(&caller).map(|channel| channel.linkedid.clone());
        let leg = match target {
            Target::Phone(number) => {
                let name = self.pjsip_name(number);
                let shown = self.phones.get(number).map(|phone| phone.name.clone()).unwrap_or_default();
                let new = NewChannel {
                    name,
                    linkedid,
                    caller: Id::new(number, &shown),
                    context: "from-internal".to_owned(),
                    exten: "s".to_owned(),
                    ..NewChannel::default()
                };
                self.new_channel(Device::Phone(number.clone()), State::Down, new)
            }
            Target::Trunk(_) => {
                let name = self.pjsip_name("trunk");
                let new = NewChannel {
                    name,
                    linkedid,
                    context: "from-trunk".to_owned(),
                    exten: "s".to_owned(),
                    ..NewChannel::default()
                };
                self.new_channel(Device::Trunk, State::Down, new)
            }
            Target::Local { exten, context } => self.new_local(linkedid, exten, context, false),
        };
        self.set_var(leg, "DIALEDPEERNUMBER", &target.dial_string());
        self.inherit_variables(caller, leg);
        leg
    }

    /// Variables with two underscores go on for ever.
    fn inherit_variables(&mut self, caller: ChannelKey, leg: ChannelKey) {
        let Some(channel) = self.channels.get(&caller) else { return };
        let inherited: Vec<_> = channel
            .variables
            .iter()
            .filter(|(k, _)| k.starts_with("__"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        for (variable, value) in inherited {
            self.set_var(leg, &variable, &value);
        }
    }

    /// The leg learns who calls and what was dialled.
    pub(super) fn introduce_leg(&mut self, caller: ChannelKey, leg: ChannelKey, application: &str) {
        let Some(from) = self.channels.get(&caller) else { return };
        let (id, exten) = (from.caller.clone(), from.exten.clone());
        let shown_name = from.connected.name.clone();
        if let Some(channel) = self.channels.get_mut(&leg) {
            channel.connected = id;
            channel.exten.clone_from(&exten);
        }
        let unnamed = self.channels.get(&leg).is_some_and(|channel| channel.caller.number.is_empty());
        let shown = Id::new(&exten, &shown_name);
        if let Some(channel) = self.channels.get_mut(&leg).filter(|_| unnamed) {
            channel.caller = shown.clone();
        }
        self.execute(leg, application, "(Outgoing Line)");
        if unnamed {
            self.set_caller(leg, &shown);
        }
        self.tell("NewConnectedLine", leg);
    }

    pub(super) fn tell_dial_begin(&mut self, caller: Option<ChannelKey>, leg: ChannelKey, dial_string: &str) {
        let packet = self.dial_packet("DialBegin", caller, leg).with("DialString", dial_string);
        self.emit(packet);
    }

    pub(super) fn tell_dial_end(&mut self, caller: Option<ChannelKey>, leg: ChannelKey, status: &str) {
        let packet = self.dial_packet("DialEnd", caller, leg).with("DialStatus", status);
        self.emit(packet);
    }

    pub(super) fn dial_packet(&self, name: &str, caller: Option<ChannelKey>, leg: ChannelKey) -> Packet {
        let caller = caller.map(|key| self.shot(key, "")).unwrap_or_default();
        Packet::event(name, "call").with_all(caller).with_all(self.shot(leg, "Dest"))
    }

    /// Every leg rings, and each phone does what it does.
    pub(super) fn ring_legs(&mut self, dial: DialKey) {
        let Some(dialing) = self.dials.get(&dial) else { return };
        let (caller, legs) = (dialing.purpose.caller(), dialing.legs.clone());
        let legs: Vec<_> =
            legs.into_iter().filter(|(leg, _)| self.behaviour(*leg) != Some(Behaviour::Silent)).collect();
        if legs.is_empty() {
            return;
        }
        for (leg, _) in &legs {
            self.set_state(*leg, State::Ringing);
        }
        if let Some(caller) = caller {
            self.set_var(caller, "RINGTIME", "0");
            self.set_var(caller, "RINGTIME_MS", "2");
        }
        for (leg, _) in legs.iter().rev() {
            let packet = self.dial_packet("DialState", caller, *leg).with("DialStatus", "RINGING");
            self.emit(packet);
        }
        for (leg, _) in legs {
            self.behave(leg);
        }
        if let Some(caller) = caller {
            self.local_rings(caller);
        }
    }

    fn behaviour(&self, leg: ChannelKey) -> Option<Behaviour> {
        match &self.channels.get(&leg)?.device {
            Device::Phone(number) => self.phones.get(number).map(|phone| phone.behaviour),
            Device::Trunk => Some(self.trunk.behaviour),
            Device::Local { .. } => None,
        }
    }

    /// What the phone of a ringing leg will do.
    pub(super) fn behave(&mut self, leg: ChannelKey) {
        match self.behaviour(leg) {
            Some(Behaviour::AnswersAfter(wait)) => self.later(wait, Task::Answer(leg)),
            Some(how @ (Behaviour::Busy | Behaviour::Rejects)) => self.later(Duration::ZERO, Task::Refuse(leg, how)),
            Some(Behaviour::Forwards) => self.later(Duration::ZERO, Task::Forward(leg)),
            _ => {}
        }
    }

    pub(super) fn dial_of(&self, leg: ChannelKey) -> Option<DialKey> {
        self.dials.iter().find(|(_, dial)| dial.legs.iter().any(|(key, _)| *key == leg)).map(|(key, _)| *key)
    }

    /// Somebody picks up the phone of that leg.
    pub(crate) fn answer_leg(&mut self, leg: ChannelKey) {
        let Some(key) = self.dial_of(leg) else { return };
        let Some(dialing) = self.dials.remove(&key) else { return };
        self.set_state(leg, State::Up);
        if let Some(channel) = self.channels.get_mut(&leg) {
            channel.answered_at = Some(self.now);
        }
        self.schedule_hang_up(leg);
        match dialing.purpose.clone() {
            Purpose::Dial { caller } => self.dial_answered(caller, leg, &dialing),
            Purpose::Queue { caller, queue } => self.queue_answered(caller, leg, &queue, &dialing),
            Purpose::Originate(originate) => self.originate_answered(leg, &originate),
        }
    }

    fn schedule_hang_up(&mut self, leg: ChannelKey) {
        let after = match self.channels.get(&leg).map(|channel| &channel.device) {
            Some(Device::Phone(number)) => self.phones.get(number).and_then(|phone| phone.hangs_up_after),
            Some(Device::Trunk) => self.trunk.hangs_up_after,
            _ => None,
        };
        if let Some(after) = after {
            self.later(after, Task::HangUp(leg));
        }
    }

    fn dial_answered(&mut self, caller: ChannelKey, leg: ChannelKey, dialing: &Dialing) {
        let losers: Vec<ChannelKey> = dialing.legs.iter().map(|(key, _)| *key).filter(|key| *key != leg).collect();
        let id = self.channels.get(&leg).map(|channel| channel.caller.clone()).unwrap_or_default();
        if dialing.legs.len() > 1 {
            self.set_connected(caller, &id);
        }
        for loser in &losers {
            self.tell_dial_end(Some(caller), *loser, "CANCEL");
        }
        let name = self.channels.get(&leg).map(|channel| channel.name.clone()).unwrap_or_default();
        let dialed = dialing.legs.iter().find(|(key, _)| *key == leg).map(|(_, target)| target.dial_string());
        self.set_var(caller, "DIALSTATUS", "ANSWER");
        self.set_var(caller, "DIALEDPEERNAME", &name);
        self.set_var(caller, "DIALEDPEERNUMBER", dialed.as_deref().unwrap_or_default());
        if let Some(channel) = self.channels.get_mut(&leg) {
            channel.exten.clear();
        }
        self.tell_dial_end(Some(caller), leg, "ANSWER");
        self.set_state(caller, State::Up);
        if let Some(channel) = self.channels.get_mut(&caller) {
            channel.answered_at = Some(self.now);
        }
        for loser in losers.into_iter().rev() {
            self.drop_channel(loser, 26);
        }
        let bridge = self.new_bridge();
        self.execute(leg, "AppDial", "(Outgoing Line)");
        self.enter(leg, bridge, None);
        self.local_answered(caller);
        self.enter(caller, bridge, None);
        self.tell_peers(bridge);
        self.optimise(caller);
        self.finish_blond(leg);
    }

    /// The phone of that leg says no.
    pub(crate) fn refuse_leg(&mut self, leg: ChannelKey, how: Behaviour) {
        let (cause, sip) = if how == Behaviour::Rejects { (21, 603) } else { (17, 486) };
        if self.dial_of(leg).is_none() {
            return;
        }
        let mut packet = self.about("HangupRequest", "call", leg).with("Cause", cause.to_string());
        if self.modern {
            packet = packet.with("TechCause", sip.to_string());
        }
        self.emit(packet);
        self.leg_failed(leg, cause, self.modern.then_some(sip));
    }

    /// One leg is gone before it was answered.
    pub(super) fn leg_failed(&mut self, leg: ChannelKey, cause: u32, sip: Option<u32>) {
        let Some(key) = self.dial_of(leg) else { return };
        // ast_hangup_cause_to_dial_status of Asterisk: everything that is not busy or congestion is "no answer".
        let status = match cause {
            17 => "BUSY",
            34 => "CONGESTION",
            3 | 20 => "CHANUNAVAIL",
            _ => "NOANSWER",
        };
        let Some(dialing) = self.dials.get_mut(&key) else { return };
        let caller = dialing.purpose.caller();
        dialing.legs.retain(|(other, _)| *other != leg);
        // The variable of the caller is made another way: a rejected call counts as unavailable there.
        let variable = if cause == 21 { "CHANUNAVAIL" } else { status };
        dialing.failed = Some((variable, cause, sip));
        let (last, purpose) = (dialing.legs.is_empty(), dialing.purpose.clone());
        self.tell_dial_end(caller, leg, status);
        match purpose {
            Purpose::Dial { .. } if last => {
                self.dial_failed_with(key, variable, cause, sip, Some(leg));
            }
            Purpose::Queue { caller, queue } => self.member_failed(caller, leg, &queue, cause, sip, last, key),
            Purpose::Originate(originate) => {
                self.dials.remove(&key);
                self.originate_failed(&originate, "0");
                self.hang_up_leg(leg, cause, sip);
            }
            Purpose::Dial { .. } => self.hang_up_leg(leg, cause, sip),
        }
    }

    fn dial_failed(&mut self, key: DialKey, status: &'static str, cause: u32, sip: Option<u32>) {
        self.dial_failed_with(key, status, cause, sip, None);
    }

    /// Nobody is left to be called: the caller goes on in the dial plan, which hangs up.
    fn dial_failed_with(&mut self, key: DialKey, status: &str, cause: u32, sip: Option<u32>, last: Option<ChannelKey>) {
        let Some(dialing) = self.dials.remove(&key) else { return };
        let Some(caller) = dialing.purpose.caller() else { return };
        self.set_var(caller, "DIALSTATUS", status);
        let priority = self.channels.get(&caller).map_or(1, |channel| channel.priority) + 1;
        self.step(caller, priority, "Hangup", "");
        let packet = self.about("SoftHangupRequest", "call", caller).with("Cause", "16");
        self.emit(packet);
        let dest = last.map(|leg| self.shot(leg, "")).unwrap_or_default();
        if let Some(leg) = last {
            self.hang_up_leg(leg, cause, sip);
        }
        self.tell_cdr(caller, dest, &dialing, if status == "BUSY" { "BUSY" } else { "NO ANSWER" });
        self.end_plan(caller, cause, sip);
    }

    /// It rang long enough.
    pub(super) fn dial_timeout(&mut self, key: DialKey) {
        let Some(dialing) = self.dials.remove(&key) else { return };
        match &dialing.purpose {
            Purpose::Originate(originate) => {
                for (leg, _) in &dialing.legs {
                    self.tell_dial_end(None, *leg, "NOANSWER");
                }
                self.originate_failed(originate, "3");
                for (leg, _) in &dialing.legs {
                    self.hang_up_leg(*leg, 16, None);
                }
            }
            Purpose::Queue { caller, queue } => {
                let (caller, queue) = (*caller, queue.clone());
                self.queue_round_over(caller, &queue, &dialing);
            }
            Purpose::Dial { caller } => {
                let caller = *caller;
                for (leg, _) in &dialing.legs {
                    self.tell_dial_end(Some(caller), *leg, "NOANSWER");
                }
                self.set_var(caller, "DIALSTATUS", "NOANSWER");
                let priority = self.channels.get(&caller).map_or(1, |channel| channel.priority) + 1;
                self.step(caller, priority, "Hangup", "");
                let packet = self.about("SoftHangupRequest", "call", caller).with("Cause", "16");
                self.emit(packet);
                let dest = dialing.legs.first().map(|(leg, _)| self.shot(*leg, "")).unwrap_or_default();
                for (leg, _) in &dialing.legs {
                    self.drop_channel(*leg, 0);
                }
                self.tell_cdr(caller, dest, &dialing, "NO ANSWER");
                self.end_plan(caller, 16, None);
            }
        }
    }

    /// The caller gives up while it rings.
    pub(super) fn cancel_dial(&mut self, key: DialKey, caller: ChannelKey) {
        let Some(dialing) = self.dials.remove(&key) else { return };
        for (leg, _) in &dialing.legs {
            self.tell_dial_end(Some(caller), *leg, "CANCEL");
        }
        self.set_var(caller, "DIALSTATUS", "CANCEL");
        let dest = dialing.legs.first().map(|(leg, _)| self.shot(*leg, "")).unwrap_or_default();
        for (leg, _) in &dialing.legs {
            self.drop_channel(*leg, 0);
        }
        let packet = self.about("SoftHangupRequest", "call", caller).with("Cause", "16");
        self.emit(packet);
        self.tell_cdr(caller, dest, &dialing, "NO ANSWER");
    }

    pub(super) fn is_local(&self, key: ChannelKey) -> bool {
        self.channels.get(&key).is_some_and(super::parts::Channel::is_local)
    }
}
