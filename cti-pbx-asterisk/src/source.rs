//! Asterisk as a source of call events.

use crate::config::Asterisk;
use crate::health::health;
use crate::link::Link;
use crate::model::CallModel;
use async_trait::async_trait;
use cti_core::health::Check;
use cti_core::pbx::{EventStream, PbxCapabilities, PbxControl, PbxSource, SourceContext};
use cti_core::{Error, ErrorKind, Fault, Result};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Events that wait for the taker of the stream, beside those that the link keeps.
const STREAM_BUFFER: usize = 256;

/// What can be done over AMI. Picking up, holding and resuming cannot: the telephone does that itself.
pub(crate) const CAPABILITIES: PbxCapabilities = PbxCapabilities {
    inbound: true,
    outbound: true,
    internal: true,
    queues: true,
    hold_events: true,
    agent_events: true,
    resync: true,
    dial: true,
    answer: false,
    hang_up: true,
    hold: false,
    blind_transfer: true,
    attended_transfer: true,
    send_digits: true,
    set_agent_state: true,
    park: true,
    record: true,
};

#[async_trait]
impl PbxSource for Asterisk {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn capabilities(&self) -> PbxCapabilities {
        CAPABILITIES
    }

    async fn open(&self, context: SourceContext) -> Result<EventStream> {
        Fault::none(self.settings.faults()).map_err(|error| error.during("open").with("pbx", &self.settings.name))?;
        let Some(ends) = self.shared.take() else {
            return Err(Error::new(ErrorKind::Conflict, "this PBX is being read already").during("open"));
        };
        let (out, events) = mpsc::channel(STREAM_BUFFER);
        let model = CallModel::new(&self.settings.name, self.settings.sides.clone())
            .wait_for_presentation(self.settings.ask_presentation);
        tokio::spawn(Link::new(Arc::clone(&self.settings), model, context, out, ends).run());
        Ok(Box::pin(ReceiverStream::new(events)))
    }

    async fn health(&self) -> Vec<Check> {
        health(&self.settings).await
    }

    fn control(&self) -> Option<Arc<dyn PbxControl>> {
        Some(Arc::new(self.clone()))
    }
}
