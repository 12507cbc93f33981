//! A desk that is open.

use crate::answer::Refusal;
use crate::board::AgentIndex;
use crate::desk::{AgentLogin, CallWindow, Desk};
use crate::health::PartState;
use crate::hook::Mounted;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::security::Door;
use crate::server;
use crate::session::Sessions;
use crate::webhook::Webhooks;
use async_trait::async_trait;
use axum::http::HeaderMap;
use chrono::Utc;
use cti_core::call::PbxEvent;
use cti_core::command::{Command, CommandRequest, CommandSource, CommandStream, Outcome};
use cti_core::pbx::{LinkState, PbxCapabilities};
use cti_core::popup::{Notified, Pop, Popup};
use cti_core::{Error, ErrorKind, Result, Status};
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

/// Pages that one agent may have open.
const PAGES: usize = 8;
/// Commands that wait for the pipeline.
const COMMANDS: usize = 64;

/// A desk that is open. Clones are the same desk; it stays open until [`RunningDesk::stop`] or the token of
/// [`Desk::stop_with`].
#[derive(Debug, Clone)]
pub struct RunningDesk(Arc<Inner>);

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) hub: Hub,
    pub(crate) sessions: Sessions,
    pub(crate) door: Door,
    pub(crate) metrics: Metrics,
    pub(crate) capabilities: PbxCapabilities,
    pub(crate) window: CallWindow,
    pub(crate) hooks: Vec<Mounted>,
    pub(crate) webhooks: Webhooks,
    pub(crate) cancel: CancellationToken,
    pub(crate) tracker: TaskTracker,
    agents: Vec<AgentLogin>,
    pages: Vec<Arc<Semaphore>>,
    open_for: Option<String>,
    local_addr: SocketAddr,
    url: Url,
    /// Told with every frame, so that a page does not take frames of an earlier run for ours.
    run: i64,
    command_timeout: Duration,
    commands: mpsc::Sender<CommandRequest>,
    taker: Mutex<Option<mpsc::Receiver<CommandRequest>>>,
}

impl RunningDesk {
    pub(crate) async fn start(desk: Desk, addresses: &[SocketAddr]) -> Result<Self> {
        let no_port = |error: std::io::Error| {
            Error::new(ErrorKind::Unreachable, "the desk cannot listen: is the port in use?")
                .during("bind")
                .with("listen", &desk.address)
                .caused_by(error)
        };
        let listener = TcpListener::bind(addresses).await.map_err(no_port)?;
        let local_addr = listener.local_addr().map_err(no_port)?;
        let inner = Arc::new(Inner::new(desk, local_addr)?);
        inner.tracker.spawn(server::serve(Arc::clone(&inner), listener));
        tracing::info!(address = %local_addr, "the agent desk is open");
        Ok(Self(inner))
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.local_addr
    }

    /// The address of the page.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// The address that signs the agent in: a secret, for it holds the agent's token. `None` if there is no such agent.
    pub fn agent_url(&self, user: &str) -> Option<SecretString> {
        let agent = self.0.agents.iter().find(|agent| agent.user == user)?;
        let mut url = self.0.url.clone();
        if let Some(token) = agent.token.as_ref().filter(|_| self.0.open_for.as_deref() != Some(user)) {
            url.query_pairs_mut().append_pair("token", token.expose_secret());
        }
        Some(String::from(url).into())
    }

    /// Tells how a part of the programme stands: `crm:kintone`, `outbox`. Shown on every page and in `/health`. The links
    /// of PBXs (`pbx:main`) come by [`Popup::link`].
    pub fn report(&self, part: &str, state: PartState) {
        self.0.hub.report(|parts| parts.set(part, state));
    }

    /// Tells how many call logs wait in the outbox. Shown in `/health`.
    pub fn report_waiting(&self, waiting: u64) {
        self.0.hub.report(|parts| {
            parts.waiting = Some(waiting);
            false
        });
    }

    /// Closes all pages and waits until the last one is closed.
    pub async fn stop(&self) {
        self.0.cancel.cancel();
        self.0.tracker.wait().await;
    }
}

