//! Whose call it was.

use crate::client::Client;
use crate::users::{Agent, Users};
use cti_core::call::{CallRecord, Extension};
use cti_core::{Result, Status};

/// The agents, and who stands in for those whom Zoho does not know.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    pub(crate) all: Vec<Agent>,
    /// The address of the user who owns what belongs to nobody.
    pub(crate) fallback: Option<String>,
    pub(crate) users: Users,
}

impl Agents {
    /// The agent at that telephone.
    pub(crate) fn at(&self, extension: &Extension) -> Option<&Agent> {
        self.all.iter().find(|agent| agent.extension == *extension)
    }

    /// The list of users is read again when it is needed next.
    pub(crate) async fn forget(&self) {
        self.users.forget().await;
    }

    /// The id of the user who owns the record of a call: who talked last; of a missed call the only one whose phone rang;
    /// else the one named for that. `None`: the owner of the token. A list of users that cannot be read for a reason that
    /// stays keeps no call from being written.
    pub(crate) async fn owner(&self, client: &Client, record: &CallRecord) -> Result<Option<String>> {
        let candidates = self.emails(record);
        if candidates.is_empty() {
            return Ok(None);
        }
        for email in candidates {
            match self.users.id_of(client, email).await {
                Ok(Some(id)) => return Ok(Some(id)),
                Ok(None) => {}
                Err(error) if error.status() == Status::Permanent => {
                    tracing::warn!(error = %error.chain(), "the list of users cannot be read; the call gets no owner");
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn emails(&self, record: &CallRecord) -> Vec<&str> {
        let extension = match (&record.answered_by, record.extensions.as_slice()) {
            (Some(extension), _) | (None, [extension]) => Some(extension),
            _ => None,
        };
        let agent = extension.and_then(|extension| self.at(extension)).map(|agent| agent.email.as_str());
        agent.into_iter().chain(self.fallback.as_deref()).collect()
    }
}
