//! One login, from the snapshot to the end of the link.

use super::Link;
use super::model::Model;
use super::presentation::{Answer, Questions};
use super::silence::Silence;
use super::snapshot;
use crate::ami::{Client, Events, Incoming, Message};
use crate::model::UNKNOWN_PRESENTATION;
use crate::version::AmiVersion;
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

/// Whether events may have been missed before a snapshot. If not, what it does not show any more ended by events that
/// wait to be handled.
#[derive(Clone, Copy)]
enum Missed {
    Maybe,
    Nothing,
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
        self.ask_presentation = self.settings.ask_presentation; // a right may have been granted meanwhile
        let mut live_since = self.resync(client, Missed::Maybe).await?;
        self.ends.version.send_replace(client.banner().and_then(|banner| AmiVersion::of_banner(&banner)));
        self.ends.client.send_replace(Some(client.clone()));
        self.report(LinkState::Up);
        let mut questions = Questions::default();
        for channel in &self.unanswered {
            questions.ask(channel.clone());
        }
        loop {
            self.ask_about_callers(&mut questions);
            questions.send(client);
            let room = self.outlet.has_room();
            tokio::select! {
                () = self.context.cancel.cancelled() => return Ok(End::Stopped),
                open = self.outlet.drive() => if !open { return Ok(End::Stopped) },
                Some(lookup) = self.ends.lookups.recv() => self.look_up(lookup),
                () = Silence::over(self.silence.as_ref()) => self.end_silent_calls(),
                answer = questions.answered() => self.answered(answer),
                incoming = events.recv(), if room => match incoming {
                    Some(Incoming::Event { message, received }) => {
                        self.handle(&message, received);
                        if message.is_event("FullyBooted") && received > live_since {
                            live_since = self.resync(client, Missed::Nothing).await?;
                        }
                    }
                    Some(Incoming::Lost { .. }) => live_since = self.resync(client, Missed::Maybe).await?,
                    None => return Ok(End::Lost(events.ended().unwrap_or_default())),
                },
            }
        }
    }

    /// Reads what is live and lets the model reconcile. Returns when the reading began.
    async fn resync(&mut self, client: &Client, missed: Missed) -> Result<DateTime<Utc>, End> {
        let began = Utc::now();
        let reader = client.clone();
        let read = self.meanwhile(async move { snapshot::read(&reader).await }).await.ok_or(End::Stopped)?;
        let snapshot = read.map_err(|error| End::Lost(error.to_string()))?;
        let now = Utc::now() - self.behind;
        if self.asterisk_started.is_some() && snapshot.started.is_some() && self.asterisk_started != snapshot.started {
            tracing::warn!(pbx = %self.settings.name, "Asterisk itself was started anew; its calls are gone");
            let gone = self.model.forget_all(now);
            self.outlet.push(gone);
        }
        self.asterisk_started = snapshot.started.or(self.asterisk_started.take());
        let found = match snapshot.channels {
            Some(channels) => {
                self.silence = None;
                let live = [channels, snapshot.messages].concat();
                match missed {
                    Missed::Maybe => self.model.resync(&live, now),
                    Missed::Nothing => self.model.resync_additions(&live, now),
                }
            }
            None => {
                self.channels_hidden(now);
                self.model.resync_members(&snapshot.messages, now)
            }
        };
        self.outlet.push(found);
        Ok(began)
    }

    /// Says once what is missing, and gives calls some time to be heard of.
    fn channels_hidden(&mut self, now: DateTime<Utc>) {
        let patience = self.settings.unconfirmed_after;
        self.silence = Some(Silence::begin(self.silence.take(), now, patience));
        if !std::mem::replace(&mut self.warned_of_channels, true) {
            tracing::warn!(
                pbx = %self.settings.name,
                end_after_seconds = patience.as_secs(),
                "this user may not list channels: a call that ends while the link is lost stays open until then; add \
                 `call` or `reporting` to the user's write = in manager.conf, then `manager reload`"
            );
        }
    }

    fn end_silent_calls(&mut self) {
        let Some(silence) = self.silence.take() else { return };
        let (since, next) = silence.next(self.settings.unconfirmed_after);
        self.silence = next;
        let lost = self.model.forget_silent(since, Utc::now() - self.behind);
        if !lost.is_empty() {
            tracing::warn!(pbx = %self.settings.name, "calls of which nothing was heard since the link was lost are given up");
        }
        self.outlet.push(lost);
    }

    fn handle(&mut self, message: &Message, received: DateTime<Utc>) {
        let stamp = message.timestamp();
        if let Some(stamp) = stamp {
            self.behind = received - stamp;
        }
        let events = self.model.handle(message, stamp.unwrap_or(received));
        self.outlet.push(events);
    }

    fn ask_about_callers(&mut self, questions: &mut Questions) {
        for channel in self.model.callers_to_ask() {
            if self.ask_presentation {
                questions.ask(channel.clone());
                self.unanswered.insert(channel);
            } else {
                self.told(&channel, "");
            }
        }
    }

    /// Where it may not be asked, or the channel is gone, the number is told as the events have it; where no answer came
    /// the number is hidden: it may be withheld. A question that the end of the link cut off is asked
    /// again after the next login.
    fn answered(&mut self, answer: Answer) {
        match answer.presentation {
            Ok(presentation) => self.told(&answer.channel, &presentation),
            Err(error) if error.kind() == ErrorKind::Unreachable => {}
            Err(error) => {
                self.not_told(&error);
                let nobody_knows = !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied);
                self.told(&answer.channel, if nobody_knows { UNKNOWN_PRESENTATION } else { "" });
            }
        }
    }

    fn told(&mut self, channel: &str, presentation: &str) {
        self.unanswered.remove(channel);
        let events = self.model.set_presentation(channel, presentation);
        self.outlet.push(events);
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
}
