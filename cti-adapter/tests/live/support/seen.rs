//! What a pipeline showed, to be waited for.

use super::PATIENCE;
use async_trait::async_trait;
use cti::core::call::PbxEvent;
use cti::core::pbx::LinkState;
use cti::core::popup::{Pop, Popup};
use std::sync::Arc;
use tokio::sync::watch;

/// Everything that was shown, in order.
#[derive(Debug, Clone, Default)]
pub struct All {
    pub events: Vec<PbxEvent>,
    /// Each with the number of events that had been told before it.
    pub pops: Vec<(usize, Pop)>,
    pub links: Vec<LinkState>,
}

/// Somebody who is shown calls and remembers all of it.
#[derive(Debug, Clone)]
pub struct Seen(Arc<watch::Sender<All>>);

impl Seen {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(All::default())))
    }

    pub fn now(&self) -> All {
        self.0.borrow().clone()
    }

    /// Waits until `enough`.
    pub async fn wait(&self, what: &str, mut enough: impl FnMut(&All) -> bool) -> All {
        let mut all = self.0.subscribe();
        let waited = tokio::time::timeout(PATIENCE, all.wait_for(|all| enough(all))).await;
        match waited {
            Ok(Ok(all)) => all.clone(),
            _ => panic!("not within {PATIENCE:?}: {what}; seen: {:#?}", self.told()),
        }
    }

    fn told(&self) -> Vec<String> {
        self.now().events.iter().map(super::words::words).collect()
    }
}

#[async_trait]
impl Popup for Seen {
    async fn event(&self, event: &PbxEvent) {
        self.0.send_modify(|all| all.events.push(event.clone()));
    }

    async fn pop(&self, pop: &Pop) {
        self.0.send_modify(|all| all.pops.push((all.events.len(), pop.clone())));
    }

    async fn link(&self, _: &str, state: &LinkState) {
        self.0.send_modify(|all| all.links.push(state.clone()));
    }
}
