//! Hang-ups: how a leg ended, and who ended a talk.
//!
//! Before 12 a leg that nobody took just hangs up, often with the cause 0 or 16; whether its time was up, the caller gave
//! up, or somebody else answered is said by what comes next: the end of the dial (1.6), the next step of the caller in
//! the dial plan, his own hang-up, or a link. Until then, and for two seconds at most, the hang-up is kept back.

use super::Old;
use super::table::{Native, UP};
use crate::ami::Message;
use crate::model::text::{field, number};
use chrono::{DateTime, TimeDelta, Utc};

/// How long a hang-up waits for its reason.
const PATIENCE: TimeDelta = TimeDelta::seconds(2);
/// The most hang-ups that wait.
const MAX_HELD: usize = 4096;

/// How the dial to a channel ended, as far as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ended {
    /// Not yet.
    #[default]
    No,
    /// It was answered.
    Answered,
}

/// What a kept-back hang-up turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Somebody else answered.
    Elsewhere,
    /// The caller gave up.
    Cancelled,
    /// A `DialStatus`.
    Status(&'static str),
}

/// A hang-up that waits for its reason.
pub(super) struct Held {
    pub(super) uid: Native,
    pub(super) at: DateTime<Utc>,
    pub(super) cause: String,
    /// Who dialled the leg, and for whom in the end. The end of a talk and of an Originate has none.
    pub(super) dialer: Option<Native>,
    pub(super) root: Option<Native>,
    /// With whom it talked until then: that one may have been transferred.
    pub(super) other: Option<Native>,
}

impl Old {
    /// Since 10: the device or the network hung up.
    pub(super) fn hangup_request(&mut self, message: &Message) {
        let Some(uid) = self.touch(message, "Uniqueid", "Channel") else { return };
        if let Some(channel) = self.channels.get_mut(&uid) {
            channel.place.gone = true;
        }
        let cause = field(message, "Cause").unwrap_or_default().into_owned();
        self.say_or_wait(&uid, "HangupRequest", &[("Cause", &cause)]);
    }

    /// The same where the PBX does not say it.
    pub(super) fn hung_up_by_party(&mut self, uid: &Native) {
        if let Some(channel) = self.channels.get_mut(uid)
            && !std::mem::replace(&mut channel.place.gone, true)
        {
            self.say("HangupRequest", &[("", uid)], &[]);
        }
    }

    pub(super) fn hangup(&mut self, message: &Message) {
        let Some(uid) = field(message, "Uniqueid").and_then(|uid| self.channels.uid(&uid)) else { return };
        let cause = field(message, "Cause").unwrap_or_default().into_owned();
        self.caller_is_gone(&uid);
        self.end_talks_with(&uid);
        let Some(channel) = self.channels.get(&uid) else { return };
        if channel.device.shell || message.get("Channel").is_some_and(|name| name.contains("<ZOMBIE>")) {
            return self.end(&uid, &cause, None);
        }
        let (dialer, root) = (channel.device.dialer.clone(), channel.device.root.clone());
        if dialer.is_some() && channel.device.ended == Ended::No {
            return self.leg_hangs_up(&uid, cause, dialer, root);
        }
        if self.is_called_by_pbx(&uid) {
            return self.hold_back(uid, cause, None, None, None);
        }
        let Some(channel) = self.channels.get(&uid) else { return };
        let waits = |other: &&Native| {
            self.channels
                .get(other)
                .is_some_and(|c| c.place.partner.is_none() && c.place.interrupted && !c.place.parked)
        };
        let other =
            channel.place.talked_with.as_ref().filter(|_| channel.place.interrupted && !channel.place.announced);
        if let Some(other) = other.filter(waits).cloned() {
            return self.hold_back(uid, cause, None, None, Some(other));
        }
        self.end(&uid, &cause, None);
    }

    fn leg_hangs_up(&mut self, uid: &Native, cause: String, dialer: Option<Native>, root: Option<Native>) {
        const CLEAR: [i64; 14] = [1, 3, 17, 18, 19, 20, 21, 26, 27, 34, 38, 41, 42, 44];
        let gone = |who: &Option<Native>| {
            who.as_ref().is_none_or(|who| self.channels.get(who).is_none_or(|channel| channel.place.gone))
        };
        if cause.parse().is_ok_and(|cause: i64| CLEAR.contains(&cause)) {
            self.queue_answered_first(root.as_ref(), uid);
            self.end(uid, &cause, None);
        } else if self.winner(root.as_ref(), uid).is_some() {
            self.queue_answered_first(root.as_ref(), uid);
            self.end(uid, &cause, Some(Outcome::Elsewhere));
        } else if gone(&root) {
            self.end(uid, &cause, Some(Outcome::Cancelled));
        } else if self.channels.get(uid).is_some_and(|channel| channel.device.rang_in_vain) {
            self.end(uid, &cause, Some(Outcome::Status("NOANSWER")));
        } else {
            self.hold_back(uid.clone(), cause, dialer, root, None);
        }
    }