impl Inner {
    fn new(desk: Desk, local_addr: SocketAddr) -> Result<Self> {
        let url = match desk.public_url.clone() {
            Some(url) => url,
            None => Url::parse(&format!("http://{local_addr}/"))
                .map_err(|error| Error::new(ErrorKind::Unexpected, "the desk's own address").caused_by(error))?,
        };
        let secure = desk.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        let (commands, taker) = mpsc::channel(COMMANDS);
        let tracker = TaskTracker::new();
        tracker.close();
        Ok(Self {
            hub: Hub::new(desk.agents.iter().map(|agent| agent.extensions.clone()).collect()),
            sessions: Sessions::new(&desk.agents, desk.open_for.as_deref(), local_addr.port(), secure),
            door: Door::new(desk.public, desk.public_url, &desk.origins, &desk.form_targets),
            metrics: Metrics::default(),
            capabilities: desk.capabilities,
            window: desk.window,
            hooks: desk.hooks,
            webhooks: desk.webhooks,
            cancel: desk.cancel,
            tracker,
            pages: desk.agents.iter().map(|_| Arc::new(Semaphore::new(PAGES))).collect(),
            agents: desk.agents,
            open_for: desk.open_for,
            local_addr,
            url,
            run: Utc::now().timestamp_millis(),
            command_timeout: desk.command_timeout,
            commands,
            taker: Mutex::new(Some(taker)),
        })
    }

    pub(crate) fn agent(&self, agent: AgentIndex) -> Option<&AgentLogin> {
        self.agents.get(agent)
    }

    /// The right to one more open page of the agent.
    pub(crate) fn page_permit(&self, agent: AgentIndex) -> Option<OwnedSemaphorePermit> {
        Arc::clone(self.pages.get(agent)?).try_acquire_owned().ok()
    }

    /// The id of a frame, as a browser repeats it when it comes back.
    pub(crate) fn frame_id(&self, revision: u64) -> String {
        format!("{}-{revision}", self.run)
    }

    /// The last frame of this run that the page has had, by its own account.
    pub(crate) fn seen(&self, headers: &HeaderMap) -> Option<u64> {
        let (run, revision) = headers.get("last-event-id")?.to_str().ok()?.split_once('-')?;
        (run.parse() == Ok(self.run)).then(|| revision.parse().ok())?
    }

    /// Hands a command to the pipeline and waits for its outcome.
    pub(crate) async fn carry_out(&self, action: &'static str, command: Command) -> Result<Outcome, Refusal> {
        self.attempt(action, command).await.map_err(Refusal::from)
    }

    /// The same, with the error as it is.
    pub(crate) async fn attempt(&self, action: &'static str, command: Command) -> Result<Outcome> {
        let outcome = self.hand_over(action, command).await;
        self.metrics.command(action, outcome.as_ref().map_or_else(|error| error.kind().code(), outcome_name));
        outcome
    }

    async fn hand_over(&self, action: &'static str, command: Command) -> Result<Outcome> {
        let (reply, answer) = oneshot::channel();
        let nobody = || Error::new(ErrorKind::Unreachable, "nobody takes commands: is the pipeline running?");
        if self.taker.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Err(nobody().during(action));
        }
        self.commands.try_send(CommandRequest { command, reply }).map_err(|_| nobody().during(action))?;
        let answered = tokio::select! {
            answered = tokio::time::timeout(self.command_timeout, answer) => answered,
            () = self.cancel.cancelled() => return Err(nobody().during(action).status_is(Status::OutcomeUnknown)),
        };
        match answered {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(nobody().during(action).status_is(Status::OutcomeUnknown)),
            Err(_) => Err(Error::new(ErrorKind::Timeout, "the telephone system did not answer in time")
                .during(action)
                .status_is(Status::OutcomeUnknown)),
        }
    }
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Placed { .. } => "placed",
        Outcome::Open { .. } => "open",
        Outcome::Parked { .. } => "parked",
        Outcome::Device { .. } => "device",
        Outcome::ChoiceNeeded { .. } => "choice_needed",
    }
}

#[async_trait]
impl Popup for RunningDesk {
    async fn event(&self, event: &PbxEvent) {
        self.0.metrics.events.add(1);
        match event {
            PbxEvent::Call(event) => self.0.hub.call(event),
            PbxEvent::Agent(event) => self.0.hub.agent(event),
        }
    }

    async fn pop(&self, pop: &Pop) {
        self.0.metrics.pops.add(self.0.hub.pop(pop));
    }

    async fn dismissed(&self, pop: &Pop) {
        self.0.hub.dismissed(pop);
    }

    async fn notified(&self, outcome: &Notified) {
        self.0.hub.notified(outcome);
    }

    async fn link(&self, pbx: &str, state: &LinkState) {
        self.report(&format!("pbx:{pbx}"), state.into());
    }
}

#[async_trait]
impl CommandSource for RunningDesk {
    async fn open(&self) -> Result<CommandStream> {
        let taker = self.0.taker.lock().unwrap_or_else(PoisonError::into_inner).take();
        let taker = taker.ok_or_else(|| Error::new(ErrorKind::Conflict, "the commands are being read already"))?;
        // What nobody waits for any more is not carried out late: nobody expects the phone to ring now.
        Ok(Box::pin(ReceiverStream::new(taker).filter(|request| !request.reply.is_closed())))
    }
}
