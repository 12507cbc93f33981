//! Asterisk as something that can be told what to do.

use crate::ami::{Action, Client};
use crate::config::Asterisk;
use crate::link::{Channels, Lookup};
use crate::version::{AmiVersion, capabilities, has_mix_monitor, is_modern};
use crate::{device, dial, safe};
use async_trait::async_trait;
use chrono::Utc;
use cti_core::call::{CallId, Extension};
use cti_core::number::Number;
use cti_core::pbx::{DeviceState, Dial, PbxCapabilities, PbxControl, RecordingStep, TransferStep, WantedAgentState};
use cti_core::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::sync::oneshot;

/// Q.850: normal clearing.
const NORMAL_CLEARING: u8 = 16;
/// How long the event that names the parking slot may take.
const PARKING: Duration = Duration::from_secs(2);

impl Asterisk {
    /// Which AMI spoke last; `None` before the first link.
    pub(crate) fn version(&self) -> Option<AmiVersion> {
        *self.shared.version.borrow()
    }

    /// Refuses what this version cannot do.
    fn needs(&self, can: impl FnOnce(&PbxCapabilities) -> bool, what: &str) -> Result<()> {
        if can(&capabilities(self.version())) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("this version of Asterisk cannot {what} over AMI; nothing was sent"),
        ))
    }

    fn client(&self) -> Result<Client> {
        let client = self.shared.client.borrow().clone();
        client.ok_or_else(|| {
            Error::new(ErrorKind::Unreachable, "there is no link to Asterisk at the moment; it comes back by itself")
                .with("pbx", &self.settings.name)
        })
    }

    async fn channels(&self, call: &CallId, extension: &Extension) -> Result<Channels> {
        self.look_up(Some(call), extension).await
    }

    async fn look_up(&self, call: Option<&CallId>, extension: &Extension) -> Result<Channels> {
        let (reply, answer) = oneshot::channel();
        let lookup = Lookup { call: call.cloned(), extension: extension.clone(), reply };
        let gone = || Error::new(ErrorKind::Unreachable, "the link to Asterisk has ended for good");
        self.lookups().send(lookup).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }

    /// The channel of that extension in that call.
    async fn own_channel(&self, call: &CallId, extension: &Extension) -> Result<String> {
        self.channels(call, extension).await?.extension.ok_or_else(|| no_channel(call, extension))
    }

    /// As the queues name the extension: FreePBX has `Local/6001@from-queue/n` for its members.
    async fn interface(&self, extension: &Extension) -> Result<String> {
        let plain = format!("{}/{}", self.settings.technology, safe::extension(extension)?);
        Ok(self.look_up(None, extension).await?.interface.unwrap_or(plain))
    }

    async fn do_transfer(&self, call: &CallId, from: &Extension, to: &Number, step: TransferStep) -> Result<()> {
        match step {
            TransferStep::Blind => {}
            TransferStep::Consult | TransferStep::Complete => self.needs(|can| can.attended_transfer, "consult")?,
            TransferStep::Cancel => self.needs(|can| can.cancel_transfer, "take a call back")?,
        }
        let client = self.client()?;
        let to = safe::number(to)?;
        let context = self.settings.transfer_context();
        let channels = self.channels(call, from).await?;
        let own = channels.extension.ok_or_else(|| no_channel(call, from))?;
        if matches!(step, TransferStep::Blind | TransferStep::Consult) {
            self.must_exist(&client, to).await?;
        }
        match step {
            TransferStep::Blind if !is_modern(self.version()) => {
                done(&client, Action::redirect(&outside_party(call, channels.customer)?, context, to)).await
            }
            TransferStep::Blind => blind(&client, &own, channels.customer.as_deref(), context, to).await,
            TransferStep::Consult => done(&client, Action::atxfer(&own, context, to)).await,
            // Asterisk completes a consultation when the one who transfers hangs up.
            TransferStep::Complete if !channels.consults => {
                Err(Error::new(ErrorKind::Rejected, "there is no consultation to complete").with("call", call))
            }
            TransferStep::Complete => done(&client, Action::hangup(&own, NORMAL_CLEARING)).await,
            TransferStep::Cancel => done(&client, Action::cancel_atxfer(&own)).await,
        }
    }

    /// Asterisk says yes to a transfer to a number that its dial plan does not know, and then drops the call. Where it
    /// may not be asked, or does not say, the number counts as known.
    async fn must_exist(&self, client: &Client, number: &str) -> Result<()> {
        let context = self.settings.transfer_context();
        let asking = Action::new("Getvar").header("Variable", format!("DIALPLAN_EXISTS({context},{number},1)"));
        match client.send(asking).await {
            Ok(answer) if answer.get("Value").as_deref() == Some("0") => {
                let text = format!("the dial plan has no such number in the context {context}");
                Err(Error::new(ErrorKind::NotFound, text))
            }
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Timeout) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "whether the number exists is not known");
                Ok(())
            }
        }
    }

    async fn do_redirect(&self, call: &CallId, extension: &Extension, to: &Number) -> Result<()> {
        let client = self.client()?;
        let to = safe::number(to)?;
        let channels = self.channels(call, extension).await?;
        channels.extension.ok_or_else(|| no_channel(call, extension))?;
        let customer = outside_party(call, channels.customer)?;
        self.must_exist(&client, to).await?;
        done(&client, Action::redirect(&customer, self.settings.transfer_context(), to)).await
    }

    async fn do_mute(&self, call: &CallId, extension: &Extension, silent: bool) -> Result<()> {
        self.needs(|can| can.mute, "silence a phone")?;
        let client = self.client()?;
        let own = self.own_channel(call, extension).await?;
        let action = Action::new("MuteAudio").header("Channel", own).header("Direction", "in");
        done(&client, action.header("State", if silent { "on" } else { "off" })).await
    }

    async fn do_device_state(&self, extension: &Extension) -> Result<DeviceState> {
        self.needs(|can| can.device_state, "tell what a telephone does")?;
        let client = self.client()?;
        let answer = client.send(device::ask(&self.settings.technology, extension)?).await?;
        device::state(&answer.get("Value").unwrap_or_default()).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "Asterisk knows no such telephone: check the extension and the technology")
                .with("extension", extension)
        })
    }

    async fn do_send_digits(&self, call: &CallId, extension: &Extension, digits: &str) -> Result<()> {
        let client = self.client()?;
        let digits = safe::digits(digits)?;
        let channels = self.channels(call, extension).await?;
        // Tones are for the far end: played to the customer, or, between extensions, as if this phone had sent them.
        let (channel, received) = match (channels.customer, channels.extension) {
            (Some(customer), _) => (customer, false),
            (None, Some(own)) => (own, true),
            (None, None) => return Err(no_channel(call, extension)),
        };
        for digit in digits {
            done(&client, Action::play_dtmf(&channel, digit, received)).await?;
        }
        Ok(())
    }

    async fn do_set_agent_state(&self, extension: &Extension, state: &WantedAgentState) -> Result<()> {
        let client = self.client()?;
        let interface = self.interface(extension).await?;
        let action = match state {
            WantedAgentState::Ready => Action::queue_pause(&interface, false, None),
            WantedAgentState::NotReady { reason } => Action::queue_pause(&interface, true, reason.as_deref()),
            WantedAgentState::LoggedIn { queue, penalty } => {
                Action::queue_add(queue, &interface).maybe("Penalty", *penalty)
            }
            WantedAgentState::LoggedOut { queue } => Action::queue_remove(queue, &interface),
        };
        match done(&client, action).await {
            // Signed in already is what was wanted.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            other => other,
        }
    }

    async fn do_park(&self, call: &CallId, extension: &Extension) -> Result<Option<String>> {
        let client = self.client()?;
        let channels = self.channels(call, extension).await?;
        let own = channels.extension.ok_or_else(|| no_channel(call, extension))?;
        let customer = outside_party(call, channels.customer)?;
        let parked = customer.clone();
        let mut slot = client.watch(move |message| {
            let who = message.get("ParkeeChannel").or_else(|| message.get("Channel"));
            message.is_event("ParkedCall") && who.is_some_and(|who| who == parked)
        });
        let action = if is_modern(self.version()) {
            Action::park(&customer, &own)
        } else {
            Action::new("Park").header("Channel", customer).header("Channel2", own)
        };
        done(&client, action).await?;
        let told = tokio::time::timeout(PARKING, slot.recv()).await.ok().flatten();
        Ok(told.and_then(|m| m.get("ParkingSpace").or_else(|| m.get("Exten")).map(|slot| slot.into_owned())))
    }

    async fn do_record(&self, call: &CallId, extension: &Extension, step: RecordingStep) -> Result<()> {
        let client = self.client()?;
        let channels = self.channels(call, extension).await?;
        // The customer's channel lasts through transfers.
        let channel = channels.customer.or(channels.extension).ok_or_else(|| no_channel(call, extension))?;
        let monitor = |name: &str| Action::new(name).header("Channel", &channel);
        let action = match (step, has_mix_monitor(self.version())) {
            (RecordingStep::Start, true) => Action::mix_monitor(&channel, &format!("{}.wav", self.recording(call))),
            (RecordingStep::Stop, true) => Action::stop_mix_monitor(&channel),
            (RecordingStep::Pause, true) => Action::mix_monitor_mute(&channel, true),
            (RecordingStep::Resume, true) => Action::mix_monitor_mute(&channel, false),
            (RecordingStep::Start, false) => {
                monitor("Monitor").header("File", self.recording(call)).header("Format", "wav").header("Mix", 1)
            }
            (RecordingStep::Stop, false) => monitor("StopMonitor"),
            (RecordingStep::Pause, false) => monitor("PauseMonitor"),
            (RecordingStep::Resume, false) => monitor("UnpauseMonitor"),
        };
        done(&client, action).await
    }

    /// A file of its own for a new recording, without the ending.
    fn recording(&self, call: &CallId) -> String {
        let folder = self.settings.recordings.as_deref().map(|folder| format!("{}/", folder.trim_end_matches('/')));
        let (folder, id) = (folder.unwrap_or_default(), safe::file_part(call.native()));
        format!("{folder}cti-{id}-{}", Utc::now().timestamp_millis())
    }

    /// Says where it happened.
    fn place(&self, operation: &'static str) -> impl Fn(Error) -> Error {
        let pbx = self.settings.name.clone();
        move |error| error.during(operation).with("pbx", &pbx)
    }
}

