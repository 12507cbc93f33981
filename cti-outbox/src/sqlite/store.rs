//! What is done in the database. Everything here is one statement or a few, to be run inside a transaction.
//!
//! Of the work of one call for one CRM that waits, exactly one has a `due`: the one at the head. When it goes, the next
//! by number is promoted. So finding what is due is one look into an index, however much waits behind.

use super::clock::{millis, wall};
use super::error::storage;
use chrono::{DateTime, Utc};
use cti_core::call::{CallId, OpenCall};
use cti_core::crm::WriteKey;
use cti_core::outbox::{DeadLetter, OutboxStats, Verdict, Work, to_json};
use cti_core::{Error, Result};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, named_params, params};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long keys of finished work and ids of ended calls are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many of them are erased at a time.
const PRUNED_AT_ONCE: u32 = 500;

/// Work, ready to be stored.
#[derive(Debug, Clone)]
pub(super) struct Row {
    crm: String,
    call: CallId,
    key: WriteKey,
    json: String,
}

/// A change of the database.
#[derive(Debug, Clone)]
pub(super) enum Write {
    Append { rows: Vec<Row>, ended: Option<CallId> },
    Settle { number: i64, tries: u32, verdict: Verdict },
    Remember { call: CallId, seq: u64, body: String },
    Revive { number: i64 },
    DropDead { number: i64 },
}

/// Work that is due.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) number: i64,
    pub(super) tries: u32,
    pub(super) work: Work,
}

/// The database, and the lock that keeps others away (let go of after the database is closed: fields are dropped in
/// order).
#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    file: PathBuf,
    _lock: File,
}

impl Row {
    pub(super) fn of(work: &Work) -> Result<Self> {
        Ok(Self { crm: work.crm.clone(), call: work.call.clone(), key: work.key.clone(), json: to_json(work)? })
    }
}

impl Store {
    /// Also mends due times that a clock which was set back since the last run would put far away: nothing is due later
    /// than the wait that was asked for.
    pub(super) fn new(connection: Connection, file: &Path, lock: File) -> rusqlite::Result<Self> {
        connection.execute("UPDATE work SET due = ?1 + wait WHERE due > ?1 + wait", [wall()])?;
        Ok(Self { connection, file: file.to_owned(), _lock: lock })
    }

    /// Makes the disk as good as full when the database has so many pages more.
    #[cfg(test)]
    pub(super) fn leave_room_for(&self, pages: i64) -> rusqlite::Result<()> {
        let used: i64 = self.connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        self.connection.pragma_update_and_check(None, "max_page_count", used + pages, |_| Ok(()))
    }

    /// The error of the family for an error of this database.
    pub(super) fn error(&self, error: rusqlite::Error) -> Error {
        storage(&self.file, error)
    }

