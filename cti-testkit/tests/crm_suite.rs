//! The CRM suite catches what it is there to catch: a good sink passes, and each fault of a bad one is named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use async_trait::async_trait;
use cti_core::call::{CallRecord, Name};
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, NewContact, WriteKey, Written};
use cti_core::health::{Check, CheckOutcome};
use cti_core::number::Number;
use cti_core::{Error, ErrorKind, Result, Status};
use cti_testkit::suite::crm::{self, Capability, CrmFault, CrmRig, CrmRigs, LoggedCall};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const SECRET: &str = "the-secret-token";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    KeyIgnored,
    LookUpCreates,
    QuoteMatchesAll,
    NumberInError,
    RateLimitIsPermanent,
    CreatesTwiceAtOnce,
    SpellingLost,
    SecretInDebug,
    NameLost,
    WithheldIsWritten,
    ClaimsNotify,
    PopsTheFirst,
}

#[derive(Default)]
struct Store {
    customers: Vec<(String, String)>,
    log: Vec<(String, LoggedCall)>,
    faults: Vec<CrmFault>,
    requests: usize,
}

/// A CRM in memory.
#[derive(Clone)]
struct Memory {
    bug: Bug,
    secret_is_good: bool,
    listens: bool,
    mistake: bool,
    store: Arc<Mutex<Store>>,
    creating: Arc<tokio::sync::Mutex<()>>,
}

impl Memory {
    fn new(bug: Bug) -> Self {
        let (store, creating) = Default::default();
        Self { bug, secret_is_good: true, listens: true, mistake: false, store, creating }
    }

    /// One request: refused as configured or as a fault says; `true` if its answer gets lost.
    fn request(&self, private: &str, writes: bool) -> Result<bool> {
        if !self.listens {
            return Err(Error::new(ErrorKind::Unreachable, "nobody listens"));
        }
        let mut store = self.store.lock().unwrap();
        store.requests += 1;
        if !self.secret_is_good {
            let private = if self.bug == Bug::NumberInError { private } else { "" };
            return Err(Error::new(ErrorKind::Unauthenticated, format!("refused {private}")));
        }
        let position = store.faults.iter().position(|fault| writes || *fault != CrmFault::AnswerLost);
        match position.map(|position| store.faults.remove(position)) {
            Some(CrmFault::RateLimited) if self.bug == Bug::RateLimitIsPermanent => {
                Err(Error::new(ErrorKind::RateLimited, "too many").status_is(Status::Permanent))
            }
            Some(CrmFault::RateLimited) => Err(Error::new(ErrorKind::RateLimited, "too many")),
            Some(CrmFault::ServerError) => Err(Error::new(ErrorKind::Unreachable, "out of order")),
            Some(CrmFault::AnswerLost) => Ok(true),
            None => Ok(false),
        }
    }

    fn found(&self, index: usize, name: &str, number: &str) -> Match {
        Match {
            object: "customer".to_owned(),
            id: index.to_string(),
            name: Name::new(name),
            company: None,
            spelled: Number::new(number),
            url: format!("https://crm/{index}").parse().ok(),
            fields: BTreeMap::new(),
        }
    }
}

fn answer<T>(value: T, lost: bool) -> Result<T> {
    let error = || Error::new(ErrorKind::Unreachable, "the answer is lost").status_is(Status::OutcomeUnknown);
    if lost { Err(error()) } else { Ok(value) }
}

#[async_trait]
impl CrmSink for Memory {
    fn name(&self) -> &str {
        "memory"
    }

