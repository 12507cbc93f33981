//! What a CRM sends when somebody clicks in it, free of any HTTP framework: the desk mounts it. What only says that
//! something changed is a [`Hook`](crate::hook::Hook).

use crate::command::{Command, Outcome};
use crate::error::Result;
use async_trait::async_trait;
use std::fmt;

/// A request as it came. Everything in it is hostile until the webhook has checked its proof. `Debug` shows the action
/// alone.
#[derive(Clone, Default)]
pub struct WebhookRequest {
    /// The path behind the webhook's own address: `dial`.
    pub action: String,
    /// Names and values of the query, then of the body, in order.
    pub params: Vec<(String, String)>,
    /// Names (in small letters) and values of the headers.
    pub headers: Vec<(String, String)>,
}

impl WebhookRequest {
    /// A parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for WebhookRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookRequest").field("action", &self.action).finish_non_exhaustive()
    }
}

/// Somebody outside who clicks: a CRM's own call window. The answer goes out at once; what became of the command is told
/// afterwards.
#[async_trait]
pub trait Webhook: Send + Sync {
    /// Its place in the address: `zoho` in `/webhook/zoho/dial`. Letters, digits, `-` and `_`.
    fn name(&self) -> &str;

    /// The desk is open: tells the CRM where clicks go. Harmless when repeated.
    ///
    /// # Errors
    /// Those of the CRM.
    async fn register(&self) -> Result<()> {
        Ok(())
    }

    /// What is asked for. Sends nothing.
    ///
    /// # Errors
    /// `Unauthenticated` if the proof is missing or wrong, `NotFound` for an action that is none, `Rejected` for one that
    /// makes no sense.
    fn receive(&self, request: &WebhookRequest) -> Result<Command>;

    /// Tells the CRM what became of it, if it wants to know.
    async fn done(&self, command: &Command, outcome: &Result<Outcome>) {
        let _ = (command, outcome);
    }
}
