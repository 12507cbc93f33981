//! A simulated Asterisk: a server that speaks AMI over TCP, with a little telephone exchange behind it.
//!
//! It was made after recorded calls of real Asterisks 16 and 22 and is written independently of any client. Three
//! phones (6001 to 6003), one outside line and one queue (`support`) are there; the dial plan is:
//!
//! | dialled | does |
//! | --- | --- |
//! | …5000 from outside | rings 6001 for 15 seconds |
//! | …5001 from outside | rings 6001, 6002 and 6003 at once |
//! | …5002 from outside | queue `support`, with 6001 and 6002 |
//! | …5004 from outside | rings 6001 and 6002 through Local channels, as FreePBX does |
//! | …5005 from outside | answers, records, rings 6001 |
//! | …5006 from outside, 8000 from a phone | conference room 8000 |
//! | 600X from a phone | rings that phone |
//! | 9… from a phone | the outside line, without the 9 |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use cti_testkit::asterisk::{Call, Simulator};
//!
//! let sim = Simulator::start().await?;
//! // … connect a client to sim.addr(), user "cti", secret "s3cret" …
//! let call = sim.call_in(Call::from("0901234567").name("Taro").to("0312345000"));
//! sim.phone("6001").answer();
//! call.hang_up();
//! assert_eq!(sim.open_channels(), 0);
//! # Ok(()) }
//! ```

mod action;
mod answer;
mod call;
mod exchange;
mod lists;
mod packet;
mod phone;
mod rights;
mod session;
mod shared;
mod switchboard;

pub use action::Action;
pub use call::{Call, CallHandle};
pub use packet::Packet;
pub use phone::PhoneHandle;
pub use rights::{Classes, User};
pub use switchboard::{Line, Switchboard};

use crate::trace::Trace;
use exchange::Exchange;
use shared::{Habits, Shared, lock};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The version of Asterisk that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Asterisk 16, AMI 5.0.4.
    V16,
    /// Asterisk 22, AMI 11.0.0.
    V22,
}

/// The simulated Asterisk. It ends when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    addr: SocketAddr,
}

impl Simulator {
    /// The user that is there from the beginning, with every right.
    pub const USER: &'static str = "cti";
    /// Its secret.
    pub const SECRET: &'static str = "s3cret";

