//! Events between the task that reads the socket and whoever takes them.
//!
//! Asterisk disconnects a client that does not read (`writetimeout`, 100 ms), so the reader never waits long for a slow
//! taker: events wait here. What is too much is given up as a whole and told, never dropped in silence.
//!
//! Events come and go in batches, one for each read of the socket, so that there is no lock for each event.

use super::message::Message;
use super::names::Names;
use chrono::{DateTime, Utc};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};

/// Bytes of memory that may wait. A taker who stalls for half a minute at 2,000 events a second of 400 bytes loses none.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Beyond this the reader lets the taker go first, for a moment.
const ENOUGH_BYTES: usize = 256 * 1024;
/// What a waiting event takes beside its bytes.
const OVERHEAD: usize = size_of::<Message>() + 32;
/// Events that may wait for one [`Watch`].
const WATCH_BUFFER: usize = 64;

/// What comes without being asked for.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// An event.
    Event {
        /// The event.
        message: Message,
        /// When it was read from the socket.
        received: DateTime<Utc>,
    },
    /// The taker was too slow, and all events that waited were given up. Read again what you keep about calls.
    Lost {
        /// How many.
        events: u64,
    },
    /// A message was beyond the [`Limits`](super::Limits) and was thrown away.
    Oversized {
        /// How many bytes it had; those of all since the last was told.
        bytes: usize,
    },
}

/// The events of one read.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) messages: Vec<Message>,
    pub(super) received: DateTime<Utc>,
    /// What it keeps in memory.
    bytes: usize,
}

/// What a taker gets.
pub(super) enum Taken {
    Batch(Batch),
    Lost(u64),
    Oversized(usize),
}

/// Shared by the task that reads, the handles and the taker.
#[derive(Debug)]
pub(super) struct Inbox {
    max_events: usize,
    /// Only these events wait; a [`Watch`] sees all.
    wanted: Option<Names>,
    state: Mutex<State>,
    /// The taker has something to look at.
    changed: Notify,
    /// The taker has taken.
    taken: Notify,
    watched: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Batch>,
    events: usize,
    bytes: usize,
    /// Something was taken since the taker was first waited for.
    taking: bool,
    /// The taker was waited for in vain.
    stalled: bool,
    lost: u64,
    oversized: usize,
    abandoned: bool,
    ended: Option<String>,
    watches: Vec<Watcher>,
}

type Filter = Box<dyn Fn(&Message) -> bool + Send>;

