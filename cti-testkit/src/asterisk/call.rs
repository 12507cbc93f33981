//! Calls from outside in the hands of a test.

use super::exchange::parts::{ChannelKey, Id};
use super::exchange::{Exchange, Who};
use super::shared::{Shared, lock};
use std::sync::Arc;
use std::time::Duration;

/// A call from outside that is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    number: String,
    name: String,
    dialed: String,
    withheld: bool,
}

impl Call {
    /// From that number; empty if the network gives none. It goes to 0312345000 unless told otherwise.
    pub fn from(number: &str) -> Self {
        Self { number: number.to_owned(), name: String::new(), dialed: "0312345000".to_owned(), withheld: false }
    }

    /// With that name of the caller: whatever bytes the network sends.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// To that number.
    #[must_use]
    pub fn to(mut self, dialed: &str) -> Self {
        dialed.clone_into(&mut self.dialed);
        self
    }

    /// The caller asked that the number be hidden. As with a real Asterisk, events show it nevertheless: only
    /// `CALLERID(num-pres)` tells.
    #[must_use]
    pub fn withheld(mut self) -> Self {
        self.withheld = true;
        self
    }

    pub(super) fn id(&self) -> Id {
        Id::new(&self.number, &self.name)
    }

    pub(super) fn dialed(&self) -> &str {
        &self.dialed
    }

    pub(super) fn is_withheld(&self) -> bool {
        self.withheld
    }
}

/// A call from outside: what the caller does.
#[derive(Debug)]
pub struct CallHandle {
    shared: Arc<Shared>,
    key: Option<ChannelKey>,
    uniqueid: String,
}

impl CallHandle {
    pub(super) fn new(shared: Arc<Shared>, key: Option<ChannelKey>) -> Self {
        let uniqueid = key
            .and_then(|key| lock(&shared.exchange).channels.get(&key).map(|channel| channel.uniqueid.clone()))
            .unwrap_or_default();
        Self { shared, key, uniqueid }
    }

    /// The unique id of the caller's channel, which is the Linkedid of the call. Empty if the call was refused.
    pub fn uniqueid(&self) -> &str {
        &self.uniqueid
    }

    fn act(&self, act: impl FnOnce(&mut Exchange, ChannelKey)) {
        if let Some(key) = self.key {
            self.shared.step(|exchange| {
                // After a restart of the exchange another channel may have the same key.
                if exchange.channels.get(&key).is_some_and(|channel| channel.linkedid == self.uniqueid) {
                    act(exchange, key);
                }
            });
        }
    }

    /// The caller hangs up.
    pub fn hang_up(&self) {
        self.act(|exchange, key| exchange.hang_up(key, Who::Party));
    }

    /// The caller puts us on hold.
    pub fn hold(&self) {
        self.act(|exchange, key| exchange.set_hold(key, true));
    }

    /// The caller takes us back.
    pub fn unhold(&self) {
        self.act(|exchange, key| exchange.set_hold(key, false));
    }

    /// True if the caller talks to somebody.
    pub fn is_answered(&self) -> bool {
        let Some(key) = self.key else { return false };
        let exchange = lock(&self.shared.exchange);
        exchange.channels.get(&key).is_some_and(|channel| channel.linkedid == self.uniqueid)
            && exchange.peer(key).is_some()
    }

    /// True if the call is over.
    pub fn is_over(&self) -> bool {
        !lock(&self.shared.exchange).channels.values().any(|channel| channel.linkedid == self.uniqueid)
    }

    /// Waits until somebody talks to the caller. False if that does not happen within the time.
    pub async fn wait_answered(&self, patience: Duration) -> bool {
        self.wait(patience, Self::is_answered).await
    }

    /// Waits until every channel of the call is gone.
    pub async fn wait_over(&self, patience: Duration) -> bool {
        self.wait(patience, Self::is_over).await
    }

    async fn wait(&self, patience: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let mut changed = self.shared.changed.subscribe();
        let wait = async {
            while !condition(self) {
                if changed.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, wait).await.is_ok() && condition(self)
    }
}