    /// Starts an Asterisk 22 on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start() -> std::io::Result<Self> {
        Self::start_version(Version::V22).await
    }

    /// Starts one of that version.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start_version(version: Version) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let born = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let habits = Habits {
            banner: true,
            refuse: false,
            login_delay: Duration::ZERO,
            duplicates: false,
            users: vec![User::new(Self::USER, Self::SECRET)],
        };
        let shared = Arc::new(Shared {
            exchange: Mutex::new(Exchange::new(version == Version::V22, born.as_secs())),
            clients: Mutex::default(),
            habits: Mutex::new(habits),
            received: Mutex::default(),
            connections: Mutex::default(),
            changed: watch::Sender::new(0),
            stalled: watch::Sender::new(false),
            timer: Notify::new(),
            end: CancellationToken::new(),
            zero: Instant::now(),
            born,
        });
        let timer = shared.clone();
        tokio::spawn(async move { timer.run_timer().await });
        tokio::spawn(accept(shared.clone(), listener));
        Ok(Self { shared, addr })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    // ---- people -------------------------------------------------------------------------------------------------

    /// A telephone, to set what it does and to use it.
    pub fn phone(&self, number: &str) -> PhoneHandle {
        PhoneHandle::new(self.shared.clone(), Some(number))
    }

    /// The far end of the outside line.
    pub fn far_end(&self) -> PhoneHandle {
        PhoneHandle::new(self.shared.clone(), None)
    }

    /// A call comes in from outside. A number that the dial plan does not know is refused before a channel exists:
    /// then the handle is over from the beginning.
    pub fn call_in(&self, call: Call) -> CallHandle {
        let key = self.shared.step(|exchange| exchange.call_in(call.id(), call.is_withheld(), call.dialed()));
        CallHandle::new(self.shared.clone(), key)
    }

    /// Lets the dial plan's `Dial` ring that long, instead of the 12 to 20 seconds that it says.
    pub fn ring_time(&self, time: Duration) {
        lock(&self.shared.exchange).ring_time = Some(time);
    }

    /// `channel request hangup all`.
    pub fn hang_up_all(&self) {
        self.shared.step(Exchange::hang_up_all);
    }

    /// How many channels there are.
    pub fn open_channels(&self) -> usize {
        lock(&self.shared.exchange).channels.len()
    }

    // ---- manager.conf -------------------------------------------------------------------------------------------

    /// Adds a user, or replaces the one of that name.
    pub fn add_user(&self, user: User) {
        let mut habits = lock(&self.shared.habits);
        habits.users.retain(|other| other.name != user.name);
        habits.users.push(user);
    }

    /// `channelvars = CALLERID(num-pres)`: every event of a channel says whether its number may be shown.
    pub fn channelvars(&self, on: bool) {
        lock(&self.shared.exchange).channelvars = on;
    }

    // ---- what was seen ------------------------------------------------------------------------------------------

    /// Every action that came in, refused ones too, in order.
    pub fn received(&self) -> Vec<Action> {
        lock(&self.shared.received).clone()
    }

    /// How many actions of that name came in.
    pub fn count(&self, action: &str) -> usize {
        lock(&self.shared.received).iter().filter(|received| received.is(action)).count()
    }

    /// How many connections there have been.
    pub fn connections(&self) -> u64 {
        *lock(&self.shared.connections)
    }

    /// How many clients are logged in now.
    pub fn logged_in(&self) -> usize {
        lock(&self.shared.clients).iter().filter(|client| client.logged_in).count()
    }

    /// Waits until the condition holds; it is tried again whenever something happened. False if it did not within the
    /// time.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool, patience: Duration) -> bool {
        let mut changed = self.shared.changed.subscribe();
        let wait = async {
            while !condition(self) {
                // Logging off and connecting change no exchange: look again now and then.
                let _ = tokio::time::timeout(Duration::from_millis(10), changed.changed()).await;
            }
        };
        tokio::time::timeout(patience, wait).await.is_ok()
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    /// Closes every connection. Calls go on; nobody is told later what he missed.
    pub fn cut_links(&self) {
        self.shared.cut_links();
    }

    /// Accepts connections and actions, but sends nothing any more, until it is switched off; then what was held back
    /// is sent.
    pub fn stall(&self, on: bool) {
        self.shared.stalled.send_replace(on);
    }

    /// Closes new connections at once, without a byte.
    pub fn refuse_connections(&self, on: bool) {
        lock(&self.shared.habits).refuse = on;
    }

    /// Asterisk is killed and started again: links are cut, channels are gone, the start time is another, and unique
    /// ids begin again.
    pub fn restart(&self) {
        self.shared.cut_links();
        self.shared.step(Exchange::restart);
    }

    /// With or without the first line, for proxies that swallow it.
    pub fn banner(&self, on: bool) {
        lock(&self.shared.habits).banner = on;
    }

    /// Lets every login wait.
    pub fn login_delay(&self, delay: Duration) {
        lock(&self.shared.habits).login_delay = delay;
    }

    /// Sends every event twice.
    pub fn duplicate_events(&self, on: bool) {
        lock(&self.shared.habits).duplicates = on;
    }

    /// Sends bytes to every client that has logged in.
    pub fn send_raw(&self, bytes: &[u8]) {
        self.shared.send_raw(bytes);
    }

    /// Sends an event of your own to those who may see its class.
    pub fn send_event(&self, event: Packet) {
        self.shared.step(|exchange| exchange.inject(event));
    }

    /// Sends what a recorded Asterisk sent after the login, in pieces of `chunk` bytes (0: in one piece).
    pub fn play(&self, recorded: &[u8], chunk: usize) {
        let trace = Trace::new(recorded);
        let bytes = trace.after_login();
        for piece in bytes.chunks(if chunk == 0 { bytes.len().max(1) } else { chunk }) {
            self.shared.send_raw(piece);
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.end.cancel();
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let socket = tokio::select! {
            () = shared.end.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // A failed accept is one lost connection, such as a client that went before it was served.
        let Ok((socket, _)) = socket else { continue };
        let number = {
            let mut connections = lock(&shared.connections);
            *connections += 1;
            *connections
        };
        if !lock(&shared.habits).refuse {
            tokio::spawn(session::serve(shared.clone(), socket, number));
        }
    }
}