async fn done(client: &Client, action: Action) -> Result<()> {
    client.send(action).await.map(drop)
}

/// Before Asterisk 12 there is no `BlindTransfer`: the customer is sent to the number instead.
async fn blind(client: &Client, own: &str, customer: Option<&str>, context: &str, to: &str) -> Result<()> {
    match (done(client, Action::blind_transfer(own, context, to)).await, customer) {
        (Err(error), Some(customer)) if error.kind() == ErrorKind::Unsupported => {
            done(client, Action::redirect(customer, context, to)).await
        }
        (other, _) => other,
    }
}

fn outside_party(call: &CallId, customer: Option<String>) -> Result<String> {
    customer.ok_or_else(|| {
        Error::new(ErrorKind::Rejected, "this can be done only to a call with an outside party").with("call", call)
    })
}

fn no_channel(call: &CallId, extension: &Extension) -> Error {
    Error::new(ErrorKind::NotFound, "the extension has no part in this call, or the call is over")
        .with("call", call)
        .with("extension", extension)
}

#[async_trait]
impl PbxControl for Asterisk {
    fn capabilities(&self) -> PbxCapabilities {
        capabilities(self.version())
    }

    async fn dial(&self, dial: &Dial) -> Result<CallId> {
        let dialing = async { dial::dial(&self.client()?, &self.settings, dial).await };
        dialing.await.map_err(self.place("dial"))
    }

