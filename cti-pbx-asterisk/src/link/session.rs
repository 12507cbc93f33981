//! One login, from the snapshot to the end of the link.

use super::Link;
use super::model::Model;
use super::presentation::{Answer, Held, Timed, presentation};
use super::snapshot::{self, Snapshot};
use crate::ami::{Client, Events, Incoming, Message};
use chrono::{DateTime, Utc};
use cti_core::pbx::LinkState;
use cti_core::{Error, ErrorKind};

/// How a session ended.
pub(super) enum End {
    /// The programme ends, or nobody takes the events any more.
    Stopped,
    /// The link is gone.
    Lost(String),
}

impl<M: Model> Link<M> {
    /// Live events wait inside `events` while the snapshot is read, and are handled after it.
    pub(super) async fn session(&mut self, client: Client, mut events: Events) -> End {
        let end = match self.follow(&client, &mut events).await {
            Ok(end) | Err(end) => end,
        };
        self.ends.client.send_replace(None);
        if matches!(end, End::Stopped) {
            client.log_off().await;
        }
        end
    }

    async fn follow(&mut self, client: &Client, events: &mut Events) -> Result<End, End> {
        let mut live_since = self.resync(client).await?;
        tracing::info!(pbx = %self.settings.name, "the link to Asterisk is up");
        self.ends.client.send_replace(Some(client.clone()));
        self.report(LinkState::Up);
        let mut held = Held::default();
        loop {
            let room = self.outlet.has_room();
            tokio::select! {
                () = self.context.cancel.cancelled() => return Ok(End::Stopped),
                open = self.outlet.drive() => if !open { return Ok(End::Stopped) },
                Some(lookup) = self.ends.lookups.recv() => self.look_up(lookup),
                answer = held.answered() => self.answered(answer, client, &mut held),
                incoming = events.recv(), if room => match incoming {
                    Some(Incoming::Event { message, received }) => {
                        let booted = message.is_event("FullyBooted") && received > live_since;
                        self.take((message, received), client, &mut held);
                        if booted {
                            live_since = self.resync(client).await?;
                        }
                    }
                    Some(Incoming::Lost { .. }) => {
                        held = Held::default();
                        live_since = self.resync(client).await?;
                    }
                    None => {
                        self.handle_all(held.release_all());
                        return Ok(End::Lost(events.ended().unwrap_or_default()));
                    }
                },
            }
        }
    }

    /// Reads what is live and lets the model reconcile. Returns when the reading began.
    async fn resync(&mut self, client: &Client) -> Result<DateTime<Utc>, End> {
        let began = Utc::now();
        let reader = client.clone();
        let read = self.meanwhile(async move { snapshot::read(&reader).await }).await.ok_or(End::Stopped)?;
        let snapshot = read.map_err(|error| End::Lost(error.to_string()))?;
        self.ask_about(&snapshot, client).await?;
        let now = Utc::now();
        if self.asterisk_started.is_some() && snapshot.started.is_some() && self.asterisk_started != snapshot.started {
            tracing::warn!(pbx = %self.settings.name, "Asterisk itself was started anew; its calls are gone");
            let gone = self.model.forget_all(now);
            self.outlet.push(gone);
        }
        self.asterisk_started = snapshot.started.or(self.asterisk_started.take());
        let found = self.model.resync(&snapshot.messages, now);
        self.outlet.push(found);
        Ok(began)
    }

    /// Asks for the presentation of callers that are there already.
    async fn ask_about(&mut self, snapshot: &Snapshot, client: &Client) -> Result<(), End> {
        let channels: Vec<_> = snapshot.messages.iter().filter_map(|m| self.model.asks_presentation(m)).collect();
        for channel in channels {
            if !self.ask_presentation {
                break;
            }
            let asking = client.clone();
            let name = channel.clone();
            let asked = self.meanwhile(async move { presentation(&asking, &name).await }).await;
            self.told(&channel, asked.ok_or(End::Stopped)?);
        }
        Ok(())
    }

    fn take(&mut self, (message, received): Timed, client: &Client, held: &mut Held) {
        let at = message.timestamp().unwrap_or(received);
        let Some((message, at)) = held.keep((message, at)) else {
            if let Some(call) = held.overfull() {
                let messages = held.release(&call);
                self.handle_all(messages);
            }
            return;
        };
        match self.model.asks_presentation(&message).filter(|_| self.ask_presentation) {
            Some(channel) => held.ask(client, channel, (message, at)),
            None => self.handle(&message, at),
        }
    }

    fn answered(&mut self, answer: Answer, client: &Client, held: &mut Held) {
        self.told(&answer.channel, answer.presentation);
        let mut messages = held.release(&answer.call).into_iter();
        if let Some((first, at)) = messages.next() {
            self.handle(&first, at);
        }
        for timed in messages {
            self.take(timed, client, held);
        }
    }

    /// Without an answer the number is told as the events have it.
    fn told(&mut self, channel: &str, presentation: cti_core::Result<String>) {
        match presentation {
            Ok(presentation) => self.model.set_presentation(channel, &presentation),
            Err(error) => self.not_told(&error),
        }
    }

    fn not_told(&mut self, error: &Error) {
        let pbx = &self.settings.name;
        if error.kind() == ErrorKind::PermissionDenied {
            self.ask_presentation = false;
            tracing::warn!(
                %pbx, %error,
                "whether callers withhold their number is not known any more; put this line into the [general] section of \
                 manager.conf: channelvars = CALLERID(num-pres)"
            );
        } else {
            tracing::warn!(%pbx, %error, "whether a caller withholds the number is not known");
        }
    }

    fn handle_all(&mut self, messages: Vec<Timed>) {
        for (message, at) in messages {
            self.handle(&message, at);
        }
    }

    fn handle(&mut self, message: &Message, at: DateTime<Utc>) {
        let events = self.model.handle(message, at);
        self.outlet.push(events);
    }
}
