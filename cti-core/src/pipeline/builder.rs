//! Building and running a pipeline.

use super::clicks::Clicks;
use super::settings::Settings;
use super::{commands, delivery, journal, source};
use crate::call::PbxEvent;
use crate::command::CommandSource;
use crate::crm::CrmSink;
use crate::dial::DialPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::number::NumberingPlan;
use crate::outbox::{MemoryOutbox, Outbox};
use crate::pbx::PbxSource;
use crate::policy::Policy;
use crate::popup::{Pop, Popup};
use async_trait::async_trait;
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the end may take before what is left is given up (it stays in the outbox).
const LAST_ORDERS: Duration = Duration::from_secs(10);

/// A pipeline to be built: PBXs, CRMs, an outbox, and whoever is shown the calls.
///
/// It ends when the future given to [`Pipeline::run_until`] ends, or when its last PBX fails for good (a wrong password,
/// say).
#[must_use = "a pipeline does nothing until it runs"]
pub struct Pipeline {
    pbxs: Vec<Arc<dyn PbxSource>>,
    crms: Vec<Arc<dyn CrmSink>>,
    outbox: Option<Arc<dyn Outbox>>,
    popups: Vec<Arc<dyn Popup>>,
    commands: Vec<Arc<dyn CommandSource>>,
    settings: Settings,
    watched: Option<watch::Receiver<Arc<Settings>>>,
}

/// What all parts of a running pipeline share.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) crms: Arc<[Arc<dyn CrmSink>]>,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) popups: Arc<[Arc<dyn Popup>]>,
    pub(super) settings: watch::Receiver<Arc<Settings>>,
    pub(super) clicks: Arc<Clicks>,
    /// Tasks beside the stream of events, such as look-ups.
    pub(super) tasks: TaskTracker,
    /// Cancelled when the pipeline ends.
    pub(super) ending: CancellationToken,
}

impl Parts {
    /// The settings as they are now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pbxs: Vec<_> = self.pbxs.iter().map(|pbx| pbx.name()).collect();
        let crms: Vec<_> = self.crms.iter().map(|crm| crm.name()).collect();
        f.debug_struct("Pipeline").field("pbxs", &pbxs).field("crms", &crms).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// An empty pipeline. Without [`Pipeline::outbox`], work is kept in memory and lost at the end of the programme.
    pub fn new() -> Self {
        Self {
            pbxs: Vec::new(),
            crms: Vec::new(),
            outbox: None,
            popups: Vec::new(),
            commands: Vec::new(),
            settings: Settings::default(),
            watched: None,
        }
    }

    /// Adds a PBX.
    pub fn pbx(mut self, pbx: impl PbxSource + 'static) -> Self {
        self.pbxs.push(Arc::new(pbx));
        self
    }

    /// Adds a CRM.
    pub fn crm(mut self, crm: impl CrmSink + 'static) -> Self {
        self.crms.push(Arc::new(crm));
        self
    }

    /// Where work waits until the CRM has it.
    pub fn outbox(mut self, outbox: impl Outbox + 'static) -> Self {
        self.outbox = Some(Arc::new(outbox));
        self
    }

    /// Adds somebody who is shown the calls.
    pub fn popup(mut self, popup: impl Popup + 'static) -> Self {
        self.popups.push(Arc::new(popup));
        self
    }

    /// Calls `show` for each screen pop, as soon as its look-up is back: pops of several calls may run at the same time.
    pub fn on_pop<F, R>(self, show: F) -> Self
    where
        F: Fn(Pop) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.popup(OnPop(show))
    }

    /// Calls `look` for each event, in order. It delays the next one.
    pub fn on_event<F, R>(self, look: F) -> Self
    where
        F: Fn(PbxEvent) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.popup(OnEvent(look))
    }

    /// Adds somebody who asks for things: click-to-dial, hang-up, transfer.
    pub fn commands(mut self, commands: impl CommandSource + 'static) -> Self {
        self.commands.push(Arc::new(commands));
        self
    }

    /// When to pop, what to log.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.settings.set_policy(policy);
        self
    }

    /// Who dials from where, with which prefix.
    pub fn dial_plan(mut self, plan: DialPlan) -> Self {
        self.settings.dial_plan = Some(plan);
        self
    }

    /// How numbers are written here. Default: Japan.
    pub fn numbering(mut self, plan: NumberingPlan) -> Self {
        self.settings.set_numbering(plan);
        self
    }

    /// Settings that may change while the pipeline runs. They stand in place of [`Pipeline::policy`],
    /// [`Pipeline::dial_plan`] and [`Pipeline::numbering`].
    pub fn settings(mut self, settings: watch::Receiver<Arc<Settings>>) -> Self {
        self.watched = Some(settings);
        self
    }

    /// Runs until `stop` ends, then ends cleanly: PBXs are logged off, what was seen is stored, and a write under way gets
    /// its answer.
    ///
    /// # Errors
    /// `ConfigInvalid` before anything starts; afterwards the error of a PBX that cannot go on.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<()> {
        self.check()?;
        // A sender that is gone leaves its last settings in place.
        let settings = self.watched.unwrap_or_else(|| watch::channel(Arc::new(self.settings)).1);
        let parts = Parts {
            crms: self.crms.into(),
            outbox: self.outbox.unwrap_or_else(in_memory),
            popups: self.popups.into(),
            settings,
            clicks: Arc::default(),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
        };
        run(self.pbxs, self.commands, parts, stop).await
    }

    fn check(&self) -> Result<()> {
        if self.pbxs.is_empty() {
            return Err(Error::config("pbx", "a pipeline needs at least one PBX"));
        }
        let mut names = HashSet::new();
        for (key, name) in
            self.pbxs.iter().map(|p| ("pbx", p.name())).chain(self.crms.iter().map(|c| ("crm", c.name())))
        {
            if name.is_empty() || name.contains(['/', '#']) {
                return Err(Error::config(key, "a name must not be empty, nor hold `/` or `#`").with("name", name));
            }
            if !names.insert((key, name)) {
                return Err(Error::config(key, "two have the same name").with("name", name));
            }
        }
        Ok(())
    }
}

