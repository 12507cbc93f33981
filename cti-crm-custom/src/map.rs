//! Calls → variables, and variables → customers.

use crate::names::{self, SPELLED};
use crate::phone_book::PhoneBooks;
use chrono::{DateTime, SecondsFormat, Utc};
use cti_core::call::{CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, Extension, Name, Party};
use cti_core::capture::Row;
use cti_core::crm::{LookUp, Match};
use cti_core::number::Number;
use cti_core::secret::{ExposeSecret, SecretString};
use cti_core::template::{Step as Moment, Variables, Zone};

/// Who signs in to the CRM.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The telephone of the agent whose account it is; `None` is the account for all others.
    pub(crate) extension: Option<Extension>,
    pub(crate) id: String,
    pub(crate) password: SecretString,
    pub(crate) name: Option<String>,
}

/// What stands in every variable list.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    pub(crate) server: Option<String>,
    pub(crate) zone: Zone,
    /// What `{TEL}` is for a caller who shows no number.
    pub(crate) anonymous: String,
    /// The caller's number carries codes: `number#code1#code2`.
    pub(crate) codes: bool,
    /// Telephones beside the one that an agent signs in with: first that one, then the other.
    pub(crate) registered: Vec<(Extension, Extension)>,
}

impl Fixed {
    /// What `{EXT}` is for a call on that telephone: the one that its agent signs in with, else the telephone itself.
    pub(crate) fn signed_in<'a>(&'a self, telephone: &'a Extension) -> &'a Extension {
        let of_agent = self.registered.iter().find(|(_, other)| other == telephone);
        of_agent.map_or(telephone, |(signed_in, _)| signed_in)
    }
}

/// A moment of a call, as the steps see it.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    moment: Moment,
    at: DateTime<Utc>,
    call: Option<&'a CallId>,
    direction: Direction,
    caller: Option<&'a Party>,
    dialed: Option<&'a Number>,
    extension: Option<&'a Extension>,
    record: Option<&'a CallRecord>,
    /// The number that is looked for, in the spelling that is tried.
    spelling: Option<&'a Number>,
    found: Option<&'a Match>,
}

impl<'a> Facts<'a> {
    /// No call: authentication.
    pub(crate) fn of_nothing() -> Self {
        Self {
            moment: Moment::Authentication,
            at: Utc::now(),
            call: None,
            direction: Direction::Inbound,
            caller: None,
            dialed: None,
            extension: None,
            record: None,
            spelling: None,
            found: None,
        }
    }

    pub(crate) fn of_event(moment: Moment, event: &'a CallEvent, found: Option<&'a Match>) -> Self {
        let record = match &event.fact {
            CallFact::Ended { record, .. } => Some(record.as_ref()),
            _ => None,
        };
        Self {
            moment,
            at: event.at,
            call: Some(&event.call),
            direction: event.direction,
            caller: Some(&event.caller),
            dialed: event.dialed.as_ref(),
            extension: event.fact.extension().or_else(|| record.and_then(extension_of)),
            record,
            spelling: None,
            found,
        }
    }

    pub(crate) fn of_record(record: &'a CallRecord, found: Option<&'a Match>) -> Self {
        Self {
            moment: Moment::Ended,
            at: record.ended_at,
            call: Some(&record.call),
            direction: record.direction,
            caller: Some(&record.caller),
            dialed: record.dialed.as_ref(),
            extension: extension_of(record),
            record: Some(record),
            spelling: None,
            found,
        }
    }

    /// The search for a number, and what comes of it.
    pub(crate) fn of_look_up(
        moment: Moment,
        wanted: &'a LookUp,
        spelling: &'a Number,
        found: Option<&'a Match>,
    ) -> Self {
        let facts = wanted.event.as_deref().map(|event| Self::of_event(moment, event, found));
        let facts = facts.unwrap_or(Self { moment, found, ..Self::of_nothing() });
        Self { spelling: Some(spelling), ..facts }
    }