    async fn hang_up(&self, call: &CallId, extension: &Extension) -> Result<()> {
        let hanging = async {
            let client = self.client()?;
            let channel = self.own_channel(call, extension).await?;
            done(&client, Action::hangup(&channel, NORMAL_CLEARING)).await
        };
        hanging.await.map_err(self.place("hang_up"))
    }

    async fn transfer(&self, call: &CallId, extension: &Extension, to: &Number, step: TransferStep) -> Result<()> {
        self.do_transfer(call, extension, to, step).await.map_err(self.place("transfer"))
    }

    async fn redirect(&self, call: &CallId, extension: &Extension, to: &Number) -> Result<()> {
        self.do_redirect(call, extension, to).await.map_err(self.place("redirect"))
    }

    async fn mute(&self, call: &CallId, extension: &Extension, silent: bool) -> Result<()> {
        self.do_mute(call, extension, silent).await.map_err(self.place("mute"))
    }

    async fn device_state(&self, extension: &Extension) -> Result<DeviceState> {
        self.do_device_state(extension).await.map_err(self.place("device_state"))
    }

    async fn send_digits(&self, call: &CallId, extension: &Extension, digits: &str) -> Result<()> {
        self.do_send_digits(call, extension, digits).await.map_err(self.place("send_digits"))
    }

    async fn set_agent_state(&self, extension: &Extension, state: &WantedAgentState) -> Result<()> {
        self.do_set_agent_state(extension, state).await.map_err(self.place("set_agent_state"))
    }

    async fn park(&self, call: &CallId, extension: &Extension) -> Result<Option<String>> {
        self.do_park(call, extension).await.map_err(self.place("park"))
    }

    async fn record(&self, call: &CallId, extension: &Extension, step: RecordingStep) -> Result<()> {
        self.do_record(call, extension, step).await.map_err(self.place("record"))
    }
}
