//! What the server, its sessions and the test share.

use super::action::Action;
use super::exchange::Exchange;
use super::packet::Packet;
use super::rights::{Classes, User};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Locks, also after a test has panicked while holding the lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) number: u64,
    pub(super) to: mpsc::UnboundedSender<Vec<u8>>,
    pub(super) read: Classes,
    pub(super) mask: Classes,
    pub(super) logged_in: bool,
    pub(super) cut: CancellationToken,
}

/// Faults and habits that a test can set at any time.
#[derive(Debug, Clone)]
pub(super) struct Habits {
    pub(super) banner: bool,
    pub(super) refuse: bool,
    pub(super) login_delay: Duration,
    pub(super) duplicates: bool,
    pub(super) users: Vec<User>,
}

/// How long Asterisk lets a client wait after a wrong password (1 s in reality).
pub(super) const FAILURE_DELAY: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) exchange: Mutex<Exchange>,
    pub(super) clients: Mutex<Vec<Client>>,
    pub(super) habits: Mutex<Habits>,
    pub(super) received: Mutex<Vec<Action>>,
    pub(super) connections: Mutex<u64>,
    /// Told whenever the state of the exchange may have changed.
    pub(super) changed: watch::Sender<u64>,
    pub(super) stalled: watch::Sender<bool>,
    pub(super) timer: Notify,
    pub(super) end: CancellationToken,
    pub(super) zero: Instant,
    /// Seconds since 1970 at `zero`.
    pub(super) born: Duration,
}

impl Shared {
    /// The clock on the wall, as far as the simulator knows it: it follows tokio's time.
    pub(super) fn wall(&self) -> Duration {
        self.born + self.zero.elapsed()
    }

    /// Does one step of the exchange and tells every client what it may see. The step can answer its own client
    /// first: events are told after it.
    pub(super) fn step<R>(&self, step: impl FnOnce(&mut Exchange) -> R) -> R {
        let result = {
            let mut exchange = lock(&self.exchange);
            let now = self.zero.elapsed();
            exchange.advance(now);
            self.tell(&exchange.take());
            let result = step(&mut exchange);
            // Phones that answer at once do so after the step.
            exchange.advance(now);
            self.tell(&exchange.take());
            result
        };
        self.changed.send_modify(|count| *count += 1);
        self.timer.notify_one();
        result
    }

    fn tell(&self, packets: &[Packet]) {
        let times = if lock(&self.habits).duplicates { 2 } else { 1 };
        let clients = lock(&self.clients);
        for packet in packets {
            let bytes = packet.to_bytes();
            for client in clients.iter().filter(|client| client.logged_in) {
                if client.read.has(packet.class()) && client.mask.has(packet.class()) {
                    for _ in 0..times {
                        // A client that has gone is removed by its session.
                        let _ = client.to.send(bytes.clone());
                    }
                }
            }
        }
    }

    /// Sends bytes to every client that has logged in, whatever its mask.
    pub(super) fn send_raw(&self, bytes: &[u8]) {
        for client in lock(&self.clients).iter().filter(|client| client.logged_in) {
            let _ = client.to.send(bytes.to_vec());
        }
    }

    pub(super) fn send_to(&self, number: u64, packets: &[Packet]) {
        if let Some(client) = lock(&self.clients).iter().find(|client| client.number == number) {
            for packet in packets {
                let _ = client.to.send(packet.to_bytes());
            }
        }
    }

    pub(super) fn with_client<R>(&self, number: u64, change: impl FnOnce(&mut Client) -> R) -> Option<R> {
        lock(&self.clients).iter_mut().find(|client| client.number == number).map(change)
    }

    pub(super) fn cut_links(&self) {
        for client in lock(&self.clients).drain(..) {
            client.cut.cancel();
        }
    }

    /// Lets the phones act when their time has come, until the simulator ends.
    pub(super) async fn run_timer(&self) {
        loop {
            let due = lock(&self.exchange).next_due().map(|due| self.zero + due);
            let sleep = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.end.cancelled() => return,
                () = self.timer.notified() => {}
                () = sleep => self.step(|_| ()),
            }
        }
    }
}