    /// Makes these changes in one transaction: all or none. Tells for each whether it changed anything.
    pub(super) fn apply<'w>(
        &mut self,
        writes: impl Iterator<Item = &'w Write>,
        now: i64,
    ) -> rusqlite::Result<Vec<bool>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = writes.map(|write| change(&transaction, write, now)).collect::<rusqlite::Result<_>>()?;
        transaction.commit()?;
        Ok(changed)
    }

    /// The work of that CRM that has been due longest, apart from what is out. Work that cannot be read (a task that
    /// this version does not know) becomes a dead letter, lest it hold up its call for ever.
    pub(super) fn due(&mut self, crm: &str, now: i64, is_out: impl Fn(i64) -> bool) -> rusqlite::Result<Option<Due>> {
        while let Some(number) = self.due_number(crm, now, &is_out)? {
            match self.due_work(number)? {
                Ok(due) => return Ok(Some(due)),
                Err(error) => {
                    tracing::error!(number, %error, "work in the outbox cannot be read: it is a dead letter now");
                    let verdict = Verdict::Rejected { reason: format!("it cannot be read: {error}") };
                    self.apply(std::iter::once(&Write::Settle { number, tries: 0, verdict }), now)?;
                }
            }
        }
        Ok(None)
    }

    fn due_number(&self, crm: &str, now: i64, is_out: impl Fn(i64) -> bool) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT number FROM work WHERE crm = ?1 AND due <= ?2 ORDER BY due, number";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut numbers = statement.query_map(params![crm, now], |row| row.get(0))?;
        numbers.find(|number| !matches!(number, Ok(number) if is_out(*number))).transpose()
    }

    fn due_work(&self, number: i64) -> rusqlite::Result<serde_json::Result<Due>> {
        let mut statement = self.connection.prepare_cached("SELECT work, tries FROM work WHERE number = ?1")?;
        statement.query_row([number], |row| {
            let tries = row.get(1)?;
            Ok(work(row)?.map(|work| Due { number, tries, work }))
        })
    }

    /// When the next work of that CRM will be due.
    pub(super) fn next_due(&self, crm: &str, now: i64) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT due FROM work WHERE crm = ?1 AND due > ?2 ORDER BY due LIMIT 1";
        self.connection.prepare_cached(sql)?.query_row(params![crm, now], |row| row.get(0)).optional()
    }

    pub(super) fn open_calls(&self, pbx: &str) -> rusqlite::Result<Vec<OpenCall>> {
        let mut statement =
            self.connection.prepare_cached("SELECT body FROM open_call WHERE pbx = ?1 ORDER BY call")?;
        let bodies = statement.query_map([pbx], |row| row.get::<_, String>(0))?;
        let calls = bodies.map(|body| Ok(readable("open call", serde_json::from_str(&body?))));
        calls.filter_map(Result::transpose).collect()
    }

    pub(super) fn dead_letters(&self) -> rusqlite::Result<Vec<DeadLetter>> {
        let sql = "SELECT work, number, reason, dead_at FROM work WHERE dead_at IS NOT NULL ORDER BY dead_at, number";
        let mut statement = self.connection.prepare_cached(sql)?;
        let letters = statement.query_map([], |row| {
            let (number, reason, at) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let at = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
            Ok(readable("dead letter", work(row)?).map(|work| DeadLetter { number, work, reason, at }))
        })?;
        letters.filter_map(rusqlite::Result::transpose).collect()
    }

    pub(super) fn stats(&self) -> rusqlite::Result<OutboxStats> {
        let sql = "SELECT (SELECT count(*) FROM work WHERE dead_at IS NULL), \
                   (SELECT count(*) FROM work WHERE dead_at IS NOT NULL), (SELECT count(*) FROM open_call)";
        self.connection.prepare_cached(sql)?.query_row([], |row| {
            let count = |column| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
            Ok(OutboxStats { waiting: count(0)?, dead: count(1)?, open_calls: count(2)? })
        })
    }

    /// Erases some of the keys and ids that were kept long enough. True if there may be more.
    pub(super) fn prune(&mut self) -> rusqlite::Result<bool> {
        let before = wall() - millis(KEPT);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut more = false;
        for sql in [
            "DELETE FROM done WHERE (crm, key) IN (SELECT crm, key FROM done WHERE at < ?1 ORDER BY at LIMIT ?2)",
            "DELETE FROM ended WHERE call IN (SELECT call FROM ended WHERE at < ?1 ORDER BY at LIMIT ?2)",
        ] {
            more |= transaction.execute(sql, params![before, PRUNED_AT_ONCE])? == PRUNED_AT_ONCE as usize;
        }
        transaction.commit()?;
        Ok(more)
    }
}

/// The work in the first column.
fn work(row: &rusqlite::Row<'_>) -> rusqlite::Result<serde_json::Result<Work>> {
    Ok(serde_json::from_str(row.get_ref(0)?.as_str()?))
}

fn readable<T>(what: &str, result: serde_json::Result<T>) -> Option<T> {
    result.inspect_err(|error| tracing::error!(what, %error, "the outbox holds something that cannot be read")).ok()
}

fn change(connection: &Connection, write: &Write, now: i64) -> rusqlite::Result<bool> {
    match write {
        Write::Append { rows, ended } => append(connection, rows, ended.as_ref(), now),
        Write::Settle { number, tries, verdict } => settle(connection, *number, *tries, verdict, now),
        Write::Remember { call, seq, body } => remember(connection, call, *seq, body),
        Write::Revive { number } => revive(connection, *number, now),
        Write::DropDead { number } => {
            let sql = "SELECT 1 FROM work WHERE number = ?1 AND dead_at IS NOT NULL";
            Ok(connection.prepare_cached(sql)?.exists([number])? && finish(connection, *number)?)
        }
    }
}

