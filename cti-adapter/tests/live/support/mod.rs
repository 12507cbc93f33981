//! What the live tests share: an office (a real Asterisk, a simulated kintone and the pipeline between them), a link that
//! can be cut, and the real programme.

mod log;
mod office;
mod program;
mod proxy;
mod seen;
mod words;

pub use office::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished};
pub use program::{Config, Finished, adapter};
pub use proxy::Proxy;
pub use words::{facts, field};

use std::time::Duration;

/// How long a test waits for something that comes at once on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often a test looks whether something has come that does not announce itself.
const GLANCE: Duration = Duration::from_millis(20);

/// Looks until `look` finds something.
pub async fn poll<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(GLANCE).await;
    }
}
