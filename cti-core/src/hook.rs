//! What a CRM tells us by itself (a webhook). Such a notice may be forged, come twice, late or never: it says where to
//! look, not what is so. A click in the CRM, which asks for a command and carries a proof of its own, is a
//! [`Webhook`](crate::webhook::Webhook).

use crate::error::Result;
use async_trait::async_trait;

/// Takes the notices of one CRM.
#[async_trait]
pub trait Hook: Send + Sync {
    /// The name of the CRM, as configured.
    fn name(&self) -> &str;

    /// Takes a notice as it came, from whomever.
    ///
    /// # Errors
    /// `Rejected` if it is none; whatever looking it up in the CRM fails with.
    async fn receive(&self, body: &[u8]) -> Result<()>;
}
