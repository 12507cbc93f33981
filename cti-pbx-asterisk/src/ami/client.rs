//! A plain client: connect, log in, send actions, take events.

use super::action::Action;
use super::connection::{Answer, Connection, Job, Stream, new_action_id};
use super::inbox::{Inbox, Incoming, Taken, Watch};
use super::login::log_in;
use super::message::Message;
use super::options::{Options, Transport};
use super::tls;
use crate::error::{link_lost, refused};
use chrono::{DateTime, Utc};
use cti_core::{Error, ErrorKind, Fault, Result, Status};
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};

/// A handle of one link to Asterisk. Cheap to clone; the link ends when the last handle and the [`Events`] are gone.
///
/// It does not connect again by itself: [`crate::Asterisk`] does.
#[derive(Debug, Clone)]
pub struct Client {
    jobs: mpsc::Sender<Job>,
    inbox: Arc<Inbox>,
    banner: watch::Receiver<Option<String>>,
    response_timeout: Duration,
}

/// The events of a link, in the order in which Asterisk sent them.
#[derive(Debug)]
pub struct Events {
    inbox: Arc<Inbox>,
    /// Taken from the inbox, not handed out yet.
    ready: std::vec::IntoIter<Message>,
    received: DateTime<Utc>,
    _keeps_link: mpsc::Sender<Job>,
}

impl Events {
    /// The next event; `None` when the link has ended and everything was taken.
    pub async fn recv(&mut self) -> Option<Incoming> {
        loop {
            if let Some(message) = self.ready.next() {
                return Some(Incoming::Event { message, received: self.received });
            }
            match self.inbox.take().await? {
                Taken::Batch(batch) => (self.ready, self.received) = (batch.messages.into_iter(), batch.received),
                Taken::Lost(events) => return Some(Incoming::Lost { events }),
            }
        }
    }

    /// Why the link ended, once it has.
    pub fn ended(&self) -> Option<String> {
        self.inbox.ended()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.inbox.abandon();
    }
}

/// What Asterisk answered to an action.
#[derive(Debug, Clone)]
pub struct Response(Message);

impl Response {
    /// The first value of that key.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.0.get(key)
    }

    /// The lines that a [`Action::command`] printed, in every version of Asterisk.
    pub fn output(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.all("Output")
    }

    /// The message as it came.
    pub fn message(&self) -> &Message {
        &self.0
    }
}

impl Client {
    /// Connects and logs in.
    ///
    /// # Errors
    /// `ConfigInvalid` (see [`Options::faults`]), `Unreachable`, `Timeout` (somebody took the connection and never
    /// spoke), `Protocol` (it is no Asterisk), `Unauthenticated`.
    pub async fn connect(options: &Options) -> Result<(Self, Events)> {
        Fault::none(options.faults())?;
        let connecting = async {
            let tcp = TcpStream::connect((options.host(), options.effective_port())).await.map_err(|error| {
                Error::new(ErrorKind::Unreachable, format!("cannot connect: {error}")).caused_by(error)
            })?;
            tcp.set_nodelay(true).ok(); // only a matter of speed
            match options.transport {
                Transport::Tls => Ok(Self::over(tls::handshake(options, tcp).await?, options)),
                Transport::Plain | Transport::Undecided => Ok(Self::over(tcp, options)),
            }
        };
        let (client, events) = in_time(options, "no connection", connecting).await?;
        in_time(options, "no answer to the login", log_in(&client, options)).await?;
        Ok((client, events))
    }

    /// Speaks over a connection that is open already, without logging in.
    pub(super) fn over(stream: impl Stream, options: &Options) -> (Self, Events) {
        let (jobs, queue) = mpsc::channel(64);
        let inbox = Arc::new(Inbox::new(options.event_buffer, options.only_events.clone()));
        let (told, banner) = watch::channel(None);
        tokio::spawn(Connection::new(stream, options, Arc::clone(&inbox), told).run(queue));
        let (ready, received) = (Vec::new().into_iter(), DateTime::UNIX_EPOCH);
        let events = Events { inbox: Arc::clone(&inbox), ready, received, _keeps_link: jobs.clone() };
        (Self { jobs, inbox, banner, response_timeout: options.response_timeout }, events)
    }