fn in_memory() -> Arc<dyn Outbox> {
    tracing::warn!("no outbox was given: calls that the CRM has not taken yet are lost at the end of the programme");
    Arc::new(MemoryOutbox::new())
}

async fn run(
    pbxs: Vec<Arc<dyn PbxSource>>,
    command_sources: Vec<Arc<dyn CommandSource>>,
    parts: Parts,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let cancel = parts.ending.clone();
    let (workers, workers_done) = (CancellationToken::new(), TaskTracker::new());
    // However this function is left, everything it started ends.
    let _cancel_on_drop = (cancel.clone().drop_guard(), workers.clone().drop_guard());

    let controls = pbxs.iter().filter_map(|pbx| Some((pbx.name().to_owned(), pbx.control()?))).collect();
    let commander = Arc::new(commands::Commander::new(controls, parts.clone()));
    for commands in command_sources {
        let stream = commands.open().await?;
        parts.tasks.spawn(commands::serve(stream, Arc::clone(&commander), cancel.clone()));
    }
    for crm in parts.crms.iter() {
        if !crm.capabilities().log_call {
            tracing::warn!(crm = crm.name(), "calls are not written to this CRM: it has no call history");
        }
        delivery::spawn(Arc::clone(crm), &parts, &workers, &workers_done);
    }
    let mut followers = JoinSet::new();
    let journals = TaskTracker::new();
    for pbx in pbxs {
        let (journal, entries) = journal::channel();
        journals.spawn(journal::keep(entries, parts.clone()));
        followers.spawn(source::follow(pbx, parts.clone(), journal, cancel.clone()));
    }

    let ended = wait(&mut followers, stop).await;
    cancel.cancel();
    parts.tasks.close();
    let farewell = async {
        while let Some(follower) = followers.join_next().await {
            if let Err(error) = result_of(follower) {
                tracing::error!(error = %error.chain(), "a PBX did not end cleanly");
            }
        }
        journals.close();
        journals.wait().await;
        workers.cancel();
        workers_done.close();
        workers_done.wait().await;
        parts.tasks.wait().await;
    };
    if tokio::time::timeout(LAST_ORDERS, farewell).await.is_err() {
        tracing::warn!("the end took too long; what is left stays in the outbox for the next start");
    }
    ended
}

/// Waits for the end that was asked for, or until no PBX can go on any more; the error of the last one is given back.
async fn wait(followers: &mut JoinSet<Result<()>>, stop: impl Future<Output = ()>) -> Result<()> {
    let all_gone = async {
        loop {
            let ended = followers.join_next().await.map_or(Ok(()), result_of);
            if followers.is_empty() {
                return ended;
            }
            if let Err(error) = ended {
                tracing::error!(error = %error.chain(), "a PBX cannot go on; the others do");
            }
        }
    };
    tokio::select! {
        () = stop => Ok(()),
        ended = all_gone => ended,
    }
}

fn result_of(follower: std::result::Result<Result<()>, JoinError>) -> Result<()> {
    let failed = |failure| Error::new(ErrorKind::Unexpected, "the task of a PBX failed").caused_by(failure);
    follower.map_err(failed)?
}

struct OnPop<F>(F);

#[async_trait]
impl<F, R> Popup for OnPop<F>
where
    F: Fn(Pop) -> R + Send + Sync,
    R: Future<Output = ()> + Send,
{
    async fn event(&self, _: &PbxEvent) {}

    async fn pop(&self, pop: &Pop) {
        (self.0)(pop.clone()).await;
    }
}

struct OnEvent<F>(F);

#[async_trait]
impl<F, R> Popup for OnEvent<F>
where
    F: Fn(PbxEvent) -> R + Send + Sync,
    R: Future<Output = ()> + Send,
{
    async fn event(&self, event: &PbxEvent) {
        (self.0)(event.clone()).await;
    }

    async fn pop(&self, _: &Pop) {}
}
