//! Scenarios made of small steps, played on the simulated exchange and watched through a call model: what really
//! happened is known, since the exchange itself knows who talks to whom.

use super::{calls, journal, model, records, words};
use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::{CallRecord, Direction, Disposition, PbxEvent};
use cti_pbx_asterisk::ami::Message;
use cti_pbx_asterisk::model::CallModel;
use cti_testkit::asterisk::{Call, Line, Packet, Switchboard, Version};
use cti_testkit::laws;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const BORN: i64 = 1_795_225_327;
const PHONES: [&str; 3] = ["6001", "6002", "6003"];
/// The most calls of one scenario that somebody begins on purpose.
const MAX_CALLS: usize = 7;

/// What can happen. The numbers of a generated step choose one, and with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Inbound,
    RingGroup,
    LocalGroup,
    Queue,
    Recorded,
    Conference,
    Withheld,
    Outbound,
    Internal,
    JoinRoom,
    ClickToDial,
    Answer,
    FarEndAnswers,
    Busy,
    Reject,
    FarEndRefuses,
    Wait,
    WaitForTimeOut,
    CallerHangsUp,
    PhoneHangsUp,
    AmiHangup,
    PhoneHolds,
    PhoneResumes,
    CallerHolds,
    CallerResumes,
    BlindTransfer,
    BlindTransferOutside,
    Consult,
    CompleteTransfer,
    CancelTransfer,
    Refer,
    Bridge,
    Redirect,
    Park,
    Retrieve,
    PickUp,
    Forward,
    ForwardOutside,
    Unplug,
    Silence,
    PlugIn,
    Press,
    Record,
    MuteRecording,
    Variable,
    UserEvent,
    Pause,
    GoOn,
    JoinQueue,
    LeaveQueue,
    CutLink,
    Reconnect,
    ReconnectLate,
    RestartReader,
}

use Kind::*;

/// How often each kind comes, beside the others.
const WEIGHTS: [(Kind, usize); 50] = [
    (Inbound, 5),
    (RingGroup, 5),
    (LocalGroup, 5),
    (Queue, 6),
    (Recorded, 3),
    (Conference, 4),
    (Withheld, 2),
    (Outbound, 5),
    (Internal, 5),
    (JoinRoom, 4),
    (ClickToDial, 4),
    (Answer, 26),
    (FarEndAnswers, 8),
    (Busy, 3),
    (Reject, 3),
    (FarEndRefuses, 1),
    (Wait, 8),
    (WaitForTimeOut, 6),
    (CallerHangsUp, 6),
    (PhoneHangsUp, 6),
    (AmiHangup, 2),
    (PhoneHolds, 4),
    (PhoneResumes, 3),
    (CallerHolds, 3),
    (CallerResumes, 2),
    (BlindTransfer, 6),
    (BlindTransferOutside, 3),
    (Consult, 7),
    (CompleteTransfer, 6),
    (CancelTransfer, 3),
    (Refer, 6),
    (Bridge, 5),
    (Redirect, 3),
    (Park, 5),
    (Retrieve, 5),
    (PickUp, 5),
    (Forward, 3),
    (ForwardOutside, 2),
    (Unplug, 1),
    (Silence, 1),
    (PlugIn, 2),
    (Press, 1),
    (Record, 2),
    (MuteRecording, 1),
    (Variable, 2),
    (UserEvent, 2),
    (Pause, 1),
    (GoOn, 1),
    (JoinQueue, 2),
    (LeaveQueue, 1),
];

/// What can happen to the reader, beside what happens on the PBX.
const FAULTS: [(Kind, usize); 4] = [(CutLink, 9), (Reconnect, 9), (ReconnectLate, 6), (RestartReader, 4)];

/// One generated step: what, and two choices that it may need.
pub(crate) type Step = (u16, u8, u8);

