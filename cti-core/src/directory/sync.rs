//! Keeps a directory like the CRM: everything recent once, then what changes.

use super::{Directory, Entry, Progress, Stored};
use crate::backoff::Backoff;
use crate::contacts::{ContactPage, ContactSource, Reading};
use crate::error::{Error, Result, Status};
use crate::number::NumberingPlan;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;

/// How often, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncSettings {
    /// How long between two readings; an hour unless said otherwise.
    pub every: Duration,
    /// How far the first reading goes back; 60 days unless said otherwise.
    pub window: Duration,
    /// How many contacts the first reading takes; 3,000 unless said otherwise.
    pub most: u64,
    /// How far each later reading goes back behind the one before, because CRMs tell times to the minute and finish
    /// writes later than they say; 2 minutes unless said otherwise.
    pub overlap: Duration,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(3600),
            window: Duration::from_secs(60 * 24 * 3600),
            most: 3000,
            overlap: Duration::from_secs(120),
        }
    }
}

/// What a reading did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// True for the first reading.
    pub first: bool,
    /// Records read since it began, before a restart too.
    pub read: u64,
    /// New or changed here, in this run.
    pub changed: u64,
    /// Removed here, in this run: they have no number any more.
    pub removed: u64,
    /// Records of the window that were too many, oldest ones; `None` if the CRM did not tell how many there are.
    pub left_out: Option<u64>,
}

/// Waits between tries while the CRM does not answer.
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(10), most: Duration::from_secs(600) };

/// Reads a source into a directory.
pub struct DirectorySync {
    source: Arc<dyn ContactSource>,
    directory: Arc<dyn Directory>,
    plan: NumberingPlan,
    settings: SyncSettings,
}

impl std::fmt::Debug for DirectorySync {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DirectorySync")
            .field("crm", &self.source.name())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl DirectorySync {
    /// Reads `source` into `directory`; numbers are compared as that plan says.
    pub fn new(
        source: Arc<dyn ContactSource>,
        directory: Arc<dyn Directory>,
        plan: NumberingPlan,
        settings: SyncSettings,
    ) -> Self {
        Self { source, directory, plan, settings }
    }

    /// Reads once: everything recent the first time, then what changed since. What was interrupted goes on where it was.
    ///
    /// # Errors
    /// Of the source and of the directory; what was read before stays.
    pub async fn run_once(&self) -> Result<SyncReport> {
        let mut progress = match self.directory.progress().await? {
            Some(progress) if progress.ended_at.is_none() => progress,
            earlier => self.begin(earlier.as_ref(), Utc::now()),
        };
        let mut stored = Stored::default();
        loop {
            let page = self.source.contacts(&progress.reading, progress.after.as_deref()).await?;
            let (entries, over) = self.take(&mut progress, page);
            let one = self.directory.store(entries, Some(&progress)).await?;
            stored = Stored { changed: stored.changed + one.changed, removed: stored.removed + one.removed };
            if over {
                return Ok(report(&progress, stored));
            }
        }
    }

    /// Reads again and again, at the interval of the settings, until the value is dropped.
    pub async fn run(&self) {
        // Where many adapters ask one CRM, not all at the same minute.
        let jitter = self.settings.every.mul_f64(fastrand::f64() / 20.0);
        let mut failures = 0;
        loop {
            let wait = match self.run_once().await {
                Ok(report) => {
                    failures = 0;
                    self.tell(&report);
                    self.settings.every + jitter
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(crm = self.source.name(), error = %error.chain(), failures,
                        "customers were not read to the end; it goes on where it was");
                    self.pause(&error, failures)
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    fn pause(&self, error: &Error, failures: u32) -> Duration {
        match error.status() {
            // A person must mend something first.
            Status::Permanent => self.settings.every,
            _ => error.wait().unwrap_or_default().max(BACKOFF.wait(failures)).min(self.settings.every),
        }
    }

    fn tell(&self, report: &SyncReport) {
        let SyncReport { first, read, changed, removed, left_out } = *report;
        let crm = self.source.name();
        tracing::info!(crm, first, read, changed, removed, left_out, "customers were read");
        if let Some(left_out @ 1..) = left_out {
            tracing::warn!(
                crm,
                left_out,
                "customers of the first window were too many: the oldest are found in the CRM only"
            );
        }
    }

    fn begin(&self, earlier: Option<&Progress>, now: DateTime<Utc>) -> Progress {
        let reading = match earlier {
            None => Reading::Newest { not_before: now - delta(self.settings.window), most: self.settings.most },
            Some(earlier) => {
                // Without any contact until now: from the beginning of the reading that found none.
                let from = earlier.latest.unwrap_or(earlier.began_at);
                Reading::Changed { since: from - delta(self.settings.overlap) }
            }
        };
        let latest = earlier.and_then(|earlier| earlier.latest);
        Progress { reading, after: None, began_at: now, ended_at: None, latest, read: 0, total: None }
    }

    /// Notes what a page means for the progress; gives what is to be stored, and whether it was the last page.
    fn take(&self, progress: &mut Progress, page: ContactPage) -> (Vec<Entry>, bool) {
        let room = match progress.reading {
            Reading::Newest { most, .. } => usize::try_from(most.saturating_sub(progress.read)).unwrap_or(usize::MAX),
            Reading::Changed { .. } => usize::MAX,
        };
        progress.total = progress.total.or(page.total);
        let entries: Vec<Entry> =
            page.contacts.into_iter().take(room).map(|contact| Entry::of(contact, &self.plan)).collect();
        progress.latest = entries.iter().map(|entry| entry.contact.changed_at).chain(progress.latest).max();
        progress.read += entries.len() as u64;
        let over = page.next.is_none() || entries.len() >= room;
        if over {
            progress.ended_at = Some(Utc::now());
        }
        progress.after = page.next;
        (entries, over)
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

fn report(progress: &Progress, stored: Stored) -> SyncReport {
    let first = matches!(progress.reading, Reading::Newest { .. });
    SyncReport {
        first,
        read: progress.read,
        changed: stored.changed,
        removed: stored.removed,
        left_out: progress.total.filter(|_| first).map(|total| total.saturating_sub(progress.read)),
    }
}
