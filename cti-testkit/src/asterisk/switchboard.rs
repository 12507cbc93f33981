//! The exchange of the simulator without sockets and clocks: every step is a function, time passes when it is told to,
//! and what an Asterisk would send is handed out as packets. For property tests.

use super::action::Action;
use super::call::Call;
use super::exchange::parts::{Behaviour, Channel, Device, Id, Originate, State};
use super::exchange::{Exchange, Who};
use super::packet::Packet;
use super::{Version, lists};
use std::time::Duration;

/// A channel of the exchange. It is never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(u64);

/// An exchange in the hands of a test.
///
/// ```
/// use cti_testkit::asterisk::{Call, Switchboard, Version};
/// let mut board = Switchboard::new(Version::V22, 1_795_225_327);
/// let line = board.call_in(&Call::from("0901234567").to("0312345000")).ok_or("the number is known")?;
/// let phone = board.ringing("6001").ok_or("it rings")?;
/// board.answer(phone);
/// assert_eq!(board.talks(), [vec![phone, line]]);
/// assert!(board.take().iter().any(|packet| packet.get("Event") == Some("BridgeEnter")));
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug)]
pub struct Switchboard {
    exchange: Exchange,
}

impl Switchboard {
    /// An exchange that was started at that second since 1970.
    pub fn new(version: Version, born: u64) -> Self {
        Self { exchange: Exchange::new(version == Version::V22, born) }
    }

    /// `channelvars = CALLERID(num-pres)`: every event of a channel says whether its number may be shown.
    pub fn channelvars(&mut self, on: bool) {
        self.exchange.channelvars = on;
    }

    /// How long it has run.
    pub fn now(&self) -> Duration {
        self.exchange.now
    }

    /// When a phone acts or a time-out comes next, if nothing else happens.
    pub fn next_due(&self) -> Option<Duration> {
        self.exchange.next_due()
    }

    /// Lets time pass, and does what becomes due.
    pub fn wait(&mut self, time: Duration) {
        self.exchange.advance(self.exchange.now + time);
    }

    /// What Asterisk told since the last time.
    pub fn take(&mut self) -> Vec<Packet> {
        self.exchange.advance(self.exchange.now);
        self.exchange.take()
    }

    /// What `CoreShowChannels`, `BridgeList`, `BridgeInfo` of every bridge `QueueStatus` and `ParkedCalls` answer now.
    pub fn snapshot(&self) -> Vec<Packet> {
        let ask = |headers: &[(&str, &str)]| Action {
            client: 0,
            name: String::new(),
            headers: headers.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        };
        let mut packets = lists::channels(&self.exchange, &ask(&[]));
        packets.extend(lists::bridges(&self.exchange, &ask(&[])));
        for bridge in self.exchange.bridges.values() {
            packets.extend(lists::bridge(&self.exchange, &ask(&[("BridgeUniqueid", &bridge.uniqueid)])));
        }
        packets.extend(lists::queue(&self.exchange, &ask(&[])));
        packets.extend(lists::parked(&self.exchange, &ask(&[])));
        packets
    }

    // ---- what is there ------------------------------------------------------------------------------------------

    /// Every line, oldest first.
    pub fn lines(&self) -> Vec<Line> {
        self.exchange.channels.keys().copied().map(Line).collect()
    }

    fn channel(&self, line: Line) -> Option<&Channel> {
        self.exchange.channels.get(&line.0)
    }

    /// The unique id of a line; empty if it is gone.
    pub fn uniqueid(&self, line: Line) -> String {
        self.channel(line).map(|channel| channel.uniqueid.clone()).unwrap_or_default()
    }

    /// The id that the lines of one call share; empty if the line is gone.
    pub fn linkedid(&self, line: Line) -> &str {
        self.channel(line).map_or("", |channel| &channel.linkedid)
    }

    /// The telephone on a line, if it is one.
    pub fn phone(&self, line: Line) -> Option<&str> {
        match &self.channel(line)?.device {
            Device::Phone(number) => Some(number),
            _ => None,
        }
    }