    fn capabilities(&self) -> CrmCapabilities {
        let (look_up, log_call, create_contact, screen_pop) = (true, true, true, true);
        let notify = self.bug == Bug::ClaimsNotify;
        CrmCapabilities { look_up, log_call, create_contact, screen_pop, notify, ..CrmCapabilities::default() }
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        self.request(number.number.as_str(), false)?;
        let mut store = self.store.lock().unwrap();
        if self.bug == Bug::LookUpCreates {
            store.customers.push((String::new(), "1".to_owned()));
        }
        let all = self.bug == Bug::QuoteMatchesAll && number.number.as_str().contains('"');
        let hit = |stored: &str| all || number.spellings.iter().any(|spelling| spelling.as_str() == stored);
        let customers = store.customers.iter().enumerate().filter(|(_, (_, stored))| hit(stored));
        let found = customers.map(|(index, (name, stored))| self.found(index, name, stored)).collect();
        Ok(Matches { found, more: false })
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        let lost = self.request(record.customer_number().map_or("", Number::as_str), true)?;
        let mut store = self.store.lock().unwrap();
        let known = store.log.iter().any(|(old, _)| old == key.as_str()) && self.bug != Bug::KeyIgnored;
        if !known {
            let spelled = matched.and_then(|m| m.spelled.as_ref()).filter(|_| self.bug != Bug::SpellingLost);
            let number = spelled.or(record.customer_number()).map(|number| number.as_str().to_owned());
            let number = number.or((self.bug == Bug::WithheldIsWritten).then(|| "anonymous".to_owned()));
            let name = record.caller.name.as_ref().filter(|_| self.bug != Bug::NameLost);
            let name = name.map(|name| name.as_str().to_owned());
            store.log.push((key.as_str().to_owned(), LoggedCall { number, name }));
        }
        answer(Written { id: None, created: !known }, lost)
    }

    async fn create_contact(&self, contact: &NewContact, _key: &WriteKey) -> Result<Match> {
        let _one_at_a_time = match self.bug {
            Bug::CreatesTwiceAtOnce => None,
            _ => Some(self.creating.lock().await),
        };
        let known = self.look_up(&LookUp::exactly(contact.number.clone())).await?;
        tokio::task::yield_now().await;
        if let Some(first) = known.found.into_iter().next() {
            return Ok(first);
        }
        let lost = self.request(contact.number.as_str(), true)?;
        let name = contact.name.as_ref().map_or("", |name| name.as_str()).to_owned();
        let mut store = self.store.lock().unwrap();
        store.customers.push((name.clone(), contact.number.as_str().to_owned()));
        answer(self.found(store.customers.len() - 1, &name, contact.number.as_str()), lost)
    }

    fn screen_pop(&self, _number: &LookUp, matches: &Matches) -> Option<url::Url> {
        let only = if self.bug == Bug::PopsTheFirst { matches.found.first() } else { matches.one() };
        only.and_then(|found| found.url.clone())
    }

    async fn health(&self) -> Vec<Check> {
        let outcome = if self.listens && !self.mistake { CheckOutcome::Ok } else { CheckOutcome::Failed };
        let (found, cure) = ("the field telephone".to_owned(), Some("correct it".to_owned()));
        vec![
            Check { name: "memory.set_up".to_owned(), outcome, found, cure },
            Check { name: "memory.is".to_owned(), outcome: CheckOutcome::Ok, found: String::new(), cure: None },
        ]
    }
}

struct Rigs(Bug);

#[async_trait]
impl CrmRigs for Rigs {
    async fn rig(&self) -> Box<dyn CrmRig> {
        Box::new(Rig(Memory::new(self.0)))
    }
}

struct Rig(Memory);

#[async_trait]
impl CrmRig for Rig {
    fn sink(&self) -> Arc<dyn CrmSink> {
        Arc::new(self.0.clone())
    }

    fn sink_with_wrong_secret(&self) -> Option<Arc<dyn CrmSink>> {
        Some(Arc::new(Memory { secret_is_good: false, ..self.0.clone() }))
    }

    fn sink_to_nowhere(&self) -> Option<Arc<dyn CrmSink>> {
        Some(Arc::new(Memory { listens: false, ..self.0.clone() }))
    }

    fn sink_with_mistake(&self) -> Option<(Arc<dyn CrmSink>, &'static str)> {
        Some((Arc::new(Memory { mistake: true, ..self.0.clone() }), "telephone"))
    }

    async fn add_customer(&self, name: &str, number: &str) {
        self.0.store.lock().unwrap().customers.push((name.to_owned(), number.to_owned()));
    }

