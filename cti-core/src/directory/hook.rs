//! Changes that the CRM tells at once. They only make the directory faster: what is lost comes with the next reading.

use super::{Directory, Entry};
use crate::contacts::ContactSource;
use crate::error::Result;
use crate::hook::Hook;
use crate::number::NumberingPlan;
use async_trait::async_trait;
use std::sync::Arc;

/// Reads again whichever contact a notice is about, and keeps it in the directory.
pub struct DirectoryHook {
    source: Arc<dyn ContactSource>,
    directory: Arc<dyn Directory>,
    plan: NumberingPlan,
}

impl DirectoryHook {
    /// Takes the notices of that source for that directory.
    pub fn new(source: Arc<dyn ContactSource>, directory: Arc<dyn Directory>, plan: NumberingPlan) -> Self {
        Self { source, directory, plan }
    }
}

impl std::fmt::Debug for DirectoryHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DirectoryHook").field("crm", &self.source.name()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Hook for DirectoryHook {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn receive(&self, body: &[u8]) -> Result<()> {
        let Some(changed) = self.source.changed_in(body)? else { return Ok(()) };
        match self.source.contact(&changed.id).await? {
            Some(contact) => self.directory.store(vec![Entry::of(contact, &self.plan)], None).await.map(drop),
            None => self.directory.remove(&changed.object, &changed.id).await,
        }
    }
}