    /// The telephone whose account is used.
    pub(crate) fn extension(&self) -> Option<&'a Extension> {
        self.extension
    }

    /// The variables that have a value at this moment.
    pub(crate) fn variables(&self, fixed: &Fixed, books: &PhoneBooks, account: Option<&Account>) -> Variables {
        let mut variables = Variables::in_zone(self.at, &fixed.zone);
        let mut set = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                variables.set(name, value);
            }
        };
        set("SVADDR", fixed.server.as_deref());
        set("EVENT", Some(names::key(self.moment)));
        set("ID", self.call.map(CallId::as_str));
        set("EXT", self.extension.map(|telephone| fixed.signed_in(telephone).as_str()));
        self.parties(fixed, books, &mut set);
        if let Some(record) = self.record {
            at_the_end(record, &mut set);
        }
        if let Some(found) = self.found {
            set("COMPANY", found.company.as_ref().map(Name::as_str));
            set("NAME", found.name.as_ref().map(Name::as_str));
            set("EXT_ID", Some(&found.id));
            found.fields.iter().for_each(|(name, value)| set(name, Some(value)));
        }
        if let Some(account) = account {
            set("AID", Some(&account.id));
            set("AGENTNAME", account.name.as_deref());
            variables.set_secret("APW", account.password.expose_secret());
        }
        variables
    }

    fn parties(&self, fixed: &Fixed, books: &PhoneBooks, set: &mut impl FnMut(&str, Option<&str>)) {
        let outbound = self.direction == Direction::Outbound;
        let (mut caller, mut dialed) = (self.caller.and_then(|caller| caller.number.as_ref()), self.dialed);
        // The search tries one spelling of the other side's number after the other.
        if let Some(spelling) = self.spelling {
            *(if outbound { &mut dialed } else { &mut caller }) = Some(spelling);
        }
        let (remote, local) = if outbound { (dialed, caller) } else { (caller, dialed) };
        let spelled = self.found.and_then(|found| found.spelled.as_ref()).or(remote);
        // A caller who shows no number is told by a word, so that a template never asks for an empty one by mistake.
        let withheld = self.caller.is_some_and(|caller| caller.number.is_none()).then_some(fixed.anonymous.as_str());
        set("TEL", caller.map(|caller| without_codes(caller, fixed)).or(withheld));
        codes(caller, fixed, set);
        set("CALLED", dialed.map(Number::as_str));
        set("REMOTE", remote.map(|remote| without_codes(remote, fixed)));
        set("LOCAL", local.map(Number::as_str));
        set(SPELLED, spelled.map(|spelled| without_codes(spelled, fixed)));
        if self.call.is_some() {
            set("DID", dialed.map(Number::as_str).filter(|_| self.direction == Direction::Inbound));
            set("DIRECTION", Some(direction(self.direction)));
        }
        // The house knows better than the network.
        let listed = |number: Option<&Number>| number.and_then(|number| books.name(number, self.extension));
        let told = self.caller.and_then(|caller| caller.name.as_ref());
        set("TELNAME", listed(caller).or(told).map(Name::as_str));
        set("CALLEDNAME", listed(dialed).map(Name::as_str));
    }
}

/// The number itself, where it may carry codes.
fn without_codes<'a>(number: &'a Number, fixed: &Fixed) -> &'a str {
    let text = number.as_str();
    if fixed.codes { text.split('#').next().unwrap_or(text) } else { text }
}

/// `{CODE1}` and `{CODE2}`, or by their later names `{ARG1}`, `{ARG2}`, …: what the caller's number carries behind `#`.
fn codes(caller: Option<&Number>, fixed: &Fixed, set: &mut impl FnMut(&str, Option<&str>)) {
    let Some(caller) = caller.filter(|_| fixed.codes) else { return };
    for (index, code) in caller.as_str().split('#').skip(1).enumerate() {
        set(&format!("ARG{}", index + 1), Some(code));
        set(&format!("CODE{}", index + 1), Some(code));
    }
}

/// The telephone that counts for a call that is over: the one that talked, else the first that rang.
fn extension_of(record: &CallRecord) -> Option<&Extension> {
    record.answered_by.as_ref().or(record.extensions.first())
}

fn at_the_end(record: &CallRecord, set: &mut impl FnMut(&str, Option<&str>)) {
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let seconds = |seconds: f64| format!("{seconds:.0}");
    let whole = record.ended_at - record.started_at;
    set("QUEUE", record.queue.as_deref());
    set("DURATION", Some(&whole.num_seconds().max(0).to_string()));
    set("TALKTIME", Some(&seconds(record.talk_seconds)));
    set("RESULT", Some(disposition(record.disposition)));
    set("STARTED", Some(&instant(record.started_at)));
    set("ANSWERED", record.answered_at.map(instant).as_deref());
    set("ENDED", Some(&instant(record.ended_at)));
    set("RECORDING", record.recordings.first().map(|recording| recording.as_str()));
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
        Direction::Internal => "internal",
    }
}

fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Answered => "answered",
        Disposition::Missed => "missed",
        Disposition::Busy => "busy",
        Disposition::Rejected => "rejected",
        Disposition::Failed => "failed",
        Disposition::Cancelled => "cancelled",
        Disposition::Abandoned => "abandoned",
        Disposition::Merged => "merged",
        Disposition::LostTrack => "lost_track",
    }
}

/// A customer, of what the search captured. Without an id of its own it is known by the number.
pub(crate) fn to_match(crm: &str, row: &Row, spelling: &Number) -> Match {
    let own = row.iter().filter(|(name, _)| !matches!(*name, "NAME" | "COMPANY" | "EXT_ID"));
    Match {
        object: crm.to_owned(),
        id: row.get("EXT_ID").unwrap_or(spelling.as_str()).to_owned(),
        name: row.get("NAME").and_then(Name::new),
        company: row.get("COMPANY").and_then(Name::new),
        spelled: Some(spelling.clone()),
        url: None,
        fields: own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}