    /// Another leg for the same caller that is up.
    pub(super) fn winner(&self, root: Option<&Native>, loser: &Native) -> Option<Native> {
        let legs = &self.channels.get(root?)?.place.legs;
        let up = |leg: &&Native| *leg != loser && self.channels.get(leg).is_some_and(|c| c.device.state == UP);
        legs.iter().find(up).cloned()
    }

    fn hold_back(
        &mut self,
        uid: Native,
        cause: String,
        dialer: Option<Native>,
        root: Option<Native>,
        other: Option<Native>,
    ) {
        if self.held.len() >= MAX_HELD {
            let oldest = self.held.remove(0);
            self.let_go(oldest, None);
        }
        self.held.push(Held { uid, at: self.now, cause, dialer, root, other });
    }

    /// Ends those kept-back hang-ups that are meant, in their order.
    pub(super) fn end_held(&mut self, meant: impl Fn(&Held) -> bool, outcome: Outcome) {
        if self.held.is_empty() {
            return;
        }
        let (ready, rest) = std::mem::take(&mut self.held).into_iter().partition(|held| meant(held));
        self.held = rest;
        let ready: Vec<Held> = ready;
        for held in ready {
            let is_leg = held.dialer.is_some();
            self.let_go(held, Some(outcome).filter(|_| is_leg));
        }
    }

    fn let_go(&mut self, held: Held, outcome: Option<Outcome>) {
        let was = std::mem::replace(&mut self.now, held.at);
        if held.dialer.is_none() && held.other.is_none() {
            self.fails_as_originate(&held.uid, &held.cause, 0);
        }
        self.end(&held.uid, &held.cause, outcome);
        self.now = was;
    }

    /// A phone that the PBX called and that did not answer: by the cause of its hang-up and the reason of the
    /// `OriginateResponse` (reference, section 8), as far as they are known.
    fn fails_as_originate(&mut self, uid: &Native, cause: &str, reason: i64) {
        if self.channels.get(uid).is_none_or(|channel| channel.device.unborn.is_none()) {
            return;
        }
        self.birth(uid);
        self.say("DialBegin", &[("Dest", uid)], &[]);
        if matches!(cause, "17" | "21") {
            self.say("HangupRequest", &[("", uid)], &[("Cause", cause)]);
        }
        let status = match (cause, reason) {
            ("17", _) | (_, 5) => "BUSY",
            (_, 8) => "CONGESTION",
            _ => "NOANSWER",
        };
        self.say("DialEnd", &[("Dest", uid)], &[("DialStatus", status)]);
    }

    /// A reason that does not come within two seconds does not come.
    pub(super) fn end_what_waited_long(&mut self) {
        if self.held.first().is_some_and(|held| self.now - held.at > PATIENCE) {
            let now = self.now;
            self.end_held(|held| now - held.at > PATIENCE, Outcome::Status("NOANSWER"));
        }
    }

    /// The caller hangs up: whoever rings for him rings no more.
    fn caller_is_gone(&mut self, uid: &Native) {
        let mine = |held: &Held| held.root.as_ref() == Some(uid) || held.dialer.as_ref() == Some(uid);
        let Some(channel) = self.channels.get(uid) else { return };
        let alone = channel.device.calls && channel.device.dialer.is_none() && !channel.place.gone;
        let by_plan = ["Hangup", "Congestion", "Busy"].iter().any(|end| channel.place.application == *end);
        let says_so = self.dialect >= super::Dialect::V1_2;
        let waited = self.held.iter().any(mine);
        if alone && (waited || (!says_so && !by_plan)) {
            self.hung_up_by_party(uid);
        }
        // The inner half of a Local channel: the outer caller decides.
        let channels = &self.channels;
        let alive = |root: &Native| root != uid && channels.get(root).is_some_and(|channel| !channel.place.gone);
        for held in self.held.iter_mut().filter(|held| held.dialer.as_ref() == Some(uid)) {
            if held.root.as_ref().is_some_and(alive) {
                held.dialer.clone_from(&held.root);
            }
        }
        self.end_held(mine, Outcome::Cancelled);
    }

    /// Talks with this one ended by hang-ups that nothing explained otherwise.
    pub(super) fn end_talks_with(&mut self, uid: &Native) {
        self.end_held(|held| held.other.as_ref() == Some(uid), Outcome::Elsewhere);
    }