struct Watcher {
    wants: Filter,
    out: mpsc::Sender<Message>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

impl Inbox {
    pub(super) fn new(max_events: usize, wanted: Option<Names>) -> Self {
        Self {
            max_events: max_events.max(1),
            wanted,
            state: Mutex::default(),
            changed: Notify::new(),
            taken: Notify::new(),
            watched: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events that nobody wants need not be handed over at all: nobody watches.
    pub(super) fn skippable(&self) -> Option<&Names> {
        self.wanted.as_ref().filter(|_| !self.watched.load(Ordering::Acquire))
    }

    /// Takes over what came with one read of so many bytes. True if the taker should be let go first.
    pub(super) fn put(&self, messages: &mut Vec<Message>, read: usize, received: DateTime<Utc>) -> bool {
        let mut state = self.state();
        if !state.watches.is_empty() {
            messages.iter().for_each(|message| state.tell_watches(message));
            self.watched.store(!state.watches.is_empty(), Ordering::Release);
        }
        if let Some(names) = &self.wanted {
            messages.retain(|message| message.event_name().is_none_or(|name| names.contains(name)));
        }
        if state.abandoned {
            messages.clear();
        }
        if messages.is_empty() {
            return false;
        }
        let batch =
            if state.stalled { Batch::copied(messages, received) } else { Batch::shared(messages, read, received) };
        state.push(batch, self.max_events);
        let full = state.bytes > ENOUGH_BYTES && !state.stalled;
        state.taking &= !full;
        drop(state);
        self.changed.notify_one();
        full
    }

    /// A message was too big to be read.
    pub(super) fn oversized(&self, bytes: usize) {
        let mut state = self.state();
        state.oversized += bytes;
        drop(state);
        self.changed.notify_one();
    }

    /// Waits until the taker has taken most.
    pub(super) async fn room(&self) {
        loop {
            let taken = self.taken.notified();
            if self.state().bytes <= ENOUGH_BYTES / 2 {
                return;
            }
            taken.await;
        }
    }

    /// The taker was waited for long enough. If nothing was taken meanwhile, there is no more waiting until something is,
    /// and only the events themselves are kept, not what was read with them.
    pub(super) fn waited(&self) {
        let mut state = self.state();
        state.stalled = !state.taking;
    }

    pub(super) fn watch(&self, wants: Filter) -> Watch {
        let (out, events) = mpsc::channel(WATCH_BUFFER);
        let mut state = self.state();
        if state.ended.is_none() {
            state.watches.push(Watcher { wants, out });
            self.watched.store(true, Ordering::Release);
        }
        Watch { events }
    }

    /// The link is over: what waits can still be taken.
    pub(super) fn end(&self, reason: &str) {
        let mut state = self.state();
        state.ended.get_or_insert_with(|| reason.to_owned());
        state.watches.clear();
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn ended(&self) -> Option<String> {
        self.state().ended.clone()
    }

    /// Nobody will take events any more.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.abandoned = true;
        state.clear();
        drop(state);
        self.taken.notify_one();
    }

    /// The next batch; `None` when the link has ended and everything was taken.
    pub(super) async fn take(&self) -> Option<Taken> {
        loop {
            let changed = self.changed.notified();
            match self.try_take() {
                Ok(taken) => return taken,
                Err(Empty) => changed.await,
            }
        }
    }

    fn try_take(&self) -> Result<Option<Taken>, Empty> {
        let mut state = self.state();
        if state.lost > 0 {
            return Ok(Some(Taken::Lost(std::mem::take(&mut state.lost))));
        }
        if state.oversized > 0 {
            return Ok(Some(Taken::Oversized(std::mem::take(&mut state.oversized))));
        }
        match state.waiting.pop_front() {
            Some(batch) => {
                state.bytes -= batch.bytes;
                state.events -= batch.messages.len();
                (state.taking, state.stalled) = (true, false);
                drop(state);
                self.taken.notify_one();
                Ok(Some(Taken::Batch(batch)))
            }
            None if state.ended.is_some() => Ok(None),
            None => Err(Empty),
        }
    }
}

struct Empty;

impl Batch {
    /// As they are: they keep all that was read with them.
    fn shared(messages: &mut Vec<Message>, read: usize, received: DateTime<Utc>) -> Self {
        let messages = std::mem::take(messages);
        Self { bytes: read + messages.len() * OVERHEAD, messages, received }
    }

    /// In memory of their own.
    fn copied(messages: &mut Vec<Message>, received: DateTime<Utc>) -> Self {
        let messages: Vec<_> = messages.drain(..).map(|message| message.detached()).collect();
        Self { bytes: messages.iter().map(|message| message.size() + OVERHEAD).sum(), messages, received }
    }
}

impl State {
    fn push(&mut self, mut batch: Batch, max_events: usize) {
        if self.events + batch.messages.len() > max_events || self.bytes + batch.bytes > MAX_BYTES {
            let too_many = batch.messages.len().saturating_sub(max_events);
            batch.messages.drain(..too_many);
            self.lost += (self.events + too_many) as u64;
            self.clear();
            tracing::warn!(events = self.lost, "events of Asterisk came faster than they were taken and were given up");
        }
        self.events += batch.messages.len();
        self.bytes += batch.bytes;
        self.waiting.push_back(batch);
    }

    fn clear(&mut self) {
        self.waiting = VecDeque::new();
        self.events = 0;
        self.bytes = 0;
    }

    fn tell_watches(&mut self, message: &Message) {
        self.watches.retain(|watch| {
            if (watch.wants)(message) && watch.out.try_send(message.clone()).is_err() {
                tracing::debug!("an event that was watched for was not taken");
            }
            !watch.out.is_closed()
        });
    }
}

/// Events that were chosen by a filter, beside those that everybody gets; see [`super::Client::watch`].
#[derive(Debug)]
pub struct Watch {
    events: mpsc::Receiver<Message>,
}

impl Watch {
    /// The next one; `None` when the link has ended.
    pub async fn recv(&mut self) -> Option<Message> {
        self.events.recv().await
    }
}
