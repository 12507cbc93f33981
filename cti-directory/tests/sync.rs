//! Reading a CRM into a directory, and answering from it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use async_trait::async_trait;
use chrono::Utc;
use cti_core::call::CallRecord;
use cti_core::contacts::{Contact, ContactPage, ContactSource, Reading};
use cti_core::crm::{CrmCapabilities, CrmSink, LookUp, Match, Matches, WriteKey, Written};
use cti_core::directory::{Directory, DirectorySync, MemoryDirectory, SyncSettings};
use cti_core::health::Check;
use cti_core::layer::{Backing, CrmSinkExt};
use cti_core::number::{Number, NumberingPlan};
use cti_core::{Error, ErrorKind, Result};
use cti_testkit::suite::directory::{contact, run};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A CRM of contacts, in pages of two. It can fail, and it can be silent.
#[derive(Default)]
struct Crm {
    contacts: Mutex<Vec<Contact>>,
    asked: Mutex<Vec<(Reading, Option<String>)>>,
    fail: Mutex<Option<ErrorKind>>,
    silent: AtomicBool,
    /// After so many pages it is gone.
    pages: Mutex<Option<usize>>,
}

impl Crm {
    fn with(contacts: Vec<Contact>) -> Arc<Self> {
        Arc::new(Self { contacts: Mutex::new(contacts), ..Self::default() })
    }

    fn fails(&self, kind: impl Into<Option<ErrorKind>>) {
        *self.fail.lock().unwrap() = kind.into();
    }

    async fn answers(&self) -> Result<()> {
        if self.silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let fail = *self.fail.lock().unwrap();
        fail.map_or(Ok(()), |kind| Err(Error::new(kind, "does not work")))
    }
}

#[async_trait]
impl ContactSource for Crm {
    fn name(&self) -> &str {
        "crm"
    }

    async fn contacts(&self, reading: &Reading, after: Option<&str>) -> Result<ContactPage> {
        self.answers().await?;
        if self.pages.lock().unwrap().is_some_and(|pages| self.asked.lock().unwrap().len() >= pages) {
            return Err(Error::new(ErrorKind::Unreachable, "gone"));
        }
        self.asked.lock().unwrap().push((reading.clone(), after.map(str::to_owned)));
        let mut all = self.contacts.lock().unwrap().clone();
        match reading {
            Reading::Newest { not_before, .. } => {
                all.retain(|contact| contact.changed_at >= *not_before);
                all.sort_by_key(|contact| std::cmp::Reverse(contact.changed_at));
            }
            Reading::Changed { since } => {
                all.retain(|contact| contact.changed_at >= *since);
                all.sort_by_key(|contact| contact.changed_at);
            }
        }
        let from: usize = after.map_or(0, |after| after.parse().unwrap());
        let left = all.len() - from;
        let contacts: Vec<Contact> = all.into_iter().skip(from).take(2).collect();
        Ok(ContactPage { contacts, next: (left > 2).then(|| (from + 2).to_string()), total: Some(left as u64) })
    }

    async fn contact(&self, id: &str) -> Result<Option<Contact>> {
        Ok(self.contacts.lock().unwrap().iter().find(|contact| contact.matched.id == id).cloned())
    }
}

#[async_trait]
impl CrmSink for Crm {
    fn name(&self) -> &str {
        "crm"
    }

    fn capabilities(&self) -> CrmCapabilities {
        CrmCapabilities { look_up: true, ..CrmCapabilities::default() }
    }

    async fn look_up(&self, _: &LookUp) -> Result<Matches> {
        self.answers().await?;
        Ok(Matches::default())
    }

    async fn log_call(&self, _: &CallRecord, _: Option<&Match>, _: &WriteKey) -> Result<Written> {
        Err(Error::unsupported("log_call", "not here"))
    }

    async fn health(&self) -> Vec<Check> {
        Vec::new()
    }
}

/// Minutes since the time of the contacts' beginning until now: what changes now comes after what was read.
fn now() -> i64 {
    (Utc::now() - contact(0, "", &[], 0).changed_at).num_minutes()
}

fn sync(crm: &Arc<Crm>, directory: &Arc<MemoryDirectory>, most: u64) -> DirectorySync {
    let settings = SyncSettings { most, ..SyncSettings::default() };
    DirectorySync::new(crm.clone(), directory.clone(), NumberingPlan::japan(), settings)
}

#[tokio::test]
async fn memory_is_a_directory() {
    run(&MemoryDirectory::new()).await.unwrap();
}

