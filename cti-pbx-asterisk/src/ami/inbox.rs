//! Events between the task that reads the socket and whoever takes them.
//!
//! Asterisk disconnects a client that does not read (`writetimeout`, 100 ms), so the reader never waits for a slow
//! taker: events wait here. What is too much is given up as a whole and told, never dropped in silence.

use super::message::Message;
use chrono::{DateTime, Utc};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};

/// Bytes of events that may wait, whatever their number.
const MAX_BYTES: usize = 64 * 1024 * 1024;
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
}

/// Shared by the task that reads, the handles and the taker.
#[derive(Debug)]
pub(super) struct Inbox {
    max_events: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Message, DateTime<Utc>)>,
    bytes: usize,
    lost: u64,
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
    pub(super) fn new(max_events: usize) -> Self {
        Self { max_events: max_events.max(1), state: Mutex::default(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, message: Message, received: DateTime<Utc>) {
        let mut state = self.state();
        state.tell_watches(&message);
        if state.abandoned {
            return;
        }
        if state.waiting.len() >= self.max_events || state.bytes + message.size() > MAX_BYTES {
            state.give_up();
        }
        state.bytes += message.size();
        state.waiting.push_back((message, received));
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn watch(&self, wants: Filter) -> Watch {
        let (out, events) = mpsc::channel(WATCH_BUFFER);
        let mut state = self.state();
        if state.ended.is_none() {
            state.watches.push(Watcher { wants, out });
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
        state.waiting = VecDeque::new();
        state.bytes = 0;
    }

    pub(super) async fn take(&self) -> Option<Incoming> {
        loop {
            let changed = self.changed.notified();
            match self.try_take() {
                Ok(taken) => return taken,
                Err(Empty) => changed.await,
            }
        }
    }

    fn try_take(&self) -> Result<Option<Incoming>, Empty> {
        let mut state = self.state();
        if state.lost > 0 {
            return Ok(Some(Incoming::Lost { events: std::mem::take(&mut state.lost) }));
        }
        match state.waiting.pop_front() {
            Some((message, received)) => {
                state.bytes -= message.size();
                Ok(Some(Incoming::Event { message, received }))
            }
            None if state.ended.is_some() => Ok(None),
            None => Err(Empty),
        }
    }
}

struct Empty;

impl State {
    fn give_up(&mut self) {
        self.lost += self.waiting.len() as u64;
        self.waiting.clear();
        self.bytes = 0;
        tracing::warn!(events = self.lost, "events of Asterisk came faster than they were taken and were given up");
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