    async fn customers(&self) -> usize {
        self.0.store.lock().unwrap().customers.len()
    }

    async fn customers_with(&self, number: &str) -> usize {
        self.0.store.lock().unwrap().customers.iter().filter(|(_, stored)| stored == number).count()
    }

    async fn logged(&self) -> Vec<LoggedCall> {
        self.0.store.lock().unwrap().log.iter().map(|(_, entry)| entry.clone()).collect()
    }

    async fn fail_next(&self, fault: CrmFault) -> bool {
        self.0.store.lock().unwrap().faults.push(fault);
        true
    }

    async fn requests(&self) -> usize {
        self.0.store.lock().unwrap().requests
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }

    fn debug(&self) -> Option<String> {
        Some(if self.0.bug == Bug::SecretInDebug { SECRET.to_owned() } else { "Memory".to_owned() })
    }
}

async fn failures(bug: Bug) -> Vec<String> {
    crm::run(&Rigs(bug)).await.verdict().map_or_else(|failures| failures.0, |_| Vec::new())
}

#[tokio::test]
async fn a_good_sink_passes() {
    assert_eq!(failures(Bug::None).await, [""; 0]);
}

#[tokio::test]
async fn every_fault_is_caught_by_the_case_that_is_there_for_it() {
    let table = [
        (Bug::KeyIgnored, "one_key_twice_is_one_entry"),
        (Bug::KeyIgnored, "a_lost_answer_and_another_try_are_one_entry"),
        (Bug::LookUpCreates, "looking_up_writes_nothing"),
        (Bug::QuoteMatchesAll, "a_hostile_number_finds_nobody"),
        (Bug::NumberInError, "a_wrong_secret_is_permanent"),
        (Bug::RateLimitIsPermanent, "too_many_requests_is_temporary_for_look_up"),
        (Bug::RateLimitIsPermanent, "too_many_requests_is_temporary_for_log_call"),
        (Bug::CreatesTwiceAtOnce, "one_number_twice_at_once_is_one_contact"),
        (Bug::SpellingLost, "the_number_is_spelled_as_in_the_customer_record"),
        (Bug::SecretInDebug, "debug_shows_no_secret"),
        (Bug::NameLost, "hostile_and_huge_names_are_stored_harmlessly"),
        (Bug::WithheldIsWritten, "a_withheld_caller_is_logged_without_number"),
        (Bug::PopsTheFirst, "several_matches_open_none_of_them"),
        (Bug::ClaimsNotify, "no case exercised Notify"),
    ];
    for (bug, case) in table {
        let found = failures(bug).await;
        assert!(found.iter().any(|line| line.starts_with(case)), "{bug:?}: {found:?}");
    }
}

/// Tries everything that is temporary once more.
struct Again(Arc<dyn CrmSink>);

#[async_trait]
impl CrmSink for Again {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> CrmCapabilities {
        self.0.capabilities()
    }

    async fn look_up(&self, number: &LookUp) -> Result<Matches> {
        match self.0.look_up(number).await {
            Err(error) if error.is_temporary() => self.0.look_up(number).await,
            other => other,
        }
    }

    async fn log_call(&self, record: &CallRecord, matched: Option<&Match>, key: &WriteKey) -> Result<Written> {
        match self.0.log_call(record, matched, key).await {
            Err(error) if error.is_temporary() => self.0.log_call(record, matched, key).await,
            other => other,
        }
    }

    async fn create_contact(&self, contact: &NewContact, key: &WriteKey) -> Result<Match> {
        self.0.create_contact(contact, key).await
    }

    async fn health(&self) -> Vec<Check> {
        self.0.health().await
    }
}

#[tokio::test]
async fn a_layer_runs_the_same_suite() {
    let report = crm::run(&crm::layered(Rigs(Bug::None), |sink| Arc::new(Again(sink)))).await.verdict().unwrap();
    assert!(report.unproved().is_empty());
    assert!(Capability::ScreenPop.is_in(CrmCapabilities { screen_pop: true, ..CrmCapabilities::default() }));
}
