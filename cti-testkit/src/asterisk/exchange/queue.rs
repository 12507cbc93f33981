//! The queue `support`: ring-all.

use super::Exchange;
use super::parts::{
    ChannelKey, Device, DeviceState, DialKey, Dialing, Member, Purpose, QueueTalk, State, Target, Task,
};
use crate::asterisk::packet::Packet;
use std::time::Duration;

use super::QUEUE;

/// How long one round of ringing lasts, and the pause before the next (queues.conf `timeout` and `retry`).
const ROUND: Duration = Duration::from_secs(15);
const RETRY: Duration = Duration::from_secs(5);
/// How long `Queue(support,tT,,,20)` lets a caller wait.
const PATIENCE: Duration = Duration::from_secs(20);

impl Exchange {
    pub(super) fn join_queue(&mut self, caller: ChannelKey) {
        for variable in ["ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME", "DIALEDTIME_MS", "QUEUEWAIT", "QUEUEWAIT_MS"]
        {
            self.set_var(caller, variable, "");
        }
        if let Some(channel) = self.channels.get_mut(&caller) {
            channel.dialed_at = Some(self.now);
        }
        self.waiting.push((caller, self.now));
        let count = self.waiting.len().to_string();
        let packet = self
            .about("QueueCallerJoin", "agent", caller)
            .with("Queue", QUEUE)
            .with("Position", &count)
            .with("Count", count);
        self.emit(packet);
        self.later(PATIENCE, Task::QueueTimeout(caller));
        self.queue_round(caller);
    }

    /// Rings every member that is free.
    pub(super) fn queue_round(&mut self, caller: ChannelKey) {
        if !self.waiting.iter().any(|(waiting, _)| *waiting == caller) {
            return;
        }
        let free: Vec<Member> = self.members.iter().filter(|member| self.is_free(member)).cloned().collect();
        if free.is_empty() {
            return self.later(RETRY, Task::QueueRetry(caller));
        }
        let mut legs = Vec::new();
        for member in free {
            let target = Target::Phone(member.phone().to_owned());
            let leg = self.new_leg(caller, &target);
            self.call_member(caller, leg, &member);
            legs.push((leg, target));
        }
        for (leg, _) in &legs {
            self.ring_member(caller, *leg);
        }
        let purpose = Purpose::Queue { caller, queue: QUEUE.to_owned() };
        let dial = self.new_dial(purpose, legs.clone(), format!("{QUEUE},tT,,,20"));
        for (leg, _) in legs {
            self.behave(leg);
        }
        self.later(ROUND, Task::DialTimeout(dial));
    }

    fn is_free(&self, member: &Member) -> bool {
        let device = Device::Phone(member.phone().to_owned());
        !member.paused && self.device_state(&device) == DeviceState::NotInUse
    }

    fn call_member(&mut self, caller: ChannelKey, leg: ChannelKey, member: &Member) {
        // The recorded Asterisk 22 shows the leg in DialBegin as it was before it learnt who calls.
        let begin = Packet::event("DialBegin", "call")
            .with_all(self.shot(caller, ""))
            .with_all(self.shot(leg, "Dest"))
            .with("DialString", &member.interface);
        // Before 12 app_queue raises no `Dial`.
        let begin = Some(begin).filter(|_| !self.is_old());
        let from = self.channels.get(&caller).map(|c| (c.caller.clone(), c.exten.clone())).unwrap_or_default();
        if let Some(channel) = self.channels.get_mut(&leg) {
            (channel.connected, channel.exten) = from;
        }
        let packet = self.agent_packet("AgentCalled", caller, leg, &member.interface, &member.name);
        self.emit(packet);
        if let Some(begin) = begin {
            self.emit(begin);
        }
    }

    fn ring_member(&mut self, caller: ChannelKey, leg: ChannelKey) {
        self.set_state(leg, State::Ringing);
        self.execute(leg, "AppQueue", "(Outgoing Line)");
        self.tell("NewConnectedLine", leg);
        let packet = Packet::event("DialState", "call")
            .with_all(self.shot(caller, ""))
            .with_all(self.shot(leg, "Dest"))
            .with("DialStatus", "RINGING");
        self.emit(packet);
    }