    /// Sends an action and waits for the response.
    ///
    /// # Errors
    /// What Asterisk says when it refuses: `PermissionDenied`, `NotFound`, `Unsupported`, `Rejected`, …
    /// `Rejected` also if the action cannot be sent. [`Status::OutcomeUnknown`] if it was sent and no answer came.
    pub async fn send(&self, action: Action) -> Result<Response> {
        self.send_as(&self.new_id(), action).await
    }

    /// Like [`Client::send`], with an `ActionID` of [`Client::new_id`], to recognise the events that carry it.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    pub async fn send_as(&self, id: &str, action: Action) -> Result<Response> {
        Ok(Response(self.ask(id, &action, false).await?.response))
    }

    /// Sends an action that is answered by a list, and returns the events of the list: the one that completes it
    /// (`CoreShowChannelsComplete`) is the last. Other events go their usual way meanwhile.
    ///
    /// # Errors
    /// Those of [`Client::send`]; also if the list is not complete in time.
    pub async fn send_list(&self, action: Action) -> Result<Vec<Message>> {
        Ok(self.ask(&self.new_id(), &action, true).await?.list)
    }

    /// An `ActionID` that no other action of this process has.
    pub fn new_id(&self) -> String {
        new_action_id()
    }

    /// Events for which `wants` is true, from now on and without waiting for whoever takes the [`Events`]. `wants` runs
    /// in the task that reads: it must be quick.
    pub fn watch(&self, wants: impl Fn(&Message) -> bool + Send + 'static) -> Watch {
        self.inbox.watch(Box::new(wants))
    }

    /// Logs off; the link ends.
    pub async fn log_off(&self) {
        let bye = tokio::time::timeout(Duration::from_secs(1), self.send(Action::logoff()));
        if !matches!(bye.await, Ok(Ok(_))) {
            tracing::debug!("Asterisk did not say good-bye");
        }
    }

    /// The line with which the server greeted, if it came.
    pub fn banner(&self) -> Option<String> {
        self.banner.borrow().clone()
    }

    /// Waits until the server greeted.
    pub(super) async fn greeted(&self) {
        let mut banner = self.banner.clone();
        if banner.wait_for(Option::is_some).await.is_err() {
            tracing::debug!("the link ended before the greeting");
        }
    }

    async fn ask(&self, id: &str, action: &Action, list: bool) -> Result<Answer> {
        let bytes = action.encode(id)?;
        let (reply, answered) = oneshot::channel();
        let job = Job { id: id.to_owned(), bytes, list, reply };
        let asking = async {
            self.jobs.send(job).await.map_err(|_| link_lost(&self.why_ended(), false))?;
            answered.await.map_err(|_| link_lost(&self.why_ended(), true))?
        };
        let answer = tokio::time::timeout(self.response_timeout, asking).await.map_err(|_| {
            let waited = self.response_timeout.as_secs_f64();
            Error::new(ErrorKind::Timeout, format!("no answer from Asterisk in {waited:.1} s"))
                .status_is(Status::OutcomeUnknown)
                .with("action", action.name())
        })??;
        match answer.response.response() {
            Some(text) if text.eq_ignore_ascii_case("Error") => Err(refused(action.name(), &answer.response)),
            _ => Ok(answer),
        }
    }

    fn why_ended(&self) -> String {
        self.inbox.ended().unwrap_or_else(|| "it has ended".to_owned())
    }
}

async fn in_time<T>(options: &Options, late: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let waited = options.connect_timeout;
    tokio::time::timeout(waited, work)
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, format!("{late} in {:.1} s", waited.as_secs_f64()))))
        .map_err(|error| error.with("pbx", options.address()))
}
