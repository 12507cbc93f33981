//! A call model that only tells what it was told, and a link around it.

use super::Link;
use super::model::Model;
use crate::Asterisk;
use crate::ami::Message;
use crate::testing::{SECRET, in_time};
use chrono::{DateTime, Utc};
use cti_core::Result;
use cti_core::call::{AgentEvent, AgentState, CallId, EventId, Extension, OpenCall, PbxEvent};
use cti_core::pbx::{LinkState, SourceContext};
use cti_core::secret::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Writes down every call; makes one event of every message it handles.
pub(crate) struct FakeModel {
    log: mpsc::UnboundedSender<String>,
    to_ask: Vec<String>,
    /// The time of the last snapshot.
    resynced: watch::Sender<DateTime<Utc>>,
}

fn channel(message: &Message) -> String {
    message.get("Channel").unwrap_or_default().into_owned()
}

fn event(what: &str, at: DateTime<Utc>) -> PbxEvent {
    PbxEvent::Agent(AgentEvent {
        pbx: "main".to_owned(),
        id: EventId::from("main#1"),
        at,
        extension: Extension::from("6001"),
        state: AgentState::Ready,
        reason: Some(what.to_owned()),
        queue: None,
    })
}

impl FakeModel {
    /// The first message of a channel from outside.
    fn notice(&mut self, message: &Message) {
        let first = message.is_event("Newchannel") || message.is_event("CoreShowChannel");
        let channel = channel(message);
        if first && channel.starts_with("PJSIP/trunk") {
            self.to_ask.push(channel);
        }
    }

    fn log(&self, line: String) {
        self.log.send(line).ok();
    }
}

impl Model for FakeModel {
    fn seed(&mut self, open: Vec<OpenCall>) {
        self.log(format!("seed {}", open.len()));
    }

    fn handle(&mut self, message: &Message, at: DateTime<Utc>) -> Vec<PbxEvent> {
        let name = message.event().unwrap_or_default().into_owned();
        self.log(format!("{name} {}", channel(message)).trim().to_owned());
        self.notice(message);
        vec![event(&name, at)]
    }

    fn resync(&mut self, snapshot: &[Message], at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.resynced.send_replace(at);
        let channels: Vec<_> = snapshot.iter().filter_map(|m| m.get("Channel")).collect();
        snapshot.iter().for_each(|message| self.notice(message));
        self.log(format!("resync {}", channels.join(" ")).trim().to_owned());
        Vec::new()
    }

    fn resync_additions(&mut self, _snapshot: &[Message], _at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.log("resync additions".to_owned());
        Vec::new()
    }

    fn resync_members(&mut self, _snapshot: &[Message], _at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.log("resync without channels".to_owned());
        Vec::new()
    }

    fn forget_all(&mut self, _at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.log("forget".to_owned());
        Vec::new()
    }

    fn forget_silent(&mut self, _since: DateTime<Utc>, _at: DateTime<Utc>) -> Vec<PbxEvent> {
        self.log("forget silent".to_owned());
        Vec::new()
    }

    fn channel_of(&self, call: &CallId, extension: &Extension) -> Option<String> {
        (call.native() == "1.1" && extension.as_str() == "6001").then(|| "PJSIP/6001-2".to_owned())
    }

    fn customer_channel(&self, call: &CallId) -> Option<String> {
        (call.native() == "1.1").then(|| "PJSIP/trunk-1".to_owned())
    }

    fn is_consulting(&self, _call: &CallId, _extension: &Extension) -> bool {
        true
    }

    fn interface_of(&self, extension: &Extension) -> Option<String> {
        (extension.as_str() == "6002").then(|| "Local/6002@from-queue/n".to_owned())
    }

    fn callers_to_ask(&mut self) -> Vec<String> {
        std::mem::take(&mut self.to_ask)
    }

    fn set_presentation(&mut self, channel: &str, presentation: &str) -> Vec<PbxEvent> {
        self.log(format!("presentation {channel} {presentation}").trim().to_owned());
        vec![event("released", Utc::now())]
    }
}

/// A running link and everything a test wants to see of it.
pub(crate) struct Running {
    pub(crate) asterisk: Asterisk,
    pub(crate) log: mpsc::UnboundedReceiver<String>,
    pub(crate) events: mpsc::Receiver<Result<PbxEvent>>,
    pub(crate) state: watch::Receiver<LinkState>,
    pub(crate) cancel: CancellationToken,
    pub(crate) resynced: watch::Receiver<DateTime<Utc>>,
}

/// An Asterisk on this machine that is quick to try again.
pub(crate) fn asterisk(port: u16) -> Asterisk {
    Asterisk::new("main", "127.0.0.1")
        .port(port)
        .login("cti", SecretString::from(SECRET))
        .backoff(Duration::from_millis(10), Duration::from_millis(50))
}

impl Running {
    pub(crate) fn start(asterisk: Asterisk) -> Self {
        let (tell, log) = mpsc::unbounded_channel();
        let (out, events) = mpsc::channel(8);
        let cancel = CancellationToken::new();
        let context = SourceContext::new(cancel.clone());
        let state = context.link.subscribe();
        let (snapshots, resynced) = watch::channel(DateTime::UNIX_EPOCH);
        let model = FakeModel { log: tell, to_ask: Vec::new(), resynced: snapshots };
        let ends = asterisk.shared.take().expect("first start");
        tokio::spawn(Link::new(Arc::clone(&asterisk.settings), model, context, out, ends).run());
        Self { asterisk, log, events, state, cancel, resynced }
    }

    pub(crate) async fn is(&mut self, wanted: impl FnMut(&LinkState) -> bool) -> LinkState {
        in_time(self.state.wait_for(wanted)).await.expect("the link runs").clone()
    }

    pub(crate) async fn up(&mut self) {
        self.is(|state| *state == LinkState::Up).await;
    }

    /// What the model was told next.
    pub(crate) async fn told(&mut self) -> String {
        in_time(self.log.recv()).await.expect("the link runs")
    }

    pub(crate) async fn told_in_order(&mut self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.told().await, *line);
        }
    }
}
