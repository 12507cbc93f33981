//! One link: the task that owns the socket. It always reads, whatever else happens, and matches answers to questions.

use super::action::Action;
use super::codec::{Decoder, Frame};
use super::inbox::Inbox;
use super::message::Message;
use super::options::Options;
use crate::error::link_lost;
use bytes::{Buf, Bytes, BytesMut};
use chrono::Utc;
use cti_core::Result;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};

/// Questions that may be under way at once.
const MAX_PENDING: usize = 256;
/// Messages of one list.
const MAX_LIST: usize = 100_000;

/// How much is read at once, at most about.
const READ: usize = 64 * 1024;
/// How long a taker who is behind is waited for before reading goes on without him. Asterisk disconnects who does not
/// read for 100 ms.
const LET_GO_FIRST: Duration = Duration::from_millis(50);

/// Anything that carries bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

/// What is asked of the link.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) bytes: Bytes,
    pub(super) list: bool,
    pub(super) reply: oneshot::Sender<Result<Answer>>,
}

/// The response, and the messages of the list if one was asked for.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Message,
    pub(super) list: Vec<Message>,
}

/// A question without an answer yet, in the order of asking.
struct Pending {
    id: String,
    sent: bool,
    is_list: bool,
    response: Option<Message>,
    list: Vec<Message>,
    /// `None` for our own keep-alive.
    reply: Option<oneshot::Sender<Result<Answer>>>,
}

/// An `ActionID` that no other action of this process has.
pub(super) fn new_action_id() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    static PROCESS: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    let process = PROCESS.get_or_init(|| fastrand::u32(..));
    format!("cti-{process:08x}-{}", COUNTER.fetch_add(1, Ordering::Relaxed))
}

pub(super) struct Connection<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    decoder: Decoder,
    outgoing: VecDeque<(String, Bytes)>,
    unflushed: bool,
    pending: Vec<Pending>,
    inbox: Arc<Inbox>,
    /// Events of the last read that were not handed over yet.
    events: Vec<Message>,
    /// How much was read with them.
    read: usize,
    /// Until when the taker goes first.
    wait_until: Option<Instant>,
    banner: watch::Sender<Option<String>>,
    keep_alive: Duration,
}

