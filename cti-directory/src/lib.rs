//! Customers of a CRM, kept in a SQLite file: as many as there are, in little memory.
//!
//! What is in the file can be read from the CRM again: a damaged file is begun anew.
//! It holds names and numbers: nobody but the adapter may read it, and it is made so.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use cti_core::directory::Directory;
//! let folder = std::env::temp_dir().join(format!("cti-directory-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let directory = cti_directory::SqliteDirectory::open(&folder.join("customers.db"))?;
//! assert_eq!(directory.count().await?, 0);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod store;

use async_trait::async_trait;
use cti_core::crm::Match;
use cti_core::directory::{Directory, Entry, Progress, Stored};
use cti_core::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;

/// A directory in a file.
#[derive(Debug, Clone)]
pub struct SqliteDirectory(Arc<Mutex<Store>>);

impl SqliteDirectory {
    /// Opens the file, or begins it.
    ///
    /// # Errors
    /// `Storage` if it cannot be written.
    pub fn open(file: &Path) -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Store::open(file)?))))
    }

    /// Does that where waiting for the disk delays nobody.
    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = Arc::clone(&self.0);
        let work = tokio::task::spawn_blocking(move || act(&mut store.lock().unwrap_or_else(PoisonError::into_inner)));
        let failed =
            |cause| Error::new(ErrorKind::Storage, "the directory of customers cannot be used").caused_by(cause);
        match work.await {
            Ok(done) => done.map_err(failed),
            Err(failure) => Err(Error::new(ErrorKind::Unexpected, "the directory failed").caused_by(failure)),
        }
    }
}

#[async_trait]
impl Directory for SqliteDirectory {
    async fn progress(&self) -> Result<Option<Progress>> {
        self.with(|store| store.progress()).await
    }

    async fn store(&self, page: Vec<Entry>, progress: Option<&Progress>) -> Result<Stored> {
        let progress = progress.cloned();
        self.with(move |store| store.store(&page, progress.as_ref())).await
    }

    async fn remove(&self, object: &str, id: &str) -> Result<()> {
        let (object, id) = (object.to_owned(), id.to_owned());
        self.with(move |store| store.remove(&object, &id)).await
    }

    async fn find(&self, key: &str, most: usize) -> Result<Vec<Match>> {
        let key = key.to_owned();
        self.with(move |store| store.find(&key, most)).await
    }

    async fn count(&self) -> Result<u64> {
        self.with(|store| store.count()).await
    }
}
