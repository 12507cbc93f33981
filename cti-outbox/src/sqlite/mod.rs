//! The outbox in one SQLite file.

mod clock;
mod error;
mod lease;
mod open;
mod schema;
mod store;
mod writer;

pub use open::Opened;

use async_trait::async_trait;
use cti_core::call::{CallId, OpenCall};
use cti_core::outbox::{DeadLetter, MAX_WAIT, Outbox, OutboxStats, Settle, Token, Verdict, Work, to_json};
use cti_core::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use store::{Row, Store, Write};
use tokio::sync::oneshot;
use writer::{Request, Writer};

/// The longest reason of a dead letter that is kept, in characters: it is text of the other side.
const MAX_REASON: usize = 2_000;

/// An outbox in one SQLite file. When [`append`](Outbox::append) returns, the work survives a crash of the process and
/// of the machine.
///
/// One thread owns the database; what many tasks ask for at the same time becomes one transaction with one sync to
/// disk. Only one outbox at a time can have the file open. Clones share the same outbox; the file is closed when the
/// last clone and the last [`Token`] are gone, and dropping that last one waits for the write in progress.
///
/// Keys of work that was delivered, and ids of calls that ended, are kept for 30 days, so that a second telling of the
/// same fact is not a second piece of work.
///
/// ```
/// use cti_core::outbox::Outbox;
/// use cti_outbox::SqliteOutbox;
///
/// # let folder = std::env::temp_dir().join(format!("cti-outbox-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let calls_db = folder.join("calls.db");
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let outbox = SqliteOutbox::open(calls_db)?;
/// assert_eq!(outbox.stats().await?.waiting, 0);
/// # Ok::<(), cti_core::Error>(()) }).unwrap();
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct SqliteOutbox(Arc<Shared>);

/// What the outbox and its tokens hold: the way to the thread that owns the database.
#[derive(Debug)]
struct Shared {
    /// `None` only while this is being dropped.
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    opened: Opened,
}

impl SqliteOutbox {
    /// Opens the outbox in that file, or begins a new one. The folder must exist. A new file is readable for its owner
    /// only.
    ///
    /// A file that is damaged, or no database at all, is set aside under the name `<file>.damaged-<time>` and a new one
    /// is begun: calls of today are worth more than waiting for somebody to mend yesterday's. This is logged as an
    /// error and told by [`SqliteOutbox::opened`].
    ///
    /// # Errors
    /// `ConfigInvalid` if there is no such folder, or the file belongs to another program or to a newer version;
    /// `Conflict` if another outbox has the file open; `Storage` if the file cannot be written.
    pub fn open(file: impl AsRef<Path>) -> Result<Self> {
        let (store, opened) = open::open(file.as_ref()).map_err(|error| error.during("open"))?;
        let (requests, received) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("cti-outbox".to_owned())
            .spawn(move || Writer::new(store, received).run())
            .map_err(|error| Error::new(ErrorKind::Unexpected, "no thread for the outbox").caused_by(error))?;
        Ok(Self(Arc::new(Shared { requests: Some(requests), thread: Some(thread), opened })))
    }

    /// What was found when the file was opened.
    pub fn opened(&self) -> &Opened {
        &self.0.opened
    }
}

impl Shared {
    /// Asks the thread for something and waits for the answer.
    async fn ask<T>(
        &self,
        operation: &'static str,
        request: impl FnOnce(oneshot::Sender<Result<T>>) -> Request,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply));
        match answer.await {
            Ok(result) => result.map_err(|error| error.during(operation)),
            Err(_) => {
                Err(Error::new(ErrorKind::Storage, "the outbox has stopped; restart the program").during(operation))
            }
        }
    }

    async fn write(&self, operation: &'static str, write: Write) -> Result<bool> {
        self.ask(operation, |reply| Request::Write { write, reply }).await
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(operation, |reply: oneshot::Sender<Result<T>>| {
            Request::Read(Box::new(move |store| {
                // Whoever asked may be gone.
                let _ = reply.send(read(store).map_err(|error| store.error(error)));
            }))
        })
        .await
    }

    /// A thread that has stopped drops the request, and with it the reply: the one who waits is told.
    fn send(&self, request: Request) {
        if let Some(requests) = &self.requests {
            let _ = requests.send(request);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A thread that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Settle for Shared {
    async fn settle(&self, lease: i64, verdict: Verdict) -> Result<()> {
        let verdict = match verdict {
            Verdict::Rejected { reason } => Verdict::Rejected { reason: reason.chars().take(MAX_REASON).collect() },
            Verdict::RetryAfter(wait) => Verdict::RetryAfter(wait.min(MAX_WAIT)),
            Verdict::Delivered => Verdict::Delivered,
        };
        self.ask("settle", |reply| Request::Settle { lease, verdict, reply }).await.map(drop)
    }

    fn give_back(&self, lease: i64) {
        self.send(Request::GiveBack { lease });
    }
}

#[async_trait]
impl Outbox for SqliteOutbox {
    async fn append(&self, work: Vec<Work>, ended: Option<&CallId>) -> Result<()> {
        let rows = work.iter().map(Row::of).collect::<Result<_>>().map_err(|error| error.during("append"))?;
        self.0.write("append", Write::Append { rows, ended: ended.cloned() }).await.map(drop)
    }

    async fn take(&self, crm: &str) -> Result<Token> {
        let (crm, outbox) = (crm.to_owned(), Arc::downgrade(&self.0));
        self.0.ask("take", |reply| Request::Take { crm, outbox, reply }).await
    }

    async fn remember(&self, open: &OpenCall) -> Result<()> {
        let body = to_json(open).map_err(|error| error.during("remember"))?;
        let write = Write::Remember { call: open.record.call.clone(), seq: open.seq, body };
        self.0.write("remember", write).await.map(drop)
    }

    async fn open_calls(&self, pbx: &str) -> Result<Vec<OpenCall>> {
        let pbx = pbx.to_owned();
        self.0.read("open_calls", move |store| store.open_calls(&pbx)).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        self.0.read("dead_letters", Store::dead_letters).await
    }

    async fn revive(&self, number: i64) -> Result<bool> {
        self.0.write("revive", Write::Revive { number }).await
    }

    async fn drop_dead(&self, number: i64) -> Result<bool> {
        self.0.write("drop_dead", Write::DropDead { number }).await
    }

    async fn stats(&self) -> Result<OutboxStats> {
        self.0.read("stats", Store::stats).await
    }
}
