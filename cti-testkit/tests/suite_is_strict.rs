//! The suite finds connectors that do not do what they promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use async_trait::async_trait;
use cti_core::Result;
use cti_core::health::Check;
use cti_core::pbx::{EventStream, LinkState, PbxCapabilities, PbxSource, SourceContext};
use cti_testkit::asterisk::Simulator;
use cti_testkit::suite::pbx::{AsteriskRig, Report, run};
use std::sync::Arc;
use std::time::Duration;

/// Says that it is up, and then nothing.
struct Deaf(PbxCapabilities);

#[async_trait]
impl PbxSource for Deaf {
    fn name(&self) -> &str {
        "main"
    }

    fn capabilities(&self) -> PbxCapabilities {
        self.0
    }

    async fn open(&self, context: SourceContext) -> Result<EventStream> {
        context.link.send_replace(LinkState::Up);
        // The context lives as long as the stream: a link state that nobody holds any more would say "ended".
        let keep = tokio_stream::StreamExt::map(tokio_stream::pending(), move |item| {
            let _ = &context;
            item
        });
        Ok(Box::pin(keep))
    }

    async fn health(&self) -> Vec<Check> {
        Vec::new()
    }
}

async fn report(capabilities: PbxCapabilities) -> Report {
    let rig = || async move {
        let sim = Simulator::start().await.unwrap();
        AsteriskRig::new(sim, move |_, _, _| Arc::new(Deaf(capabilities)))
            .patience(Duration::from_millis(30))
            .notices_silence_within(Duration::from_millis(30))
    };
    run(rig).await
}

#[tokio::test]
async fn a_connector_that_tells_nothing_passes_hardly_anything() {
    let promises = PbxCapabilities {
        inbound: true,
        outbound: true,
        internal: true,
        queues: true,
        hold_events: true,
        agent_events: true,
        resync: true,
        dial: true,
        ..PbxCapabilities::default()
    };
    let report = report(promises).await;
    // It has no control side, so it sends nothing that is not supported.
    assert_eq!(report.passed, ["unsupported_is_refused_without_a_byte"], "{report}");
    assert!(report.failed.iter().any(|(case, _)| case == "wrong_password_is_permanent_and_quiet"));
    assert!(report.failed.iter().any(|(case, _)| case == "shutdown_is_quick_and_polite"));
}

#[tokio::test]
async fn a_capability_that_no_case_can_exercise_fails() {
    // Transfers need a call to be transferred.
    let report = report(PbxCapabilities { blind_transfer: true, ..PbxCapabilities::default() }).await;
    assert!(report.failed.iter().any(|(case, _)| case == "capability blind_transfer"), "{report}");
}