#[tokio::test]
async fn the_first_reading_takes_the_newest_of_the_window_and_tells_what_it_left_out() {
    let now = now();
    let days = |days: i64| now - days * 24 * 60;
    let all = (1..=8).map(|n| contact(n, "A", &[&format!("03111100{n:02}")], days(10 * i64::try_from(n).unwrap())));
    let crm = Crm::with(all.collect());
    let directory = Arc::new(MemoryDirectory::new());
    let report = sync(&crm, &directory, 3).run_once().await.unwrap();
    // Five of them were changed within 60 days (the sixth a moment too early).
    assert_eq!((report.first, report.read, report.changed, report.left_out), (true, 3, 3, Some(2)));
    assert_eq!(directory.count().await.unwrap(), 3);
    let newest = directory.find("+81311110001", 1).await.unwrap();
    assert_eq!(newest[0].id, "1");
    assert!(directory.find("+81311110004", 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn later_readings_take_what_changed_with_an_overlap_and_remove_who_has_no_number_any_more() {
    let now = now();
    let crm = Crm::with(vec![contact(1, "A", &["0311110001"], now - 50), contact(2, "B", &["0311110002"], now - 40)]);
    let directory = Arc::new(MemoryDirectory::new());
    let sync = sync(&crm, &directory, 3000);
    assert_eq!(sync.run_once().await.unwrap().left_out, Some(0));
    *crm.contacts.lock().unwrap() = vec![
        contact(1, "A", &[], now - 5),
        contact(2, "B", &["0311110002"], now - 40),
        contact(3, "C", &["0311110003"], now - 41), // finished writing late: it counts for the overlap of two minutes
        contact(4, "D", &["0311110004"], now - 43), // long before
    ];
    let report = sync.run_once().await.unwrap();
    assert_eq!((report.first, report.read, report.changed, report.removed), (false, 3, 1, 1));
    let asked = crm.asked.lock().unwrap().last().cloned().unwrap();
    assert_eq!(asked.0, Reading::Changed { since: contact(0, "", &[], now - 42).changed_at });
    assert!(directory.find("+81311110001", 1).await.unwrap().is_empty());
    assert_eq!(directory.find("+81311110003", 1).await.unwrap().len(), 1);
    let idle = sync.run_once().await.unwrap();
    assert_eq!((idle.read, idle.changed, idle.removed), (1, 0, 0), "an idle hour changes nothing");
}

#[tokio::test]
async fn an_interrupted_reading_goes_on_where_it_was_also_after_a_restart() {
    let now = now();
    let all: Vec<Contact> = (1..=7).map(|n| contact(n, "A", &[&format!("03111100{n:02}")], now - 100)).collect();
    let crm = Crm::with(all);
    let directory = Arc::new(MemoryDirectory::new());
    *crm.pages.lock().unwrap() = Some(2);
    sync(&crm, &directory, 3000).run_once().await.unwrap_err();
    assert_eq!(directory.count().await.unwrap(), 4, "what was read is kept");
    *crm.pages.lock().unwrap() = None;
    // Another programme, the same directory.
    assert_eq!(sync(&crm, &directory, 3000).run_once().await.unwrap().read, 7);
    let asked = crm.asked.lock().unwrap().clone();
    let after: Vec<Option<&str>> = asked.iter().map(|(_, after)| after.as_deref()).collect();
    assert_eq!(after, [None, Some("2"), Some("4"), Some("6")], "nothing was read twice");
    assert_eq!(directory.count().await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn while_the_crm_is_down_or_silent_the_directory_answers_for_those_it_knows() {
    let crm = Crm::with(vec![contact(1, "Yamada", &["03-1111-0001"], now() - 5)]);
    let directory = Arc::new(MemoryDirectory::new());
    sync(&crm, &directory, 3000).run_once().await.unwrap();
    let patience = Duration::from_millis(1500);
    let backing = Backing { directory: directory.clone(), plan: NumberingPlan::japan(), patience };
    let sink = crm.clone().backed(backing);
    let look_up = |number: &str| LookUp::exactly(Number::new(number).unwrap());
    assert!(sink.look_up(&look_up("0311110001")).await.unwrap().is_none(), "the CRM goes first");
    crm.fails(ErrorKind::Unreachable);
    let matches = sink.look_up(&look_up("+81311110001")).await.unwrap();
    assert_eq!(matches.found[0].name.as_ref().unwrap().as_str(), "Yamada");
    assert_eq!(matches.found[0].spelled.as_ref().unwrap().as_str(), "03-1111-0001");
    let unknown = sink.look_up(&look_up("0322220002")).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unreachable, "unknown is not absent");
    crm.fails(ErrorKind::Unauthenticated);
    assert_eq!(sink.look_up(&look_up("0311110001")).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    crm.fails(None);
    crm.silent.store(true, Ordering::Relaxed);
    let begun = tokio::time::Instant::now();
    assert_eq!(sink.look_up(&look_up("0311110001")).await.unwrap().found.len(), 1);
    assert_eq!(begun.elapsed(), patience);
}

#[tokio::test(start_paused = true)]
async fn readings_come_every_hour_and_failures_are_made_up_for() {
    let crm = Crm::with(vec![contact(1, "A", &["0311110001"], now() - 5)]);
    let directory = Arc::new(MemoryDirectory::new());
    let sync = sync(&crm, &directory, 3000);
    crm.fails(ErrorKind::Unreachable);
    let running = tokio::spawn(async move { sync.run().await });
    let asked = || crm.asked.lock().unwrap().len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(asked(), 0);
    crm.fails(None);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(asked(), 1, "a run that was missed is caught up within minutes, not an hour later");
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    assert!((3..=4).contains(&asked()), "{}", asked());
    running.abort();
}
