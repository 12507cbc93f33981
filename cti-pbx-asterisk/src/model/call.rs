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
    /// Who held, and whether the caller waited in a queue, when the earlier run saw it last.
    pub(super) held_before: Vec<Option<Extension>>,
    pub(super) waited_before: bool,
    /// Whose phones rang then, each with the channel.
    pub(super) rang_before: Vec<(Extension, Uid)>,
    /// The channels that answered then.
    pub(super) answered_before: Vec<Uid>,
    /// The slot in which it was parked then.
    pub(super) parked_before: Option<String>,
    pub(super) channels: Vec<Uid>,
    pub(super) aliases: Vec<Uid>,
    /// What goes on now, by channel.
    pub(super) talking: Vec<Uid>,
    pub(super) ringing: Vec<Uid>,
    pub(super) holding: Vec<Uid>,
    pub(super) queued: Vec<Uid>,
    pub(super) parked: Vec<Uid>,
    pub(super) outcomes: Outcomes,
    pub(super) last_answer: Option<LastAnswer>,
    pub(super) watch: Stopwatch,
    pub(super) queue: Option<String>,
    pub(super) extensions: Vec<Extension>,
    pub(super) answered_by: Option<Extension>,
    pub(super) started_at: DateTime<Utc>,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) last_at: DateTime<Utc>,
    pub(super) transfers: Vec<Transfer>,
    recordings: Vec<Recording>,
    context: Attached,
    context_changes: HashMap<String, u32>,
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
            held_before: Vec::new(),
            waited_before: false,
            rang_before: Vec::new(),
            answered_before: Vec::new(),
            parked_before: None,
            channels: Vec::new(),
            aliases: Vec::new(),
            talking: Vec::new(),
            ringing: Vec::new(),
            holding: Vec::new(),
            queued: Vec::new(),
            parked: Vec::new(),
            outcomes: Outcomes::default(),
            last_answer: None,
            watch: Stopwatch::new(at),
            queue: None,
            extensions: Vec::new(),
            answered_by: None,
            started_at: at,
            answered_at: None,
            last_at: at,
            transfers: Vec::new(),
            recordings: Vec::new(),
            context: Attached::default(),
            context_changes: HashMap::new(),
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
        call.held_before = held;
        call.waited_before = waited;
        call.parked_before = parked;
        call.rang_before = rang;
        call.answered_before = answered;
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
        call.transfers = record.transfers;
        call.recordings = record.recordings;
        call.context = record.context;
        // How often each changed is not known, but not more often than something was told.
        let changes = call.told_so_far();
        call.context_changes = call.context.keys().map(|name| (name.clone(), changes)).collect();
        call
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
        if let Some(extension) = fact.extension() {
            self.add_extension(extension);
        }
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
            self.extensions.push(extension.clone());
        }
    }

    /// What counts now. Held time is not talk time, and a phone that rings for somebody in a queue is queue time.
    pub(super) fn activity(&self) -> Activity {
        if !self.holding.is_empty() || !self.parked.is_empty() {
            Activity::Hold
        } else if !self.talking.is_empty() {
            Activity::Talk
        } else if !self.queued.is_empty() {
            Activity::Queue
        } else if !self.ringing.is_empty() {
            Activity::Ring
        } else {
            Activity::Idle
        }
    }

    /// Takes note of a recording; false if it was known.
    pub(super) fn add_recording(&mut self, recording: Recording) -> bool {
        let news = self.recordings.len() < MAX_ITEMS && !self.recordings.contains(&recording);
        if news {
            self.recordings.push(recording);
        }
        news
    }

    /// Attaches a value; the count of changes of that name if it is news.
    pub(super) fn attach(&mut self, name: &str, value: &str) -> Option<u32> {
        let (name, value) = (cut(name, MAX_VALUE), cut(value, MAX_VALUE));
        let room = self.context.len() < MAX_ITEMS || self.context.contains_key(name);
        if !room || self.context.get(name).is_some_and(|known| known == value) {
            return None;
        }
        self.context.insert(name.to_owned(), value.to_owned());
        let changes = self.context_changes.entry(name.to_owned()).or_default();
        *changes += 1;
        Some(*changes)
    }

    /// The attached values of those names.
    pub(super) fn attached(&self, names: &[&str]) -> Attached {
        let known = |name: &&str| self.context.get_key_value(cut(name, MAX_VALUE));
        names.iter().filter_map(known).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Takes over what another call knew that became part of this one.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        self.channels.append(&mut other.channels);
        self.aliases.append(&mut other.aliases);
        self.aliases.push(other.key.clone());
        for (mine, theirs) in [
            (&mut self.talking, &mut other.talking),
            (&mut self.ringing, &mut other.ringing),
            (&mut self.holding, &mut other.holding),
            (&mut self.queued, &mut other.queued),
            (&mut self.parked, &mut other.parked),
        ] {
            mine.append(theirs);
        }
        for extension in &other.extensions {
            self.add_extension(extension);
        }
    }

    /// A channel takes no part any more.
    pub(super) fn drop_channel(&mut self, uid: &str) {
        for list in [
            &mut self.channels,
            &mut self.talking,
            &mut self.ringing,
            &mut self.holding,
            &mut self.queued,
            &mut self.parked,
        ] {
            list.retain(|known| known.as_ref() != uid);
        }
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
            transfers: self.transfers.clone(),
            recordings: self.recordings.clone(),
            context: self.context.clone(),
        }
    }
}

/// Adds a channel to a list of those that do something.
pub(super) fn enter(list: &mut Vec<Uid>, uid: &Uid) {
    if !list.contains(uid) {
        list.push(uid.clone());
    }
}

/// Takes a channel off such a list.
pub(super) fn leave(list: &mut Vec<Uid>, uid: &str) {
    list.retain(|known| known.as_ref() != uid);
}
