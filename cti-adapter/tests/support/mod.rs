//! What the tests of the whole programme share: the programme itself, and a stage on which it plays: a simulated
//! Asterisk, a simulated kintone, a folder, a configuration file.
#![allow(dead_code, unused_imports, reason = "every test file uses a part of it")]

mod adapter;
mod desk;
mod folder;
mod stage;

pub(crate) use adapter::{Adapter, Ended, command, run_to_end};
pub(crate) use desk::DeskClient;
pub(crate) use folder::Folder;
pub(crate) use stage::{CUSTOMER, Stage, TOKEN};

use std::time::Duration;
use tokio::time::Instant;

/// How long a busy machine may take for what takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until something is there.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