    /// True if that line goes outside.
    pub fn is_outside(&self, line: Line) -> bool {
        self.channel(line).is_some_and(|channel| channel.device == Device::Trunk)
    }

    /// The newest line on which that telephone rings.
    pub fn ringing(&self, phone: &str) -> Option<Line> {
        self.exchange.phone_channel(phone, |channel| channel.state == State::Ringing).map(Line)
    }

    /// The newest outside line that rings at the far end.
    pub fn far_end(&self) -> Option<Line> {
        self.exchange.trunk_channel(|channel| channel.state == State::Ringing).map(Line)
    }

    /// The newest line on which that telephone talks.
    pub fn talking(&self, phone: &str) -> Option<Line> {
        let talks = |channel: &Channel| channel.state == State::Up && channel.bridge.is_some();
        self.exchange.phone_channel(phone, talks).map(Line)
    }

    /// Who talks to whom now, through Local channels too: the telephones and outside lines of each talk.
    pub fn talks(&self) -> Vec<Vec<Line>> {
        self.exchange.talks().into_iter().map(|talk| talk.into_iter().map(Line).collect()).collect()
    }

    /// The other party of a talk of two, as Asterisk sees it: half of a Local channel counts.
    pub fn peer(&self, line: Line) -> Option<Line> {
        self.exchange.peer(line.0).map(Line)
    }

    /// True if that line asks somebody, is asked, or waits for that.
    pub fn in_consultation(&self, line: Line) -> bool {
        self.exchange.in_consultation(line.0)
    }

    /// The slot in which that line is parked.
    pub fn slot(&self, line: Line) -> Option<&str> {
        self.channel(line)?.parked.as_ref().map(|parked| parked.slot.as_str())
    }

    // ---- what people do -----------------------------------------------------------------------------------------

    /// A call comes in from outside. `None` if the dial plan does not know the number.
    pub fn call_in(&mut self, call: &Call) -> Option<Line> {
        self.exchange.call_in(call.id(), call.is_withheld(), call.dialed()).map(Line)
    }

    /// A telephone dials. `None` if the dial plan does not know the number or there is no such telephone.
    pub fn dial(&mut self, phone: &str, number: &str) -> Option<Line> {
        self.exchange.call_from(phone, number).map(Line)
    }

    /// AMI `Originate` of a telephone, which then dials; the customer's number is what it shows.
    pub fn click_to_dial(&mut self, phone: &str, number: &str, shown: &str, timeout: Duration) {
        self.exchange.originate(Originate {
            phone: phone.to_owned(),
            context: "from-internal".to_owned(),
            exten: number.to_owned(),
            caller: Some(Id::new(shown, "")),
            timeout,
            ..Originate::default()
        });
    }

    /// Somebody picks up the phone of a ringing line.
    pub fn answer(&mut self, line: Line) {
        self.exchange.answer_leg(line.0);
    }

    /// The phone of a ringing line says that it is in use (486).
    pub fn refuse_busy(&mut self, line: Line) {
        self.exchange.refuse_leg(line.0, Behaviour::Busy);
    }

    /// The person at a ringing line refuses (603).
    pub fn reject(&mut self, line: Line) {
        self.exchange.refuse_leg(line.0, Behaviour::Rejects);
    }

    /// The party of a line hangs up.
    pub fn hang_up(&mut self, line: Line) {
        self.exchange.hang_up(line.0, Who::Party);
    }

    /// AMI `Hangup`.
    pub fn hang_up_by_ami(&mut self, line: Line) {
        self.exchange.hang_up(line.0, Who::Ami);
    }

    /// `channel request hangup all`.
    pub fn hang_up_all(&mut self) {
        self.exchange.hang_up_all();
    }

    /// Holds or resumes with the key of the telephone.
    pub fn hold(&mut self, line: Line, on: bool) {
        self.exchange.set_hold(line.0, on);
    }

    /// Blind transfer by that line.
    pub fn transfer_blind(&mut self, line: Line, to: &str) -> bool {
        self.exchange.blind_transfer(line.0, to, "from-internal")
    }