    fn agent_packet(&self, name: &str, caller: ChannelKey, leg: ChannelKey, interface: &str, member: &str) -> Packet {
        self.about(name, "agent", caller)
            .with_all(self.shot(leg, "Dest"))
            .with("Queue", QUEUE)
            .with("Interface", interface)
            .with("MemberName", member)
    }

    fn member_of(&self, leg: ChannelKey) -> (String, String) {
        let interface = self.channels.get(&leg).map(|channel| channel.device_name().to_owned()).unwrap_or_default();
        let name = self.members.iter().find(|member| member.interface == interface).map(|member| member.name.clone());
        (interface.clone(), name.unwrap_or(interface))
    }

    pub(super) fn queue_answered(&mut self, caller: ChannelKey, leg: ChannelKey, queue: &str, dialing: &Dialing) {
        let losers: Vec<ChannelKey> = dialing.legs.iter().map(|(key, _)| *key).filter(|key| *key != leg).collect();
        self.tell_dial_end(Some(caller), leg, "ANSWER");
        let id = self.channels.get(&leg).map(|channel| channel.caller.clone()).unwrap_or_default();
        for loser in &losers {
            self.tell_dial_end(Some(caller), *loser, "CANCEL");
        }
        self.set_connected(caller, &id);
        // app_queue tells the end of the losers twice.
        for loser in &losers {
            self.tell_dial_end(Some(caller), *loser, "CANCEL");
        }
        if self.is_old() {
            for loser in &losers {
                self.drop_channel(*loser, self.elsewhere(true));
            }
        }
        let waited = self.leave_queue(caller);
        self.set_var(caller, "QUEUEPOSITION", "1");
        self.set_var(caller, "QUEUEWAIT", &waited.as_secs().to_string());
        self.set_var(caller, "QUEUEWAIT_MS", &waited.as_millis().to_string());
        let (interface, name) = self.member_of(leg);
        let rang = self.now.saturating_sub(dialing.started).as_secs().to_string();
        let packet = self
            .agent_packet("AgentConnect", caller, leg, &interface, &name)
            .with("HoldTime", waited.as_secs().to_string())
            .with("RingTime", rang);
        self.emit(packet);
        if let Some(channel) = self.channels.get_mut(&caller) {
            channel.answered_at = Some(self.now);
            channel.queue = Some(QueueTalk { queue: queue.to_owned(), member: leg, waited: waited.as_secs() });
        }
        let bridge = self.new_bridge();
        self.enter(leg, bridge, None);
        self.enter(caller, bridge, None);
        self.tell_peers(bridge);
        for loser in losers {
            self.drop_channel(loser, 26);
        }
    }