    /// The channel is gone.
    pub(super) fn end(&mut self, uid: &Native, cause: &str, outcome: Option<Outcome>) {
        let queued_unannounced = self.channels.get(uid).is_some_and(|channel| channel.device.unborn.is_some());
        if queued_unannounced && !self.channels.get(uid).is_some_and(|channel| channel.device.calls) {
            self.channels.remove(uid);
            return;
        }
        self.birth(uid);
        let dialer = self.channels.get(uid).and_then(|channel| channel.device.dialer.clone());
        let status = match outcome {
            Some(Outcome::Status(status)) => Some(status),
            Some(Outcome::Cancelled) => Some("CANCEL"),
            Some(Outcome::Elsewhere) | None => None,
        };
        if let (Some(status), Some(dialer)) = (status, dialer) {
            if self.channels.get(&dialer).is_some() {
                self.say("DialEnd", &[("", &dialer), ("Dest", uid)], &[("DialStatus", status)]);
            } else {
                self.say("DialEnd", &[("Dest", uid)], &[("DialStatus", status)]);
            }
        }
        let cause = if outcome == Some(Outcome::Elsewhere) { "26" } else { cause };
        self.say("Hangup", &[("", uid)], &[("Cause", cause)]);
        if let Some(channel) = self.channels.remove(uid) {
            if channel.place.queue.is_some() {
                self.waiting = self.waiting.saturating_sub(1);
            }
            if let Some(partner) = channel.place.partner.and_then(|partner| self.channels.get_mut(&partner)) {
                partner.place.partner = None;
            }
        }
    }

    /// The caller goes on in the dial plan: what rang for him rings no more, and what he does after a talk tells whether
    /// he was transferred.
    pub(super) fn goes_on(&mut self, uid: &Native, exten: &str, first_step: bool) {
        let outcome = if exten == "h" { Outcome::Cancelled } else { Outcome::Status("NOANSWER") };
        if exten == "h" && self.held.iter().any(|held| held.dialer.as_ref() == Some(uid)) {
            self.hung_up_by_party(uid);
        }
        self.end_held(|held| held.dialer.as_ref() == Some(uid), outcome);
        let Some(channel) = self.channels.get_mut(uid) else { return };
        let interrupted = std::mem::take(&mut channel.place.interrupted);
        let announced = std::mem::take(&mut channel.place.announced);
        let elsewhere = channel.place.exten != exten && !matches!(exten, "h" | "s" | "i" | "t" | "o" | "T" | "");
        let by = channel.place.talked_with.clone();
        if interrupted
            && !announced
            && elsewhere
            && first_step
            && let Some(by) = by
        {
            self.sent_elsewhere(&by, uid, exten);
        }
        self.end_talks_with(uid);
    }

    /// A blind transfer.
    pub(super) fn sent_elsewhere(&mut self, by: &Native, whom: &Native, exten: &str) {
        self.say(
            "BlindTransfer",
            &[("Transferer", by), ("Transferee", whom)],
            &[("Result", "Success"), ("Extension", exten)],
        );
    }

    /// What became of a click-to-dial. The phone that did not answer may have hung up before.
    pub(super) fn originate_response(&mut self, message: &Message) {
        let known = field(message, "Uniqueid").and_then(|uid| self.channels.uid(&uid));
        let failed = message.get("Response").is_some_and(|response| response.eq_ignore_ascii_case("Failure"));
        let device = field(message, "Channel").unwrap_or_default().into_owned();
        let mine = |old: &Self, held: &Held| {
            held.dialer.is_none()
                && held.other.is_none()
                && old.channels.get(&held.uid).is_some_and(|c| super::table::device_of(&c.device.name) == device)
        };
        let waits = self.held.iter().find(|held| failed && mine(self, held));
        let (waits, cause) = waits.map(|held| (held.uid.clone(), held.cause.clone())).unzip();
        let rings = || self.newest_of(&device).filter(|uid| failed && self.is_called_by_pbx(uid));
        let reason = number(message, "Reason").unwrap_or(0);
        if let Some(uid) = waits.clone().or_else(rings) {
            self.fails_as_originate(&uid, cause.as_deref().unwrap_or_default(), reason);
        }
        let uid = known.or_else(|| waits.clone());
        let id = uid.map(|uid| self.id(&uid)).unwrap_or_default();
        let exten = field(message, "Exten").unwrap_or_default().into_owned();
        let response = field(message, "Response").unwrap_or_default().into_owned();
        let reason = reason.to_string();
        let mut lines = super::write::Lines::event("OriginateResponse");
        for (key, value) in [
            ("Response", response.as_str()),
            ("Channel", &device),
            ("Exten", &exten),
            ("Reason", &reason),
            ("Uniqueid", &id),
        ] {
            lines.add(key, value);
        }
        self.tell(self.now, lines);
        if let Some(uid) = waits {
            self.end_held(|held| held.uid == uid, Outcome::Elsewhere);
        }
    }
}