    /// Begins an attended transfer; hanging up completes it.
    pub fn consult(&mut self, line: Line, to: &str) -> bool {
        self.exchange.attended_transfer(line.0, to, "from-internal")
    }

    /// AMI `CancelAtxfer`.
    pub fn cancel_transfer(&mut self, line: Line) -> bool {
        self.exchange.cancel_transfer(line.0)
    }

    /// A telephone with two talks connects the others: SIP REFER with Replaces.
    pub fn refer_with_replaces(&mut self, phone: &str) -> bool {
        self.exchange.refer_with_replaces(phone)
    }

    /// AMI `Bridge` of two lines that talk to others.
    pub fn connect(&mut self, one: Line, other: Line) -> bool {
        self.exchange.connect(one.0, other.0)
    }

    /// AMI `Redirect`; whoever the line talked to is hung up.
    pub fn redirect(&mut self, line: Line, to: &str) -> bool {
        self.exchange.redirect(line.0, to, "from-internal")
    }

    /// Parks a line; gives the slot.
    pub fn park(&mut self, line: Line) -> String {
        self.exchange.park(line.0)
    }

    /// A telephone takes a parked call.
    pub fn retrieve(&mut self, phone: &str, slot: &str) -> bool {
        self.exchange.retrieve(phone, slot)
    }

    /// A telephone takes the call that rings on that line.
    pub fn pick_up(&mut self, phone: &str, line: Line) -> bool {
        self.exchange.pick_up(phone, line.0)
    }

    /// From now on that telephone sends callers to another number (302).
    pub fn forward(&mut self, phone: &str, to: &str) {
        if let Some(phone) = self.exchange.phones.get_mut(phone) {
            phone.behaviour = Behaviour::Forwards;
            to.clone_into(&mut phone.forwards_to);
        }
    }

    /// From now on that telephone cannot be reached.
    pub fn unplug(&mut self, phone: &str) {
        self.set(phone, Behaviour::Unavailable);
    }

    /// From now on that telephone never says that it rings.
    pub fn silence(&mut self, phone: &str) {
        self.set(phone, Behaviour::Silent);
    }

    /// From now on that telephone rings again.
    pub fn reset(&mut self, phone: &str) {
        self.set(phone, Behaviour::RingsOut);
    }

    fn set(&mut self, phone: &str, behaviour: Behaviour) {
        if let Some(phone) = self.exchange.phones.get_mut(phone) {
            phone.behaviour = behaviour;
        }
    }

    /// Somebody presses a key.
    pub fn press(&mut self, line: Line, digit: &str) {
        self.exchange.tell_digit_sent(line.0, digit);
    }

    /// AMI `MixMonitor`.
    pub fn record(&mut self, line: Line, file: &str) {
        self.exchange.start_recording(line.0, file);
    }

    /// AMI `MixMonitorMute`.
    pub fn mute_recording(&mut self, line: Line, on: bool) {
        self.exchange.tell_mute(line.0, "both", if on { "1" } else { "0" });
    }

    /// The dial plan sets a channel variable.
    pub fn set_variable(&mut self, line: Line, name: &str, value: &str) {
        self.exchange.put_variable(line.0, name, value);
    }

    /// The dial plan's `UserEvent` on a line.
    pub fn user_event(&mut self, line: Line, name: &str, header: &str, value: &str) {
        let packet = Packet::event("UserEvent", "user")
            .with_all(self.exchange.shot(line.0, ""))
            .with("UserEvent", name)
            .with(header, value);
        self.exchange.inject(packet);
    }

    /// A member of the queue pauses, or goes on.
    pub fn pause(&mut self, phone: &str, paused: bool) -> bool {
        self.exchange.pause_member(&format!("PJSIP/{phone}"), paused, "lunch")
    }

    /// A telephone becomes a member of the queue.
    pub fn join_queue(&mut self, phone: &str) -> bool {
        self.exchange.add_member(&format!("PJSIP/{phone}"), "", false)
    }

    /// A telephone is no member of the queue any more.
    pub fn leave_queue(&mut self, phone: &str) -> bool {
        self.exchange.remove_member(&format!("PJSIP/{phone}")) == Some(true)
    }
}
