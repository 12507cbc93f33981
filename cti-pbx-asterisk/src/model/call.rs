//! Calls: what is known of one, what was told of it, and how its record comes about.

use super::channel::Uid;
use super::text::cut;
use chrono::{DateTime, Utc};
use cti_core::call::{
    Activity, Attached, CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, EventId, Extension, OpenCall,
    Party, PbxEvent, Recording, Stopwatch, Transfer,
};
use cti_core::number::Number;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The most values that a PBX can attach to one call, and recordings, and facts held back.
pub(super) const MAX_ITEMS: usize = 64;
/// The longest value, in bytes.
const MAX_VALUE: usize = 1024;

/// How the offerings of a call ended that nobody took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcomes {
    pub(super) no_answer: u32,
    pub(super) busy: u32,
    pub(super) rejected: u32,
    pub(super) unavailable: u32,
    pub(super) gave_up: u32,
    /// The `Cause` of the last leg that was refused.
    pub(super) refusal: i64,
}

/// Who answered last, to correct the time when Asterisk tells how long the talk was.
#[derive(Debug, Clone)]
pub(super) struct LastAnswer {
    pub(super) leg: Uid,
    pub(super) first: bool,
}

/// A fact that waits until the direction of its call is known.
struct Pending {
    what: String,
    at: DateTime<Utc>,
    fact: CallFact,
}

/// What a channel does in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It talks.
    Talks = 1,
    /// It rings, or is called.
    Rings = 2,
    /// It has put the other on hold.
    Holds = 4,
    /// It waits in a queue.
    Waits = 8,
    /// It waits in a parking slot.
    Parked = 16,
}

/// Which channels of a call do what; those that do nothing are not there.
#[derive(Default)]
pub(super) struct Doings(Vec<(Uid, u8)>);

impl Doings {
    pub(super) fn enter(&mut self, doing: Doing, uid: &Uid) {
        match self.0.iter_mut().find(|(known, _)| known == uid) {
            Some((_, all)) => *all |= doing as u8,
            None => {
                self.0.reserve_exact(1);
                self.0.push((uid.clone(), doing as u8));
            }
        }
    }

    pub(super) fn leave(&mut self, doing: Doing, uid: &str) {
        self.drop_where(doing, |known| known.as_ref() == uid);
    }

    /// Nobody does that any more.
    pub(super) fn nobody(&mut self, doing: Doing) {
        self.drop_where(doing, |_| true);
    }

    fn drop_where(&mut self, doing: Doing, wanted: impl Fn(&Uid) -> bool) {
        for (_, all) in self.0.iter_mut().filter(|(known, _)| wanted(known)) {
            *all &= !(doing as u8);
        }
        self.0.retain(|(_, all)| *all != 0);
    }

    pub(super) fn any(&self, doing: Doing) -> bool {
        self.those(doing).next().is_some()
    }

    pub(super) fn those(&self, doing: Doing) -> impl Iterator<Item = &Uid> {
        self.0.iter().filter(move |(_, all)| all & doing as u8 != 0).map(|(uid, _)| uid)
    }
}

/// What few calls have.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) outcomes: Outcomes,
    pub(super) transfers: Vec<Transfer>,
    recordings: Vec<Recording>,
    context: Attached,
    context_changes: HashMap<String, u32>,
    pub(super) aliases: Vec<Uid>,
    pub(super) before: Before,
}

/// What an earlier run saw last of a call that was taken over from it.
#[derive(Default)]
pub(super) struct Before {
    /// Who held, and whether the caller waited in a queue.
    pub(super) held: Vec<Option<Extension>>,
    pub(super) waited: bool,
    /// Whose phones rang, each with the channel.
    pub(super) rang: Vec<(Extension, Uid)>,
    /// The channels that answered.
    pub(super) answered: Vec<Uid>,
    /// The slot in which it was parked.
    pub(super) parked: Option<String>,
}

static NOTHING_RARE: LazyLock<Rare> = LazyLock::new(Rare::default);

/// One call. No `Debug`: what a PBX attaches to a call is personal.
pub(super) struct Call {
    pub(super) id: CallId,
    /// The `Linkedid` under which it is kept.
    pub(super) key: Uid,
    /// Calls in order of their first sign.
    pub(super) number: u64,
    seq: u64,
    pub(super) direction: Option<Direction>,
    told: bool,
    /// Nothing may be told before it is known whether the caller withholds the number.
    pub(super) unpresented: bool,
    pending: Vec<Pending>,
    pub(super) caller: Party,
    pub(super) dialed: Option<Number>,
    /// The channel with which it began, if we saw that.
    pub(super) origin: Option<Uid>,
    /// The PBX itself called the first channel (click-to-dial).
    pub(super) originated: bool,
    /// The channel of ours that calls: a handset, or the phone of a click-to-dial.
    pub(super) agent: Option<Uid>,
    pub(super) agent_extension: Option<Extension>,
    pub(super) dialing_told: bool,
    /// It was offered to somebody or queued: the caller's number stays as it is.
    pub(super) offered: bool,
    pub(super) queue_ran_out: bool,
    /// It was taken over from an earlier run and not seen on the PBX yet.
    pub(super) seeded: bool,
    pub(super) channels: Vec<Uid>,
    rare: Option<Box<Rare>>,
    /// What goes on now, by channel.
    pub(super) doing: Doings,
    pub(super) last_answer: Option<LastAnswer>,
    pub(super) watch: Stopwatch,
    pub(super) queue: Option<String>,
    pub(super) extensions: Vec<Extension>,
    pub(super) answered_by: Option<Extension>,
    pub(super) started_at: DateTime<Utc>,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) last_at: DateTime<Utc>,
    /// The `Cause` of the hang-ups: of the first channel, and of any.
    pub(super) origin_cause: i64,
    pub(super) any_cause: i64,
    pub(super) caller_hung_up: bool,
}

