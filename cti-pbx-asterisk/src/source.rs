//! Asterisk as a source of call events.

use crate::config::Asterisk;
use crate::health::health;
use crate::link::Link;
use crate::model::CallModel;
use crate::version::capabilities;
use async_trait::async_trait;
use cti_core::health::Check;
use cti_core::pbx::{EventStream, PbxCapabilities, PbxControl, PbxSource, SourceContext};
use cti_core::{Error, ErrorKind, Fault, Result};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Events that wait for the taker of the stream, beside those that the link keeps.
const STREAM_BUFFER: usize = 256;

#[async_trait]
impl PbxSource for Asterisk {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn capabilities(&self) -> PbxCapabilities {
        capabilities(self.version())
    }

    async fn open(&self, context: SourceContext) -> Result<EventStream> {
        Fault::none(self.settings.faults()).map_err(|error| error.during("open").with("pbx", &self.settings.name))?;
        let Some(ends) = self.shared.take() else {
            return Err(Error::new(ErrorKind::Conflict, "this PBX is being read already").during("open"));
        };
        let (out, events) = mpsc::channel(STREAM_BUFFER);
        let mut model = CallModel::new(&self.settings.name, self.settings.sides.clone())
            .wait_for_presentation(self.settings.ask_presentation);
        if let Some(prefixes) = &self.settings.context_prefixes {
            model = model.context_prefixes(prefixes.iter().cloned());
        }
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