impl<S: Stream> Connection<S> {
    pub(super) fn new(stream: S, options: &Options, inbox: Arc<Inbox>, banner: watch::Sender<Option<String>>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            decoder: Decoder::with_limits(options.limits),
            outgoing: VecDeque::new(),
            unflushed: false,
            pending: Vec::new(),
            inbox,
            events: Vec::new(),
            read: 0,
            wait_until: None,
            banner,
            keep_alive: options.keep_alive,
        }
    }

    /// Works until the link ends or all handles are gone.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let reason = self.work(&mut jobs).await;
        self.inbox.end(&reason);
        jobs.close();
        while let Ok(job) = jobs.try_recv() {
            answer(job.reply, Err(link_lost(&reason, false)));
        }
        for pending in self.pending {
            if let Some(reply) = pending.reply {
                answer(reply, Err(link_lost(&reason, pending.sent)));
            }
        }
    }

    /// Returns why the link ended.
    async fn work(&mut self, jobs: &mut mpsc::Receiver<Job>) -> String {
        let mut ping = tokio::time::interval_at(Instant::now() + self.keep_alive, self.keep_alive);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Silence counts from our own question on: a process that was not let run for a while has to ask first.
        let patience = self.keep_alive.mul_f64(1.5);
        let mut asked: Option<Instant> = None;
        loop {
            self.drop_stale();
            let front = self.outgoing.front().map_or(&[][..], |(_, bytes)| bytes);
            let deadline = asked.map(|asked| asked + patience);
            let wait_until = self.wait_until;
            tokio::select! {
                read = read_until(&mut self.reader, self.decoder.space(), deadline), if wait_until.is_none() => match read {
                    Ok(0) => return "Asterisk closed the connection".to_owned(),
                    Ok(count) => {
                        asked = None;
                        self.read = count;
                        self.take_frames();
                    }
                    Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                        return format!("nothing came for {:.1} s", patience.as_secs_f64());
                    }
                    Err(error) => return format!("reading failed: {error}"),
                },
                () = self.inbox.room(), if wait_until.is_some() => self.wait_until = None,
                () = sleep_until(wait_until), if wait_until.is_some() => {
                    self.inbox.waited();
                    self.wait_until = None;
                }
                written = write_some(&mut self.writer, front), if !front.is_empty() || self.unflushed => match written {
                    Ok(count) => self.wrote(count),
                    Err(error) => return format!("writing failed: {error}"),
                },
                job = jobs.recv(), if self.pending.len() < MAX_PENDING => match job {
                    Some(job) => self.start(job),
                    None => return "it is not needed any more".to_owned(),
                },
                _ = ping.tick() => {
                    self.ping();
                    asked.get_or_insert_with(Instant::now);
                }
            }
        }
    }

    fn start(&mut self, job: Job) {
        self.enqueue(job.id, job.bytes, job.list, Some(job.reply));
    }

    fn ping(&mut self) {
        self.pending.retain(|pending| !pending.sent || pending.reply.as_ref().is_none_or(|reply| !reply.is_closed()));
        let id = new_action_id();
        if let Ok(bytes) = Action::ping().encode(&id) {
            self.enqueue(id, bytes, false, None);
        }
    }

    fn enqueue(&mut self, id: String, bytes: Bytes, is_list: bool, reply: Option<oneshot::Sender<Result<Answer>>>) {
        self.pending.push(Pending { id: id.clone(), sent: false, is_list, response: None, list: Vec::new(), reply });
        self.outgoing.push_back((id, bytes));
    }

    /// What nobody waits for any more and was not begun is not sent: a hang-up of ten seconds ago may hit another call.
    fn drop_stale(&mut self) {
        while let Some((id, _)) = self.outgoing.front() {
            let stale = |pending: &Pending| {
                pending.id == *id && !pending.sent && pending.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
            };
            let Some(at) = self.pending.iter().position(stale) else { return };
            self.pending.remove(at);
            self.outgoing.pop_front();
        }
    }

    fn wrote(&mut self, count: usize) {
        self.unflushed = count > 0;
        let Some((id, bytes)) = self.outgoing.front_mut() else { return };
        bytes.advance(count);
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.id == *id) {
            pending.sent = true;
        }
        if bytes.is_empty() {
            self.outgoing.pop_front();
        }
    }

    fn take_frames(&mut self) {
        let lists = self.pending.iter().any(|pending| pending.is_list);
        self.decoder.want(self.inbox.skippable().filter(|_| !lists).cloned());
        while let Some(frame) = self.decoder.next_frame() {
            match frame {
                Frame::Banner { text, .. } => {
                    self.banner.send_replace(Some(text));
                }
                Frame::Oversized { bytes } => {
                    tracing::warn!(bytes, "a message of Asterisk was too big and was thrown away");
                }
                Frame::Message(message) => self.take(message),
            }
        }
        self.hand_over();
    }

    fn take(&mut self, message: Message) {
        if message.is_response() {
            self.hand_over(); // who gets the answer may rely on what came before it
            self.take_response(message);
        } else if let Some(at) = self.list_of(&message) {
            self.take_list_item(at, message);
        } else {
            self.events.push(message);
        }
    }

    fn hand_over(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let read = std::mem::take(&mut self.read);
        if self.inbox.put(&mut self.events, read, Utc::now()) {
            self.wait_until.get_or_insert_with(|| Instant::now() + LET_GO_FIRST);
        }
    }

    fn take_response(&mut self, message: Message) {
        // Asterisk answers in order, so a response without an ActionID (it could not read ours) is for the oldest.
        let waiting = |pending: &Pending| pending.sent && pending.response.is_none();
        let at = match message.action_id() {
            Some(id) => self.pending.iter().position(|pending| waiting(pending) && pending.id == id),
            None => self.pending.iter().position(waiting),
        };
        let Some(at) = at else {
            tracing::debug!("a response that nobody waits for");
            return;
        };
        let refused = message.response().is_some_and(|text| text.eq_ignore_ascii_case("Error"));
        if self.pending[at].is_list && !refused {
            self.pending[at].response = Some(message);
        } else {
            self.finish(at, message);
        }
    }

    /// The position of the question for a list that this event belongs to.
    fn list_of(&self, message: &Message) -> Option<usize> {
        if !self.pending.iter().any(|pending| pending.is_list) {
            return None;
        }
        let id = message.action_id()?;
        self.pending.iter().position(|pending| pending.is_list && pending.id == id)
    }

    fn take_list_item(&mut self, at: usize, message: Message) {
        let complete = ends_list(&message);
        let pending = &mut self.pending[at];
        if pending.list.len() < MAX_LIST {
            pending.list.push(message);
        }
        if complete && let Some(response) = pending.response.take() {
            self.finish(at, response);
        }
    }

    fn finish(&mut self, at: usize, response: Message) {
        let pending = self.pending.remove(at);
        if let Some(reply) = pending.reply {
            answer(reply, Ok(Answer { response, list: pending.list }));
        }
    }
}

/// Reads; what is there already when the deadline has passed still counts. `TimedOut` if nothing is.
async fn read_until<R: AsyncRead + Unpin>(
    reader: &mut R,
    space: &mut BytesMut,
    deadline: Option<Instant>,
) -> io::Result<usize> {
    if space.capacity() - space.len() < READ / 4 {
        space.reserve(READ);
    }
    let reading = reader.read_buf(space);
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, reading).await.unwrap_or_else(|late| Err(late.into())),
        None => reading.await,
    }
}

/// Never, without a time.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Writes what can be written; with nothing to write, pushes out what TLS keeps back.
async fn write_some<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        writer.flush().await?;
        return Ok(0);
    }
    match writer.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// Since 1.8 by a header; before that by the name of the event alone.
fn ends_list(message: &Message) -> bool {
    match message.get("EventList") {
        Some(state) => state.eq_ignore_ascii_case("Complete") || state.eq_ignore_ascii_case("cancelled"),
        None => message.event().is_some_and(|name| name.to_ascii_lowercase().ends_with("complete")),
    }
}

fn answer(reply: oneshot::Sender<Result<Answer>>, with: Result<Answer>) {
    if reply.send(with).is_err() {
        tracing::debug!("an answer came after its time-out");
    }
}