fn kind(number: u16, faults: bool) -> Kind {
    let total = |list: &[(Kind, usize)]| list.iter().map(|(_, weight)| weight).sum::<usize>();
    let all = total(&WEIGHTS) + if faults { total(&FAULTS) } else { 0 };
    let mut place = usize::from(number) % all;
    for (kind, weight) in WEIGHTS.into_iter().chain(FAULTS) {
        match place.checked_sub(weight) {
            Some(rest) => place = rest,
            None => return kind,
        }
    }
    Wait
}

/// The kinds of generated steps, by name: for tests that play a scenario that once went wrong.
pub(crate) fn named(steps: &[Step], faults: bool) -> Vec<(Kind, u8, u8)> {
    steps.iter().map(|&(number, a, b)| (kind(number, faults), a, b)).collect()
}

/// A call that somebody began, and what became of it in truth.
#[derive(Debug, Clone, Default)]
struct Truth {
    direction: Option<Direction>,
    number: Option<String>,
    withheld: bool,
    /// Its parties talked: an outside party to somebody (or two telephones, of an internal call).
    talked: bool,
    /// Every telephone that talked in it, and those of the last talk.
    phones: BTreeSet<String>,
    last: BTreeSet<String>,
    /// Three or more shared a talk at some time.
    crowd: bool,
    /// A reader was there when it was; and when it began.
    seen: bool,
    seen_birth: bool,
    /// The calls that became one with it.
    joined: BTreeSet<String>,
}

/// The exchange, a reader, and what is true.
pub(crate) struct Play {
    board: Switchboard,
    model: CallModel,
    connected: bool,
    ever_cut: bool,
    /// The programme was started anew; a snapshot came before older events.
    restarted: bool,
    late: bool,
    /// Two talks were made one: those may be over in the same step.
    joined: bool,
    /// What came on the new link before the snapshot was read.
    waiting: Option<Vec<Message>>,
    roots: BTreeMap<String, Truth>,
    /// The `Linkedid`s that each line had.
    linkedids: BTreeMap<Line, String>,
    /// The callers whose call was over at once.
    brief: BTreeSet<String>,
    count: usize,
    pub(crate) messages: Vec<(Message, DateTime<Utc>)>,
    pub(crate) events: Vec<PbxEvent>,
}

pub(crate) fn message(packet: &Packet) -> Message {
    Message::parse(packet.to_bytes().into())
}

