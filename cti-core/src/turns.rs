//! Turns: of those who write for the same key, one at a time.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use tokio::sync::{Mutex, MutexGuard};

/// Keys that share one lock wait for each other; the more locks the fewer.
const LOCKS: usize = 16;

/// Lets those who write for one key (a telephone number) wait for each other, so that "look, then create" happens once
/// even if two calls of one number come together. Against other programmes only the CRM itself can help.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let turns = cti_core::turns::Turns::default();
/// let _mine = turns.take("0312345678").await;
/// // look; create what is not there
/// # });
/// ```
#[derive(Debug)]
pub struct Turns([Mutex<()>; LOCKS]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Turns {
    /// Waits until nobody else has the turn for this key; it ends with the value.
    pub async fn take(&self, key: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        self.0[index].lock().await
    }
}
