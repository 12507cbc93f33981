//! Scenarios made of small steps, played on the simulated exchange and watched through a call model: what really
//! happened is known, since the exchange itself knows who talks to whom.

mod kinds;
mod truth;

pub(crate) use kinds::{Kind, Step, named};

use super::{calls, journal, model};
use Kind::*;
use chrono::{DateTime, TimeDelta, Utc};
use cti_core::call::{Direction, PbxEvent};
use cti_pbx_asterisk::ami::Message;
use cti_pbx_asterisk::model::CallModel;
use cti_testkit::asterisk::{Call, Line, Packet, Switchboard, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use truth::Truth;

const BORN: i64 = 1_795_225_327;
const PHONES: [&str; 3] = ["6001", "6002", "6003"];
/// The most calls of one scenario that somebody begins on purpose.
const MAX_CALLS: usize = 7;

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
    /// A phone sent callers outside: who answers there is in no event, and so in no journal.
    sent_outside: bool,
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
            sent_outside: false,
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
            ForwardOutside => {
                self.sent_outside = true;
                self.board.forward(phone, "90709999999");
            }
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
}