impl Play {
    pub(crate) fn new() -> Self {
        let mut board = Switchboard::new(Version::V22, BORN as u64);
        board.channelvars(true);
        Self {
            board,
            model: model(),
            connected: true,
            ever_cut: false,
            restarted: false,
            late: false,
            joined: false,
            waiting: None,
            roots: BTreeMap::new(),
            linkedids: BTreeMap::new(),
            brief: BTreeSet::new(),
            count: 0,
            messages: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Plays the steps and lets everybody hang up in the end.
    pub(crate) fn run(steps: &[(Kind, u8, u8)]) -> Self {
        let mut play = Self::new();
        for &(kind, a, b) in steps {
            play.step(kind, a, b);
            play.observe();
        }
        play.finish();
        play
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(BORN, 0).unwrap() + TimeDelta::from_std(self.board.now()).unwrap()
    }

    fn step(&mut self, kind: Kind, a: u8, b: u8) {
        let phone = PHONES[usize::from(a) % PHONES.len()];
        let other = PHONES[usize::from(b) % PHONES.len()];
        let wait = Duration::from_millis(u64::from(b) * 40);
        self.board.wait(Duration::from_millis(u64::from(a) * 3));
        match kind {
            Inbound => self.call_in("0312345000", false),
            RingGroup => self.call_in("0312345001", false),
            Queue => self.call_in("0312345002", false),
            LocalGroup => self.call_in("0312345004", false),
            Recorded => self.call_in("0312345005", false),
            Conference => self.call_in("0312345006", false),
            Withheld => self.call_in(["0312345000", "0312345001", "0312345002"][usize::from(b) % 3], true),
            Outbound => {
                let number = self.number("0800");
                self.dial(phone, &format!("9{number}"), Direction::Outbound, &number);
            }
            Internal => self.dial(phone, other, Direction::Internal, other),
            JoinRoom => self.dial(phone, "8000", Direction::Internal, "8000"),
            ClickToDial => self.click_to_dial(phone),
            Answer => self.ringing(phone, |board, line| board.answer(line)),
            Busy => self.ringing(phone, |board, line| board.refuse_busy(line)),
            Reject => self.ringing(phone, |board, line| board.reject(line)),
            FarEndAnswers => drop(self.board.far_end().map(|line| self.board.answer(line))),
            FarEndRefuses => drop(self.board.far_end().map(|line| self.board.refuse_busy(line))),
            Wait => self.board.wait(wait),
            WaitForTimeOut => {
                let due = self.board.next_due().map(|due| due.saturating_sub(self.board.now()));
                self.board.wait(due.unwrap_or(wait));
            }
            CallerHangsUp => self.outside(b, |board, line| board.hang_up(line)),
            PhoneHangsUp => self.of_phone(phone, b, |board, line| board.hang_up(line)),
            AmiHangup => self.any(b, |board, line| board.hang_up_by_ami(line)),
            PhoneHolds => self.talking(phone, |board, line| board.hold(line, true)),
            PhoneResumes => self.talking(phone, |board, line| board.hold(line, false)),
            CallerHolds => self.outside(b, |board, line| {
                if board.peer(line).is_some() {
                    board.hold(line, true);
                }
            }),
            CallerResumes => self.outside(b, |board, line| board.hold(line, false)),
            BlindTransfer => self.free(phone, |board, line| {
                board.transfer_blind(line, other);
            }),
            BlindTransferOutside => {
                let number = format!("9{}", self.number("0700"));
                self.free(phone, |board, line| {
                    board.transfer_blind(line, &number);
                });
            }
            Consult => self.free(phone, |board, line| {
                board.consult(line, other);
            }),
            CompleteTransfer => self.asking(phone, |board, line| board.hang_up(line)),
            CancelTransfer => self.asking(phone, |board, line| {
                board.cancel_transfer(line);
            }),
            Refer => self.joined |= self.board.refer_with_replaces(phone),
            Bridge => self.bridge(a, b),
            Redirect => self.outside(b, |board, line| {
                if board.peer(line).is_some() && !board.in_consultation(line) {
                    board.redirect(line, other);
                }
            }),
            Park => self.free(phone, |board, line| {
                if let Some(peer) = board.peer(line) {
                    board.park(peer);
                }
            }),
            Retrieve => self.retrieve(phone, b),
            PickUp => drop(self.board.ringing(other).map(|line| self.board.pick_up(phone, line))),
            Forward => self.board.forward(phone, other),
            ForwardOutside => self.board.forward(phone, "90709999999"),
            Unplug => self.board.unplug(phone),
            Silence => self.board.silence(phone),
            PlugIn => self.board.reset(phone),
            Press => self.any(b, |board, line| board.press(line, "5")),
            Record => self.any(b, |board, line| {
                let file = format!("/tmp/{}.wav", board.uniqueid(line));
                board.record(line, &file);
            }),
            MuteRecording => self.any(b, |board, line| board.mute_recording(line, a.is_multiple_of(2))),
            Variable => self.any(b, |board, line| board.set_variable(line, "__CTI_TICKET", &a.to_string())),
            UserEvent => self.any(b, |board, line| board.user_event(line, "Order", "OrderId", &a.to_string())),
            Pause => drop(self.board.pause(phone, true)),
            GoOn => drop(self.board.pause(phone, false)),
            JoinQueue => drop(self.board.join_queue("6003")),
            LeaveQueue => drop(self.board.leave_queue("6003")),
            CutLink => self.cut(),
            Reconnect => self.reconnect(),
            ReconnectLate => self.log_in(),
            RestartReader => self.restart(),
        }
    }

    // ---- what people do -----------------------------------------------------------------------------------------

    /// A number that nobody else of this scenario has.
    fn number(&mut self, front: &str) -> String {
        self.count += 1;
        format!("{front}{:06}", self.count)
    }

    fn call_in(&mut self, dialed: &str, withheld: bool) {
        if self.roots.len() >= MAX_CALLS {
            return;
        }
        let number = self.number("0901");
        let call = Call::from(&number).name("Taro").to(dialed);
        if let Some(line) = self.board.call_in(&if withheld { call.withheld() } else { call }) {
            let truth =
                Truth { direction: Some(Direction::Inbound), number: Some(number), withheld, ..Truth::default() };
            self.began(line, truth);
        }
    }

    fn dial(&mut self, phone: &str, dialed: &str, direction: Direction, number: &str) {
        if self.roots.len() < MAX_CALLS
            && phone != dialed
            && let Some(line) = self.board.dial(phone, dialed)
        {
            let truth = Truth { direction: Some(direction), number: Some(number.to_owned()), ..Truth::default() };
            self.began(line, truth);
        }
    }

    fn click_to_dial(&mut self, phone: &str) {
        if self.roots.len() >= MAX_CALLS {
            return;
        }
        let number = self.number("0800");
        let before = self.board.lines().last().copied();
        self.board.click_to_dial(phone, &format!("9{number}"), &number, Duration::from_secs(20));
        if let Some(line) = self.board.lines().last().copied().filter(|line| Some(*line) != before) {
            let truth = Truth { direction: Some(Direction::Outbound), number: Some(number), ..Truth::default() };
            self.began(line, truth);
        }
    }

    /// `truth` is of the call that begins with that line; a call that is over at once is one too.
    fn began(&mut self, line: Line, truth: Truth) {
        let uniqueid = self.board.uniqueid(line);
        if !uniqueid.is_empty() {
            self.roots.insert(uniqueid, Truth { seen_birth: self.connected, ..truth });
        } else {
            self.brief.extend(truth.number);
        }
    }

    fn ringing(&mut self, phone: &str, act: impl FnOnce(&mut Switchboard, Line)) {
        if let Some(line) = self.board.ringing(phone) {
            act(&mut self.board, line);
        }
    }

    fn talking(&mut self, phone: &str, act: impl FnOnce(&mut Switchboard, Line)) {
        if let Some(line) = self.board.talking(phone) {
            act(&mut self.board, line);
        }
    }

    /// A talk that no consultation is part of.
    fn free(&mut self, phone: &str, act: impl FnOnce(&mut Switchboard, Line)) {
        if let Some(line) = self.board.talking(phone).filter(|line| !self.board.in_consultation(*line)) {
            act(&mut self.board, line);
        }
    }

    fn asking(&mut self, phone: &str, act: impl FnOnce(&mut Switchboard, Line)) {
        if let Some(line) = self.board.talking(phone).filter(|line| self.board.in_consultation(*line)) {
            act(&mut self.board, line);
        }
    }

    fn choose(&self, choice: u8, wanted: impl Fn(&Switchboard, Line) -> bool) -> Option<Line> {
        let lines: Vec<Line> = self.board.lines().into_iter().filter(|line| wanted(&self.board, *line)).collect();
        (!lines.is_empty()).then(|| lines[usize::from(choice) % lines.len()])
    }

    fn outside(&mut self, choice: u8, act: impl FnOnce(&mut Switchboard, Line)) {
        if let Some(line) = self.choose(choice, |board, line| board.is_outside(line)) {
            act(&mut self.board, line);
        }
    }

    fn of_phone(&mut self, phone: &str, choice: u8, act: impl FnOnce(&mut Switchboard, Line)) {
        if let Some(line) = self.choose(choice, |board, line| board.phone(line) == Some(phone)) {
            act(&mut self.board, line);
        }
    }

    fn any(&mut self, choice: u8, act: impl FnOnce(&mut Switchboard, Line)) {
        let is_party = |board: &Switchboard, line: Line| board.is_outside(line) || board.phone(line).is_some();
        if let Some(line) = self.choose(choice, is_party) {
            act(&mut self.board, line);
        }
    }

    fn bridge(&mut self, a: u8, b: u8) {
        let talks = |board: &Switchboard, line: Line| {
            board.peer(line).is_some() && (board.is_outside(line) || board.phone(line).is_some())
        };
        if let (Some(one), Some(other)) = (self.choose(a, talks), self.choose(b, talks)) {
            self.joined |= self.board.connect(one, other);
        }
    }

    fn retrieve(&mut self, phone: &str, choice: u8) {
        let parked = self.choose(choice, |board, line| board.slot(line).is_some());
        if let Some(slot) = parked.and_then(|line| self.board.slot(line)).map(str::to_owned) {
            self.board.retrieve(phone, &slot);
        }
    }

    // ---- the reader ---------------------------------------------------------------------------------------------

    fn cut(&mut self) {
        self.read();
        self.connected = false;
        self.ever_cut = true;
        self.waiting = None;
    }

    /// Logs in: what comes from now on waits until the snapshot is there.
    fn log_in(&mut self) {
        if self.waiting.is_some() {
            self.reconnect();
        } else if !self.connected {
            self.board.take();
            self.waiting = Some(Vec::new());
            self.late = true;
        }
    }

    fn reconnect(&mut self) {
        if self.connected {
            return;
        }
        self.read();
        let snapshot: Vec<Message> = self.board.snapshot().iter().map(message).collect();
        let now = self.now();
        self.events.extend(self.model.resync(&snapshot, now));
        self.connected = true;
        for message in self.waiting.take().unwrap_or_default() {
            self.events.extend(self.model.handle(&message, now));
        }
    }

    /// The programme is started anew with what it wrote down.
    fn restart(&mut self) {
        self.cut();
        self.restarted = true;
        self.model = model();
        // What was not told is not known any more.
        let told: BTreeSet<String> = calls(&self.events).iter().map(|event| event.call.native().to_owned()).collect();
        for (uniqueid, truth) in &mut self.roots {
            truth.seen &= told.contains(uniqueid);
        }
        self.model.seed(journal(&self.events));
        self.reconnect();
    }

    fn read(&mut self) {
        let now = self.now();
        for packet in self.board.take() {
            let message = message(&packet);
            if self.connected {
                self.events.extend(self.model.handle(&message, now));
                self.messages.push((message, now));
            } else if let Some(waiting) = &mut self.waiting {
                waiting.push(message);
            }
        }
    }

    // ---- what is true -------------------------------------------------------------------------------------------

    /// Reads what was told, and notes who talks to whom and which calls became one.
    fn observe(&mut self) {
        self.read();
        for line in self.board.lines() {
            let linkedid = self.board.linkedid(line);
            if let Some(root) = self.roots.get_mut(&self.board.uniqueid(line)) {
                root.seen |= self.connected;
            }
            if self.linkedids.get(&line).is_none_or(|known| known != linkedid) {
                let linkedid = linkedid.to_owned();
                if let Some(before) = self.linkedids.insert(line, linkedid.clone()) {
                    self.join([&before, &linkedid]);
                }
            }
        }
        for talk in self.board.talks() {
            self.observe_talk(&talk);
        }
    }

    fn observe_talk(&mut self, talk: &[Line]) {
        if talk.len() < 2 {
            return;
        }
        let of: Vec<String> = talk.iter().map(|line| self.board.linkedid(*line).to_owned()).collect();
        self.join(of.iter());
        let phones: BTreeSet<String> =
            talk.iter().filter_map(|line| self.board.phone(*line)).map(str::to_owned).collect();
        let outside = talk.iter().any(|line| self.board.is_outside(*line));
        for root in of.iter().collect::<BTreeSet<_>>() {
            let Some(truth) = self.roots.get_mut(root) else { continue };
            // A consultation is no talk of the customer, as long as the customer is there.
            let gone = !self.board.lines().iter().any(|line| self.board.uniqueid(*line) == *root);
            let with_customer = outside || gone || truth.direction == Some(Direction::Internal);
            if with_customer {
                truth.talked = true;
                truth.crowd |= talk.len() > 2;
                truth.phones.extend(phones.iter().cloned());
                if !phones.is_empty() {
                    truth.last = phones.clone();
                }
            }
        }
    }

    fn join<'a>(&mut self, calls: impl IntoIterator<Item = &'a String>) {
        let calls: BTreeSet<&String> = calls.into_iter().collect();
        let mut all: BTreeSet<String> = calls.iter().map(|call| (*call).clone()).collect();
        for call in calls {
            all.extend(self.roots.get(call).into_iter().flat_map(|truth| truth.joined.iter().cloned()));
        }
        if all.len() > 1 {
            for call in &all {
                if let Some(truth) = self.roots.get_mut(call) {
                    truth.joined.extend(all.iter().cloned());
                }
            }
        }
    }

    fn finish(&mut self) {
        if !self.connected {
            self.reconnect();
        }
        self.board.wait(Duration::from_secs(1));
        self.observe();
        for line in self.board.lines() {
            self.board.cancel_transfer(line);
        }
        self.observe();
        self.board.hang_up_all();
        self.observe();
        for _ in 0..40 {
            if self.board.lines().is_empty() {
                break;
            }
            self.board.wait(Duration::from_secs(30));
            self.board.hang_up_all();
            self.observe();
        }
        self.read();
        assert!(self.board.lines().is_empty(), "the exchange forgot a channel");
    }

    // ---- judgement ----------------------------------------------------------------------------------------------

    /// Everything that is wrong with what was told.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut told = BTreeSet::new();
        let mut events = self.events.clone();
        // A restarted reader tells the states of agents again, under the same ids.
        events.retain(|event| match event {
            PbxEvent::Agent(agent) => told.insert(agent.id.clone()),
            PbxEvent::Call(_) => true,
        });
        let mut faults: Vec<String> = match laws::check_complete(&events) {
            Ok(()) => Vec::new(),
            Err(mut broken) => {
                // Law 3 speaks of an order that is not there if a snapshot comes before older events.
                broken.retain(|violation| violation.law != 3 || !self.late);
                broken.retain(|violation| violation.call.as_ref().is_none_or(|call| !self.is_beyond(call.native())));
                broken.iter().map(ToString::to_string).collect()
            }
        };
        if !self.model.open_calls().is_empty() {
            faults.push(format!("still open: {:?}", self.model.open_calls()));
        }
        faults.extend(self.leaks());
        let records = records(&self.events);
        let of = |uniqueid: &str| records.iter().filter(|record| record.call.native() == uniqueid).collect::<Vec<_>>();
        for (uniqueid, truth) in &self.roots {
            let mine = of(uniqueid);
            if mine.len() > 1 && !self.is_beyond(uniqueid) {
                faults.push(format!("{uniqueid}: {} records", mine.len()));
            }
            let alone = truth.joined.iter().all(|other| other == uniqueid || !self.roots.contains_key(other));
            match mine.first() {
                Some(record) if alone => faults.extend(self.judge(uniqueid, truth, record)),
                None if alone && truth.seen => faults.push(format!("{uniqueid}: no record")),
                _ => {}
            }
            if !alone && !self.ever_cut {
                let left = |other: &&String| of(other).iter().any(|record| record.disposition != Disposition::Merged);
                let group = truth.joined.iter().filter(left).count();
                if group != 1 {
                    faults.push(format!("{uniqueid}: {group} calls are left of {:?}", truth.joined));
                }
            }
        }
        for record in &records {
            let inbound = record.direction == Direction::Inbound;
            let brief =
                record.caller.number.as_ref().map_or(!self.brief.is_empty(), |n| self.brief.contains(n.as_str()));
            if inbound && !brief && !self.roots.contains_key(record.call.native()) {
                faults.push(format!("{}: nobody called", record.call));
            }
        }
        faults
    }

