//! A directory that lasts as long as the programme.

use super::{Directory, Entry, Progress, Stored};
use crate::crm::Match;
use crate::error::Result;
use async_trait::async_trait;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Kept in memory: for tests and for a few thousand customers.
#[derive(Debug, Default)]
pub struct MemoryDirectory(Mutex<Contents>);

type Id = (String, String);

#[derive(Debug, Default)]
struct Contents {
    entries: HashMap<Id, Entry>,
    by_key: HashMap<String, HashSet<Id>>,
    progress: Option<Progress>,
}

impl MemoryDirectory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn remove(&mut self, id: &Id) -> bool {
        let Some(old) = self.entries.remove(id) else { return false };
        for key in old.keys {
            if let Some(ids) = self.by_key.get_mut(&key.canonical) {
                ids.remove(id);
                if ids.is_empty() {
                    self.by_key.remove(&key.canonical);
                }
            }
        }
        true
    }

    fn put(&mut self, entry: Entry) -> Stored {
        let id = (entry.contact.matched.object.clone(), entry.contact.matched.id.clone());
        if self.entries.get(&id) == Some(&entry) {
            return Stored::default();
        }
        let removed = self.remove(&id);
        if entry.keys.is_empty() {
            return Stored { changed: 0, removed: removed.into() };
        }
        for key in &entry.keys {
            self.by_key.entry(key.canonical.clone()).or_default().insert(id.clone());
        }
        self.entries.insert(id, entry);
        Stored { changed: 1, removed: 0 }
    }
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn progress(&self) -> Result<Option<Progress>> {
        Ok(self.contents().progress.clone())
    }

    async fn store(&self, page: Vec<Entry>, progress: Option<&Progress>) -> Result<Stored> {
        let mut contents = self.contents();
        let mut stored = Stored::default();
        for entry in page {
            let one = contents.put(entry);
            stored = Stored { changed: stored.changed + one.changed, removed: stored.removed + one.removed };
        }
        if let Some(progress) = progress {
            contents.progress = Some(progress.clone());
        }
        Ok(stored)
    }

    async fn remove(&self, object: &str, id: &str) -> Result<()> {
        self.contents().remove(&(object.to_owned(), id.to_owned()));
        Ok(())
    }

    async fn find(&self, key: &str, most: usize) -> Result<Vec<Match>> {
        let contents = self.contents();
        let ids = contents.by_key.get(key).into_iter().flatten();
        let mut found: Vec<&Entry> = ids.filter_map(|id| contents.entries.get(id)).collect();
        found.sort_by_key(|entry| std::cmp::Reverse(entry.contact.changed_at));
        Ok(found.into_iter().take(most).map(|entry| entry.found_under(key)).collect())
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.contents().entries.len() as u64)
    }
}

impl Entry {
    fn found_under(&self, key: &str) -> Match {
        let spelled = self.keys.iter().find(|known| known.canonical == key).map(|known| known.spelled.clone());
        Match { spelled, ..self.contact.matched.clone() }
    }
}