impl Call {
    pub(super) fn new(pbx: &str, key: Uid, number: u64, at: DateTime<Utc>) -> Self {
        Self {
            id: CallId::new(pbx, &key),
            key,
            number,
            seq: 0,
            direction: None,
            told: false,
            unpresented: false,
            pending: Vec::new(),
            caller: Party::default(),
            dialed: None,
            origin: None,
            originated: false,
            agent: None,
            agent_extension: None,
            dialing_told: false,
            offered: false,
            queue_ran_out: false,
            seeded: false,
            channels: Vec::new(),
            rare: None,
            doing: Doings::default(),
            last_answer: None,
            watch: Stopwatch::new(at),
            queue: None,
            extensions: Vec::new(),
            answered_by: None,
            started_at: at,
            answered_at: None,
            last_at: at,
            origin_cause: 0,
            any_cause: 0,
            caller_hung_up: false,
        }
    }

    /// A call of an earlier run. Its watch runs on: the time since its last event goes to what was going on.
    pub(super) fn resumed(key: Uid, number: u64, open: OpenCall) -> Self {
        let (watch, held, waited) = (open.stopwatch().clone(), open.holders().to_vec(), open.is_queued());
        let leg = |id: &EventId, what: &str| id.as_str().split_once(what).map(|(_, leg)| Uid::from(leg));
        let rang = open.ringing().iter();
        let rang = rang.filter_map(|(extension, id)| Some((extension.clone(), leg(id, "#ringing:")?))).collect();
        let answered = open.answers().iter().filter_map(|id| leg(id, "#answered:")).collect();
        let parked = open.parked().map(str::to_owned);
        let (seq, record) = (open.seq, open.record);
        let at = record.ended_at;
        let mut call = Self::new(record.call.pbx(), key, number, at);
        call.id = record.call;
        call.seq = seq;
        call.direction = Some(record.direction);
        call.told = true;
        call.offered = true;
        call.seeded = true;
        call.rare_mut().before = Before { held, waited, rang, answered, parked };
        call.dialing_told = true;
        call.caller = record.caller;
        call.dialed = record.dialed;
        call.watch = watch;
        call.queue = record.queue;
        if record.direction == Direction::Outbound {
            call.agent_extension = record.extensions.first().cloned();
        }
        call.extensions = record.extensions;
        call.answered_by = record.answered_by;
        call.started_at = record.started_at;
        call.answered_at = record.answered_at;
        // How often each value changed is not known, but not more often than something was told.
        let changes = call.told_so_far();
        let rare = call.rare_mut();
        rare.transfers = record.transfers;
        rare.recordings = record.recordings;
        rare.context_changes = record.context.keys().map(|name| (name.clone(), changes)).collect();
        rare.context = record.context;
        call
    }

