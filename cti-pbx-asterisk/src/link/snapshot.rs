//! What is live now, read after every login.

use crate::ami::{Action, Client, Message};
use cti_core::{Error, ErrorKind, Result};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// When Asterisk started, if it may be known.
    pub(super) started: Option<String>,
    /// The channels; `None` if they may not be listed, which does not mean that there are none.
    pub(super) channels: Option<Vec<Message>>,
    /// Bridges and their channels, queues, parking lots: the events of the lists.
    pub(super) messages: Vec<Message>,
}

/// Reads it. What the user may not see or this version does not have is left out.
///
/// # Errors
/// The link ended, or the list of channels did not come.
pub(super) async fn read(client: &Client) -> Result<Snapshot> {
    let started = started(client).await?;
    let channels = channels(client).await?;
    let mut messages = Vec::new();
    for bridge in optional(client, Action::bridge_list()).await? {
        if let Some(id) = bridge.get("BridgeUniqueid").filter(|_| bridge.is_event("BridgeListItem")) {
            messages.extend(optional(client, Action::bridge_info(&id)).await?);
        }
        messages.push(bridge);
    }
    messages.extend(optional(client, Action::queue_status()).await?);
    messages.extend(optional(client, Action::parked_calls()).await?);
    Ok(Snapshot { started, channels, messages })
}

async fn started(client: &Client) -> Result<Option<String>> {
    match client.send(Action::core_status()).await {
        Ok(status) => Ok(status
            .get("CoreStartupDate")
            .map(|date| format!("{date} {}", status.get("CoreStartupTime").unwrap_or_default()))),
        Err(error) => tolerate(error).map(|()| None),
    }
}

/// By `CoreShowChannels`, or, without the class `system` or `reporting`, by `Status`.
async fn channels(client: &Client) -> Result<Option<Vec<Message>>> {
    let refused = |error: &Error| matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported);
    match client.send_list(Action::core_show_channels()).await {
        Ok(list) => Ok(Some(list)),
        Err(error) if refused(&error) => {
            tracing::debug!(%error, "asking by Status instead");
            match client.send_list(Action::status()).await {
                Ok(list) => Ok(Some(list)),
                Err(error) if refused(&error) => Ok(None),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

async fn optional(client: &Client, action: Action) -> Result<Vec<Message>> {
    match client.send_list(action).await {
        Ok(list) => Ok(list),
        Err(error) if error.kind() == ErrorKind::Timeout => {
            tracing::warn!(%error, "a list was not complete and is left out");
            Ok(Vec::new())
        }
        Err(error) => tolerate(error).map(|()| Vec::new()),
    }
}

/// A refusal leaves something out; only a broken link is an error.
fn tolerate(error: Error) -> Result<()> {
    match error.kind() {
        ErrorKind::Unreachable | ErrorKind::Timeout => Err(error),
        ErrorKind::PermissionDenied => {
            tracing::warn!(%error, "without this right calls cannot be matched after a lost link");
            Ok(())
        }
        _ => {
            tracing::debug!(%error, "left out");
            Ok(())
        }
    }
}
