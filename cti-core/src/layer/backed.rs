//! Answers from a directory when the CRM does not.

use super::answering::AnswerLookUps;
use crate::crm::{CrmSink, LookUp, Matches};
use crate::directory::{Directory, key};
use crate::error::{Error, ErrorKind, Result, Status};
use crate::number::NumberingPlan;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// How many customers with one number are told.
const MAX_MATCHES: usize = 10;

/// A directory behind a CRM: look-ups are answered from it while the CRM is down or slow. Who is not in the directory is
/// unknown, not absent: then the error of the CRM is told, so that nobody is created twice.
#[derive(Clone)]
pub struct Backing {
    /// The customers.
    pub directory: Arc<dyn Directory>,
    /// How numbers are compared.
    pub plan: NumberingPlan,
    /// How long the CRM may take before the directory answers instead.
    pub patience: Duration,
}

impl Backing {
    async fn kept(&self, number: &LookUp) -> Result<Matches> {
        let mut keys: Vec<String> = Vec::new();
        for spelling in std::iter::once(&number.number).chain(&number.spellings) {
            let key = key(spelling, &self.plan);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for key in keys {
            let under_key = self.directory.find(&key, MAX_MATCHES + 1).await?;
            found.extend(under_key.into_iter().filter(|one| seen.insert((one.object.clone(), one.id.clone()))));
        }
        let more = found.len() > MAX_MATCHES;
        found.truncate(MAX_MATCHES);
        Ok(Matches { found, more })
    }
}

impl AnswerLookUps for Backing {
    async fn look_up<S: CrmSink>(&self, crm: &S, number: &LookUp) -> Result<Matches> {
        let late = || Error::new(ErrorKind::Timeout, "the CRM did not answer in time").during("look_up");
        let asked = tokio::time::timeout(self.patience, crm.look_up(number)).await;
        let error = match asked.unwrap_or_else(|_| Err(late())) {
            Ok(matches) => return Ok(matches),
            // What a person must mend is told, not hidden.
            Err(error) if error.status() == Status::Permanent => return Err(error),
            Err(error) => error,
        };
        match self.kept(number).await {
            Ok(kept) if !kept.is_none() => {
                tracing::warn!(crm = crm.name(), error = %error.chain(), "the CRM does not answer; its directory here does");
                Ok(kept)
            }
            Ok(_) => Err(error),
            Err(storage) => {
                tracing::error!(crm = crm.name(), error = %storage.chain(), "the directory cannot be read");
                Err(error)
            }
        }
    }
}

impl std::fmt::Debug for Backing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backing").field("patience", &self.patience).finish_non_exhaustive()
    }
}