    pub(super) fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&NOTHING_RARE)
    }

    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// How much was told of it.
    pub(super) fn told_so_far(&self) -> u32 {
        u32::try_from(self.seq).unwrap_or(u32::MAX)
    }

    /// True once something was told of it.
    pub(super) fn is_told(&self) -> bool {
        self.told
    }

    /// Moves the time of the call on; time never runs backwards.
    pub(super) fn clock(&mut self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.last_at = self.last_at.max(at);
        self.last_at
    }

    /// Tells a fact, or keeps it until the direction is known.
    pub(super) fn tell(&mut self, out: &mut Vec<PbxEvent>, at: DateTime<Utc>, what: String, fact: CallFact) {
        let at = self.clock(at);
        if self.told {
            self.push(out, at, &what, fact);
        } else if self.pending.len() < MAX_ITEMS * 4 {
            self.pending.push(Pending { what, at, fact });
        }
    }

    /// The direction is known: tells that the call started, and everything that waited for it.
    pub(super) fn decide(&mut self, out: &mut Vec<PbxEvent>, direction: Direction) {
        if self.direction.is_none() {
            self.direction = Some(direction);
        }
        self.release(out);
    }

    /// Tells what was held back, if nothing stands in the way any more.
    pub(super) fn release(&mut self, out: &mut Vec<PbxEvent>) {
        if self.told || self.unpresented || self.direction.is_none() {
            return;
        }
        self.told = true;
        self.push(out, self.started_at, "started", CallFact::Started);
        for Pending { what, at, fact } in std::mem::take(&mut self.pending) {
            self.push(out, at, &what, fact);
        }
    }

    fn push(&mut self, out: &mut Vec<PbxEvent>, at: DateTime<Utc>, what: &str, fact: CallFact) {
        self.seq += 1;
        out.push(PbxEvent::Call(CallEvent {
            call: self.id.clone(),
            id: EventId::of(&self.id, what),
            seq: self.seq,
            at,
            fact,
            direction: self.direction.unwrap_or(Direction::Inbound),
            caller: self.caller.clone(),
            dialed: self.dialed.clone(),
        }));
    }

    /// An extension became part of the call.
    pub(super) fn add_extension(&mut self, extension: &Extension) {
        if !self.extensions.contains(extension) {
            self.extensions.reserve_exact(1);
            self.extensions.push(extension.clone());
        }
    }

    /// What counts now. Held time is not talk time, and a phone that rings for somebody in a queue is queue time.
    pub(super) fn activity(&self) -> Activity {
        if self.doing.any(Doing::Holds) || self.doing.any(Doing::Parked) {
            Activity::Hold
        } else if self.doing.any(Doing::Talks) {
            Activity::Talk
        } else if self.doing.any(Doing::Waits) {
            Activity::Queue
        } else if self.doing.any(Doing::Rings) {
            Activity::Ring
        } else {
            Activity::Idle
        }
    }

    /// Takes note of a recording; false if it was known.
    pub(super) fn add_recording(&mut self, recording: Recording) -> bool {
        let recordings = &mut self.rare_mut().recordings;
        let news = recordings.len() < MAX_ITEMS && !recordings.contains(&recording);
        if news {
            recordings.push(recording);
        }
        news
    }

    /// Attaches a value; the count of changes of that name if it is news.
    pub(super) fn attach(&mut self, name: &str, value: &str) -> Option<u32> {
        let (name, value) = (cut(name, MAX_VALUE), cut(value, MAX_VALUE));
        let rare = self.rare_mut();
        let room = rare.context.len() < MAX_ITEMS || rare.context.contains_key(name);
        if !room || rare.context.get(name).is_some_and(|known| known == value) {
            return None;
        }
        rare.context.insert(name.to_owned(), value.to_owned());
        let changes = rare.context_changes.entry(name.to_owned()).or_default();
        *changes += 1;
        Some(*changes)
    }

    /// The attached values of those names.
    pub(super) fn attached(&self, names: &[&str]) -> Attached {
        let known = |name: &&str| self.rare().context.get_key_value(cut(name, MAX_VALUE));
        names.iter().filter_map(known).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Takes over what another call knew that became part of this one.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        self.channels.append(&mut other.channels);
        let rare = self.rare_mut();
        rare.aliases.append(&mut other.rare_mut().aliases);
        rare.aliases.push(other.key.clone());
        self.doing.0.append(&mut other.doing.0);
        for extension in &other.extensions {
            self.add_extension(extension);
        }
    }

    /// A channel takes no part any more.
    pub(super) fn drop_channel(&mut self, uid: &str) {
        leave(&mut self.channels, uid);
        self.doing.0.retain(|(known, _)| known.as_ref() != uid);
    }

    /// Tells that the call is over.
    pub(super) fn end(&mut self, out: &mut Vec<PbxEvent>, at: DateTime<Utc>, disposition: Disposition, cause: String) {
        let at = self.clock(at);
        let record = Box::new(self.record(at, disposition, &cause));
        self.push(out, at, "ended", CallFact::Ended { cause, disposition, record });
    }

    fn record(&self, ended_at: DateTime<Utc>, disposition: Disposition, cause: &str) -> CallRecord {
        CallRecord {
            call: self.id.clone(),
            direction: self.direction.unwrap_or(Direction::Inbound),
            caller: self.caller.clone(),
            dialed: self.dialed.clone(),
            queue: self.queue.clone(),
            extensions: self.extensions.clone(),
            answered_by: self.answered_by.clone(),
            disposition,
            cause: cause.to_owned(),
            started_at: self.started_at,
            answered_at: self.answered_at,
            ended_at,
            ring_seconds: self.watch.seconds(Activity::Ring),
            queue_seconds: self.watch.seconds(Activity::Queue),
            hold_seconds: self.watch.seconds(Activity::Hold),
            talk_seconds: self.watch.seconds(Activity::Talk),
            transfers: self.rare().transfers.clone(),
            recordings: self.rare().recordings.clone(),
            context: self.rare().context.clone(),
        }
    }
}

/// Adds a channel to a list of those that do something.
pub(super) fn enter(list: &mut Vec<Uid>, uid: &Uid) {
    if !list.contains(uid) {
        list.reserve_exact(1);
        list.push(uid.clone());
    }
}

/// Takes a channel off such a list.
pub(super) fn leave(list: &mut Vec<Uid>, uid: &str) {
    list.retain(|known| known.as_ref() != uid);
}