    /// A call that became one with another in a conference keeps its `Linkedid`: once the other has left the conference,
    /// a programme that is started anew cannot know that it is over.
    fn is_beyond(&self, uniqueid: &str) -> bool {
        let joined =
            |truth: &Truth| truth.joined.iter().any(|other| other != uniqueid && self.roots.contains_key(other));
        self.restarted && self.roots.get(uniqueid).is_some_and(joined)
    }

    fn judge(&self, uniqueid: &str, truth: &Truth, record: &CallRecord) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, text: String| {
            if !holds {
                faults.push(format!("{uniqueid}: {text}"));
            }
        };
        expect(
            Some(record.direction) == truth.direction || !truth.seen_birth,
            format!("direction {:?} instead of {:?}", record.direction, truth.direction),
        );
        let shown = |party: &Option<cti_core::number::Number>| party.as_ref().map(|n| n.as_str().to_owned());
        if truth.direction == Some(Direction::Inbound) {
            let caller = shown(&record.caller.number);
            let wanted = truth.number.clone().filter(|_| !truth.withheld);
            expect(caller == wanted || !truth.seen_birth, format!("caller {caller:?} instead of {wanted:?}"));
        }
        if truth.direction == Some(Direction::Outbound) && truth.seen_birth && record.dialed.is_some() {
            let dialed = shown(&record.dialed).unwrap_or_default();
            let wanted = truth.number.clone().unwrap_or_default();
            expect(dialed.ends_with(&wanted), format!("dialled {dialed} instead of {wanted}"));
        }
        if record.disposition == Disposition::LostTrack {
            expect(self.ever_cut, "lost track of it".to_owned());
            return faults;
        }
        if record.disposition == Disposition::Merged {
            expect(self.joined, "merged with nobody".to_owned());
            return faults;
        }
        if self.ever_cut {
            return faults;
        }
        let answered = record.disposition == Disposition::Answered;
        expect(answered == truth.talked, format!("{:?}, but talked: {}", record.disposition, truth.talked));
        if truth.direction == Some(Direction::Inbound) && truth.talked {
            let by = record.answered_by.as_ref().map(|extension| extension.as_str().to_owned());
            let fits = match (&by, truth.crowd) {
                (None, _) => truth.phones.is_empty(),
                (Some(by), true) => truth.phones.contains(by),
                (Some(by), false) => truth.last.contains(by),
            };
            expect(fits, format!("answered by {by:?}, but last talked {:?} of {:?}", truth.last, truth.phones));
            let all: BTreeSet<&str> = record.extensions.iter().map(|extension| extension.as_str()).collect();
            let forgotten: Vec<&String> = truth.phones.iter().filter(|phone| !all.contains(phone.as_str())).collect();
            expect(forgotten.is_empty(), format!("forgot {forgotten:?}"));
        }
        faults
    }

    /// A withheld number stands in no event.
    fn leaks(&self) -> Vec<String> {
        let hidden = self.roots.values().filter(|truth| truth.withheld).filter_map(|truth| truth.number.as_ref());
        let hidden: Vec<&String> = hidden.collect();
        if hidden.is_empty() {
            return Vec::new();
        }
        let text = serde_json::to_string(&self.events).unwrap();
        hidden.into_iter().filter(|number| text.contains(number.as_str())).map(|n| format!("{n} is shown")).collect()
    }

    /// What was told, for a failing test.
    pub(crate) fn story(&self) -> String {
        let line = |event: &PbxEvent| match event {
            PbxEvent::Call(call) => format!("{} {}", call.call.native(), words(event)),
            PbxEvent::Agent(_) => words(event),
        };
        let _ = calls(&self.events);
        self.events.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