    /// `QueueCallerLeave`; returns how long the caller waited.
    fn leave_queue(&mut self, caller: ChannelKey) -> Duration {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == caller);
        let since = place.map_or(self.now, |place| self.waiting.remove(place).1);
        let packet = self
            .about("QueueCallerLeave", "agent", caller)
            .with("Queue", QUEUE)
            .with("Position", (place.unwrap_or_default() + 1).to_string())
            .with("Count", self.waiting.len().to_string());
        self.emit(packet);
        self.now.saturating_sub(since)
    }

    /// A member said no.
    #[allow(clippy::too_many_arguments, reason = "the facts of one leg's end, passed on from one caller only")]
    pub(super) fn member_failed(
        &mut self,
        caller: ChannelKey,
        leg: ChannelKey,
        queue: &str,
        cause: u32,
        sip: Option<u32>,
        last: bool,
        dial: DialKey,
    ) {
        let since = self.dials.get(&dial).map_or(self.now, |dial| dial.started);
        if self.is_old() && cause == 17 {
            // `wait_for_answer` before 12 hangs a busy member up first.
            let member = self.member_of(leg);
            self.hang_up_leg(leg, cause, sip);
            self.old_ring_no_answer(caller, &member, since);
        } else {
            self.ring_no_answer(caller, leg, queue, since);
            self.hang_up_leg(leg, cause, sip);
        }
        if last {
            self.dials.remove(&dial);
            self.later(RETRY, Task::QueueRetry(caller));
        }
    }

    fn ring_no_answer(&mut self, caller: ChannelKey, leg: ChannelKey, _queue: &str, since: Duration) {
        let (interface, name) = self.member_of(leg);
        let rang = self.now.saturating_sub(since).as_millis().to_string();
        let packet = self.agent_packet("AgentRingNoAnswer", caller, leg, &interface, &name).with("RingTime", rang);
        self.emit(packet);
    }

    /// The same for a leg that is gone already.
    fn old_ring_no_answer(&mut self, caller: ChannelKey, (interface, name): &(String, String), since: Duration) {
        let rang = self.now.saturating_sub(since).as_millis().to_string();
        let packet = self
            .about("AgentRingNoAnswer", "agent", caller)
            .with("Queue", QUEUE)
            .with("Interface", interface)
            .with("MemberName", name)
            .with("RingTime", rang);
        self.emit(packet);
    }

    /// Nobody answered in this round.
    pub(super) fn queue_round_over(&mut self, caller: ChannelKey, queue: &str, dialing: &Dialing) {
        for (leg, _) in &dialing.legs {
            self.tell_dial_end(Some(caller), *leg, "NOANSWER");
            self.ring_no_answer(caller, *leg, queue, dialing.started);
        }
        for (leg, _) in &dialing.legs {
            self.drop_channel(*leg, 0);
        }
        self.later(RETRY, Task::QueueRetry(caller));
    }

    fn cancel_round(&mut self, caller: ChannelKey, twice: bool) {
        let round = self.dials.iter().find(|(_, dial)| dial.purpose.caller() == Some(caller)).map(|(key, _)| *key);
        let Some(dialing) = round.and_then(|round| self.dials.remove(&round)) else { return };
        for _ in 0..if twice { 2 } else { 1 } {
            for (leg, _) in &dialing.legs {
                self.tell_dial_end(Some(caller), *leg, "CANCEL");
            }
        }
        for (leg, _) in &dialing.legs {
            self.drop_channel(*leg, 0);
        }
    }

    /// The caller hangs up while waiting.
    pub(super) fn abandon_queue(&mut self, caller: ChannelKey) {
        self.cancel_round(caller, true);
        self.set_var(caller, "ABANDONED", "TRUE");
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == caller).unwrap_or_default();
        let since = self.waiting.get(place).map_or(self.now, |(_, since)| *since);
        let packet = self
            .about("QueueCallerAbandon", "agent", caller)
            .with("Queue", QUEUE)
            .with("Position", (place + 1).to_string())
            .with("OriginalPosition", (place + 1).to_string())
            .with("HoldTime", self.now.saturating_sub(since).as_secs().to_string());
        self.emit(packet);
        self.leave_queue(caller);
        self.set_var(caller, "QUEUEPOSITION", "1");
        let packet = self.about("SoftHangupRequest", "call", caller).with("Cause", "16");
        self.emit(packet);
        self.hang_up_leg(caller, 16, None);
    }

    /// The caller has waited long enough: the dial plan goes on, and ends.
    pub(super) fn queue_timeout(&mut self, caller: ChannelKey) {
        if !self.waiting.iter().any(|(waiting, _)| *waiting == caller) {
            return;
        }
        self.cancel_round(caller, true);
        self.leave_queue(caller);
        self.set_var(caller, "QUEUESTATUS", "TIMEOUT");
        self.step(caller, 3, "Hangup", "");
        let packet = self.about("SoftHangupRequest", "call", caller).with("Cause", "16");
        self.emit(packet);
        self.end_plan(caller, 16, None);
    }

    /// A talk that the queue connected ends or is handed on: `AgentComplete`.
    pub(super) fn complete_queue_talk(&mut self, ender: ChannelKey, other: ChannelKey) {
        let caller = [ender, other].into_iter().find(|key| self.channels.get(key).is_some_and(|c| c.queue.is_some()));
        let Some(caller) = caller else { return };
        let reason = if ender == caller { "caller" } else { "agent" };
        self.tell_agent_complete(caller, reason);
    }

    pub(super) fn tell_agent_complete(&mut self, caller: ChannelKey, reason: &str) {
        let Some(channel) = self.channels.get_mut(&caller) else { return };
        let Some(talk) = channel.queue.take() else { return };
        let talked = self.now.saturating_sub(channel.answered_at.unwrap_or(self.now)).as_secs();
        let (interface, name) = self.member_of(talk.member);
        let packet = self
            .agent_packet("AgentComplete", caller, talk.member, &interface, &name)
            .with("HoldTime", talk.waited.to_string())
            .with("TalkTime", talked.to_string())
            .with("Reason", reason);
        self.emit(packet);
        let epoch = self.epoch();
        if let Some(member) = self.members.iter_mut().find(|member| member.interface == interface) {
            member.calls += 1;
            member.last_call = epoch;
        }
        let _ = talk.queue;
    }

    /// The headers of a member as they stand in events.
    fn member_packet(&self, event: &str, member: &Member) -> Packet {
        let device = Device::Phone(member.phone().to_owned());
        Packet::event(event, "agent")
            .with("Queue", QUEUE)
            .with("MemberName", &member.name)
            .with("Interface", &member.interface)
            .with("StateInterface", &member.interface)
            .with_all(member_figures(member, self.device_state(&device)))
            .with("Ringinuse", "0")
            .with("Wrapuptime", "0")
    }

    pub(super) fn tell_member_states(&mut self, interface: &str) {
        let members: Vec<Member> =
            self.members.iter().filter(|member| member.interface == interface).cloned().collect();
        for member in members {
            let packet = self.member_packet("QueueMemberStatus", &member);
            self.emit(packet);
        }
    }

    /// Pauses or goes on. False if there is no such member.
    pub(crate) fn pause_member(&mut self, interface: &str, paused: bool, reason: &str) -> bool {
        let epoch = self.epoch();
        let Some(member) = self.members.iter_mut().find(|member| member.interface == interface) else { return false };
        member.paused = paused;
        member.reason = if paused { reason.to_owned() } else { String::new() };
        if paused {
            member.last_pause = epoch;
        }
        let member = member.clone();
        let state = if paused { DeviceState::InUse } else { DeviceState::NotInUse };
        self.tell_device(&format!("Queue:{QUEUE}_pause_{}", member.name), state);
        let packet = self.member_packet("QueueMemberPause", &member);
        self.emit(packet);
        true
    }

    /// Adds a member. False if it is one already.
    pub(crate) fn add_member(&mut self, interface: &str, name: &str, paused: bool) -> bool {
        if self.members.iter().any(|member| member.interface == interface) {
            return false;
        }
        let name = if name.is_empty() { interface } else { name };
        let member = Member {
            name: name.to_owned(),
            interface: interface.to_owned(),
            dynamic: true,
            paused,
            reason: String::new(),
            calls: 0,
            last_call: 0,
            last_pause: 0,
            login: self.epoch(),
        };
        let packet = self.member_packet("QueueMemberAdded", &member);
        self.members.push(member);
        self.emit(packet);
        true
    }

    /// Removes a dynamic member. `None` if there is none, `Some(false)` if it is in the configuration file.
    pub(crate) fn remove_member(&mut self, interface: &str) -> Option<bool> {
        let place = self.members.iter().position(|member| member.interface == interface)?;
        if !self.members[place].dynamic {
            return Some(false);
        }
        let member = self.members.remove(place);
        let packet = self.member_packet("QueueMemberRemoved", &member);
        self.emit(packet);
        Some(true)
    }
}

/// What events and lists both say of a member.
pub(crate) fn member_figures(member: &Member, state: DeviceState) -> Vec<(String, String)> {
    [
        ("Membership", if member.dynamic { "dynamic" } else { "static" }.to_owned()),
        ("Penalty", "0".to_owned()),
        ("CallsTaken", member.calls.to_string()),
        ("LastCall", member.last_call.to_string()),
        ("LastPause", member.last_pause.to_string()),
        ("LoginTime", member.login.to_string()),
        ("InCall", "0".to_owned()),
        ("Status", state.number().to_owned()),
        ("Paused", u8::from(member.paused).to_string()),
        ("PausedReason", member.reason.clone()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}
