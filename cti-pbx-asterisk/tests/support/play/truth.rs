//! What really happened, and whether the reader told it so.

use super::super::{records, words};
use super::Play;
use cti_core::call::{CallRecord, Direction, Disposition, PbxEvent};
use cti_testkit::asterisk::Line;
use cti_testkit::laws;
use std::collections::BTreeSet;
use std::time::Duration;

/// A call that somebody began, and what became of it in truth.
#[derive(Debug, Clone, Default)]
pub(super) struct Truth {
    pub(super) direction: Option<Direction>,
    pub(super) number: Option<String>,
    pub(super) withheld: bool,
    /// Its parties talked: an outside party to somebody (or two telephones, of an internal call).
    pub(super) talked: bool,
    /// Every telephone that talked in it, and those of the last talk.
    pub(super) phones: BTreeSet<String>,
    pub(super) last: BTreeSet<String>,
    /// Three or more shared a talk at some time.
    pub(super) crowd: bool,
    /// A reader was there when it was; and when it began.
    pub(super) seen: bool,
    pub(super) seen_birth: bool,
    /// It went on when its first party had hung up.
    pub(super) outlived: bool,
    /// The calls that became one with it.
    pub(super) joined: BTreeSet<String>,
}

impl Play {
    // ---- what is true -------------------------------------------------------------------------------------------

    /// Reads what was told, and notes who talks to whom and which calls became one.
    pub(super) fn observe(&mut self) {
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
        let there: BTreeSet<String> = self.board.lines().iter().map(|line| self.board.uniqueid(*line)).collect();
        for linkedid in self.board.lines().iter().map(|line| self.board.linkedid(*line)) {
            if let Some(root) = self.roots.get_mut(linkedid).filter(|_| !there.contains(linkedid)) {
                root.outlived = true;
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
            let with_customer = outside || truth.outlived || truth.direction == Some(Direction::Internal);
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

    pub(super) fn finish(&mut self) {
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
                let forgets_outside = self.restarted && self.sent_outside;
                broken.retain(|violation| !(forgets_outside && violation.text.ends_with("nobody else answered")));
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
                _ if truth.outlived => true,
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
        self.events.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
