//! The link that never gives up: connect, log in, read what is live, follow, and again.

#[cfg(test)]
pub(crate) mod fake;
mod model;
mod outlet;
mod presentation;
mod session;
mod silence;
mod snapshot;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trace_tests;

use crate::ami::Client;
use crate::config::Settings;
use crate::version::AmiVersion;
use chrono::TimeDelta;
use cti_core::call::{CallId, Extension, PbxEvent};
use cti_core::pbx::{LinkState, SourceContext};
use cti_core::{Error, ErrorKind, Result};
use model::Model;
use outlet::Outlet;
use session::End;
use silence::Silence;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// Asks the link, which owns the call model, for channels.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// Without a call only the interface is wanted.
    pub(crate) call: Option<CallId>,
    pub(crate) extension: Extension,
    pub(crate) reply: oneshot::Sender<Channels>,
}

/// The channels of a call, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Channels {
    pub(crate) extension: Option<String>,
    pub(crate) customer: Option<String>,
    /// The extension has the customer on hold and asks somebody else.
    pub(crate) consults: bool,
    /// With which interface the extension is a member of queues.
    pub(crate) interface: Option<String>,
}

/// What the handles and the link have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) lookups: mpsc::Sender<Lookup>,
    pub(crate) client: watch::Receiver<Option<Client>>,
    /// Of the last link that was up.
    pub(crate) version: watch::Receiver<Option<AmiVersion>>,
    ends: Mutex<Option<Ends>>,
}

/// The link's ends of [`Shared`]; there is one link.
#[derive(Debug)]
pub(crate) struct Ends {
    lookups: mpsc::Receiver<Lookup>,
    client: watch::Sender<Option<Client>>,
    version: watch::Sender<Option<AmiVersion>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let (lookups, asked) = mpsc::channel(16);
        let (told, client) = watch::channel(None);
        let (told_version, version) = watch::channel(None);
        let ends = Ends { lookups: asked, client: told, version: told_version };
        Self { lookups, client, version, ends: Mutex::new(Some(ends)) }
    }

    /// Once.
    pub(crate) fn take(&self) -> Option<Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(crate) struct Link<M> {
    settings: Arc<Settings>,
    context: SourceContext,
    model: M,
    outlet: Outlet,
    ends: Ends,
    /// When Asterisk started, as it says itself.
    asterisk_started: Option<String>,
    /// How far the clock of the PBX is behind ours, as its last stamped event showed.
    behind: TimeDelta,
    warned_of_channels: bool,
    silence: Option<Silence>,
    ask_presentation: bool,
    /// Channels that were asked about and of which no answer has come, also over a lost link.
    unanswered: BTreeSet<String>,
}

impl<M: Model> Link<M> {
    pub(crate) fn new(
        settings: Arc<Settings>,
        mut model: M,
        mut context: SourceContext,
        out: mpsc::Sender<Result<PbxEvent>>,
        ends: Ends,
    ) -> Self {
        model.seed(std::mem::take(&mut context.resume));
        let ask_presentation = settings.ask_presentation;
        Self {
            settings,
            context,
            model,
            outlet: Outlet::new(out),
            ends,
            asterisk_started: None,
            behind: TimeDelta::zero(),
            warned_of_channels: false,
            silence: None,
            ask_presentation,
            unanswered: BTreeSet::new(),
        }
    }

    pub(crate) async fn run(mut self) {
        let mut lost = 0;
        loop {
            self.report(LinkState::Connecting);
            let settings = Arc::clone(&self.settings);
            let connecting = async move { Client::connect(&settings.options).await };
            let reason = match self.meanwhile(connecting).await {
                None => return self.close().await,
                Some(Err(error)) if is_permanent(&error) => return self.fail(error).await,
                Some(Err(error)) => error.to_string(),
                Some(Ok((client, events))) => {
                    let since = Instant::now();
                    match self.session(client, events).await {
                        End::Stopped => return self.close().await,
                        End::Lost(reason) => {
                            if since.elapsed() >= self.settings.stable_after {
                                lost = 0;
                            }
                            reason
                        }
                    }
                }
            };
            lost += 1;
            let wait = self.settings.backoff.wait(lost);
            let retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            self.report(LinkState::Down { reason, retry_in_ms });
            if self.meanwhile(tokio::time::sleep(wait)).await.is_none() {
                return self.close().await;
            }
        }
    }

    /// Waits for `work` and does meanwhile what must go on. `None` if the programme ends.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                () = self.context.cancel.cancelled() => return None,
                done = &mut work => return Some(done),
                open = self.outlet.drive() => if !open { return None },
                Some(lookup) = self.ends.lookups.recv() => self.look_up(lookup),
            }
        }
    }

    fn look_up(&self, lookup: Lookup) {
        let (call, extension) = (lookup.call.as_ref(), &lookup.extension);
        let channels = Channels {
            extension: call.and_then(|call| self.model.channel_of(call, extension)),
            customer: call.and_then(|call| self.model.customer_channel(call)),
            consults: call.is_some_and(|call| self.model.is_consulting(call, extension)),
            interface: self.model.interface_of(extension),
        };
        if lookup.reply.send(channels).is_err() {
            tracing::debug!("nobody waits for the channel any more");
        }
    }

    /// Whoever reads the state says it: a log line here would be the second one.
    fn report(&self, state: LinkState) {
        self.context.link.send_replace(state);
    }

    /// What was decided still goes out, if it is taken at once: a call whose end stays untold would seem lost later.
    async fn close(mut self) {
        if tokio::time::timeout(Duration::from_millis(500), self.outlet.flush()).await.is_err() {
            tracing::warn!(pbx = %self.settings.name, "the last events were not taken");
        }
        self.report(LinkState::Closed { reason: "the programme ends".to_owned() });
    }

    async fn fail(mut self, error: Error) {
        self.report(LinkState::Closed { reason: error.to_string() });
        tokio::select! {
            () = self.context.cancel.cancelled() => {}
            () = self.outlet.finish(error) => {}
        }
    }
}

/// What no waiting cures.
fn is_permanent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::ConfigInvalid)
}