fn append(connection: &Connection, rows: &[Row], ended: Option<&CallId>, now: i64) -> rusqlite::Result<bool> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO work (crm, call, key, work, due)
         SELECT :crm, :call, :key, :work, CASE WHEN EXISTS
             (SELECT 1 FROM work WHERE crm = :crm AND call = :call AND dead_at IS NULL) THEN NULL ELSE :now END
         WHERE NOT EXISTS (SELECT 1 FROM done WHERE crm = :crm AND key = :key)
         ON CONFLICT (crm, key) DO NOTHING",
    )?;
    for Row { crm, call, key, json } in rows {
        let (call, key) = (call.as_str(), key.as_str());
        insert.execute(named_params! { ":crm": crm, ":call": call, ":key": key, ":work": json, ":now": now })?;
    }
    if let Some(call) = ended {
        connection.prepare_cached("DELETE FROM open_call WHERE call = ?1")?.execute([call.as_str()])?;
        let sql = "INSERT INTO ended (call, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        connection.prepare_cached(sql)?.execute(params![call.as_str(), wall()])?;
    }
    Ok(true)
}

fn settle(connection: &Connection, number: i64, tries: u32, verdict: &Verdict, now: i64) -> rusqlite::Result<bool> {
    match verdict {
        Verdict::Delivered => {
            promote_after(connection, number, now)?;
            finish(connection, number)
        }
        Verdict::Rejected { reason } => {
            promote_after(connection, number, now)?;
            let sql = "UPDATE work SET due = NULL, dead_at = ?2, reason = ?3 WHERE number = ?1";
            Ok(connection.prepare_cached(sql)?.execute(params![number, wall(), reason])? > 0)
        }
        Verdict::RetryAfter(wait) => {
            let sql = "UPDATE work SET due = ?2 + ?3, wait = ?3, tries = ?4 WHERE number = ?1";
            let tries = tries.saturating_add(1);
            Ok(connection.prepare_cached(sql)?.execute(params![number, now, millis(*wait), tries])? > 0)
        }
    }
}

/// Makes the work due that stands next behind that one.
fn promote_after(connection: &Connection, number: i64, now: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE work SET due = ?2, wait = 0 WHERE number =
        (SELECT min(next.number) FROM work AS this JOIN work AS next
         ON next.crm = this.crm AND next.call = this.call AND next.dead_at IS NULL AND next.number <> this.number
         WHERE this.number = ?1)";
    connection.prepare_cached(sql)?.execute(params![number, now]).map(drop)
}

/// Removes the work and keeps its key.
fn finish(connection: &Connection, number: i64) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO done (crm, key, at) SELECT crm, key, ?2 FROM work WHERE number = ?1 ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![number, wall()])?;
    Ok(connection.prepare_cached("DELETE FROM work WHERE number = ?1")?.execute([number])? > 0)
}

fn remember(connection: &Connection, call: &CallId, seq: u64, body: &str) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO open_call (call, pbx, seq, body) SELECT ?1, ?2, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM ended WHERE call = ?1)
         ON CONFLICT (call) DO UPDATE SET seq = excluded.seq, body = excluded.body WHERE excluded.seq >= seq";
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    Ok(connection.prepare_cached(sql)?.execute(params![call.as_str(), call.pbx(), seq, body])? > 0)
}

/// The letter stands behind whatever of its call is being done.
fn revive(connection: &Connection, number: i64, now: i64) -> rusqlite::Result<bool> {
    let sql = "UPDATE work SET dead_at = NULL, reason = NULL, tries = 0, wait = 0, due = CASE WHEN EXISTS
             (SELECT 1 FROM work AS other
              WHERE other.crm = work.crm AND other.call = work.call AND other.dead_at IS NULL) THEN NULL ELSE ?2 END
         WHERE number = ?1 AND dead_at IS NOT NULL";
    Ok(connection.prepare_cached(sql)?.execute(params![number, now])? > 0)
}
