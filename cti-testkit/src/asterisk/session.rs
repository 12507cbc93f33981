//! One connection of a client.

use super::action::{Action, Collector, Parsed};
use super::answer::{answer, error};
use super::packet::Packet;
use super::rights::{Classes, User, exists, needed};
use super::shared::{Client, FAILURE_DELAY, Shared, lock};
use super::version::Version;
use md5::{Digest, Md5};
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Serves one client until it goes or is cut.
pub(super) async fn serve(shared: Arc<Shared>, socket: TcpStream, number: u64) {
    let _ = socket.set_nodelay(true);
    let (read, write) = socket.into_split();
    let (to, queue) = mpsc::unbounded_channel();
    let cut = shared.end.child_token();
    if lock(&shared.habits).banner {
        let version = lock(&shared.exchange).version;
        let _ = to.send(format!("Asterisk Call Manager/{}\r\n", version.ami()).into_bytes());
    }
    lock(&shared.clients).push(Client {
        number,
        to,
        read: Classes::none(),
        mask: Classes::all(),
        logged_in: false,
        cut: cut.clone(),
    });
    let writer = tokio::spawn(write_out(shared.clone(), write, queue, cut.clone()));
    let session = Session { shared: shared.clone(), number, user: None, challenge: None };
    tokio::select! {
        () = cut.cancelled() => {}
        () = session.run(read) => {}
    }
    // Dropping the client closes the queue; the writer sends what is in it and closes the socket.
    lock(&shared.clients).retain(|client| client.number != number);
    let _ = writer.await;
}

async fn write_out(
    shared: Arc<Shared>,
    mut write: OwnedWriteHalf,
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    cut: CancellationToken,
) {
    let mut stalled = shared.stalled.subscribe();
    let send = async {
        while let Some(bytes) = queue.recv().await {
            let _ = stalled.wait_for(|stalled| !stalled).await;
            if write.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = write.shutdown().await;
    };
    tokio::select! {
        () = cut.cancelled() => {}
        () = send => {}
    }
}

struct Session {
    shared: Arc<Shared>,
    number: u64,
    user: Option<User>,
    challenge: Option<String>,
}

impl Session {
    async fn run(mut self, mut read: OwnedReadHalf) {
        let mut collector = Collector::default();
        let mut buffer = vec![0; 4096];
        loop {
            let Ok(count @ 1..) = read.read(&mut buffer).await else { return };
            for parsed in collector.push(&buffer[..count], self.number) {
                match parsed {
                    Parsed::Refused { action_id, why } => {
                        self.say(&[Packet::response("Error", action_id.as_deref()).with("Message", why)]);
                    }
                    Parsed::Action(action) => {
                        lock(&self.shared.received).push(action.clone());
                        self.shared.changed.send_modify(|count| *count += 1);
                        if self.act(&action).await.is_break() {
                            return;
                        }
                    }
                }
            }
        }
    }

    fn say(&self, packets: &[Packet]) {
        self.shared.send_to(self.number, packets);
    }

    /// Carries out one action; `Break` ends the session.
    async fn act(&mut self, action: &Action) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        let id = action.get("ActionID");
        if action.name.is_empty() {
            self.say(&[error(action, "Missing action in request")]);
        } else if action.is("Logoff") {
            self.say(&[Packet::response("Goodbye", id).with("Message", "Thanks for all the fish.")]);
            return Break(());
        } else if action.is("Challenge") {
            self.challenge(action);
        } else if action.is("Login") {
            return self.login(action).await;
        } else if let Some(user) = &self.user {
            let reply = self.perform(action, user);
            if let Some(refusal) = reply {
                self.say(&[refusal]);
            }
        } else {
            self.say(&[error(action, "Permission denied")]);
        }
        Continue(())
    }

    fn challenge(&mut self, action: &Action) {
        if !action.get("AuthType").is_some_and(|kind| kind.eq_ignore_ascii_case("MD5")) {
            return self.say(&[error(action, "Must specify AuthType")]);
        }
        let challenge = format!("{}{}", self.number + 17, self.shared.wall().subsec_nanos());
        self.say(&[Packet::response("Success", action.get("ActionID")).with("Challenge", &challenge)]);
        self.challenge = Some(challenge);
    }

    async fn login(&mut self, action: &Action) -> std::ops::ControlFlow<()> {
        let (delay, users) = {
            let habits = lock(&self.shared.habits);
            (habits.login_delay, habits.users.clone())
        };
        tokio::time::sleep(delay).await;
        let user = users.into_iter().find(|user| action.get("Username") == Some(&user.name));
        let Some(user) = user.filter(|user| self.knows_secret(action, user)) else {
            tokio::time::sleep(FAILURE_DELAY).await;
            self.say(&[error(action, "Authentication failed")]);
            return std::ops::ControlFlow::Break(());
        };
        let accepted = Packet::response("Success", action.get("ActionID")).with("Message", "Authentication accepted");
        let booted = Packet::event("FullyBooted", "system")
            .with("Uptime", "1")
            .with("LastReload", "1")
            .with("Status", "Fully Booted");
        let version = lock(&self.shared.exchange).version;
        let mask = action.get("Events").map_or_else(Classes::all, Classes::parse);
        // In one step of the exchange: no event is lost or told twice between the answer and the first event.
        self.shared.step(|_| {
            self.say(&[accepted]);
            // Section 11: only late 1.4 says so, and the one that is played is an early one.
            if user.read.has("system") && version != Version::V1_4 {
                self.say(&[booted]);
            }
            self.shared.with_client(self.number, |client| {
                client.read = user.read.clone();
                client.mask = mask;
                client.logged_in = true;
            });
        });
        self.user = Some(user);
        std::ops::ControlFlow::Continue(())
    }

    fn knows_secret(&self, action: &Action, user: &User) -> bool {
        match (&self.challenge, action.get("Key")) {
            (Some(challenge), Some(key)) => key.eq_ignore_ascii_case(&md5_hex(&format!("{challenge}{}", user.secret))),
            _ => action.get("Secret") == Some(&user.secret),
        }
    }

    /// Carries out an action of a user who has logged in; gives a refusal.
    fn perform(&self, action: &Action, user: &User) -> Option<Packet> {
        let version = lock(&self.shared.exchange).version;
        let Some(classes) = needed(&action.name).filter(|_| exists(&action.name, version)) else {
            let text = if version == Version::V1_4 {
                "Invalid/unknown command".to_owned()
            } else {
                format!(
                    "Invalid/unknown command: {}. Use Action: ListCommands to show available commands.",
                    action.name
                )
            };
            return Some(error(action, &text));
        };
        if !classes.is_empty() && !classes.iter().any(|class| user.write.has(class)) {
            return Some(error(action, "Permission denied"));
        }
        if action.is("Events") {
            return Some(self.set_mask(action));
        }
        let wall = self.shared.wall();
        self.shared.step(|exchange| {
            let reply = answer(exchange, action, wall);
            self.say(&reply);
        });
        None
    }

    fn set_mask(&self, action: &Action) -> Packet {
        let text = action.get("EventMask").unwrap_or_default();
        let mask = Classes::parse(text);
        let word = if mask == Classes::none() { "Off" } else { "On" };
        self.shared.step(|_| self.shared.with_client(self.number, |client| client.mask = mask));
        // Section 2.2: 1.4 puts the outcome into the kind of the response.
        if lock(&self.shared.exchange).version == Version::V1_4 {
            return Packet::response(&format!("Events {word}"), action.get("ActionID"));
        }
        Packet::response("Success", action.get("ActionID")).with("Events", word)
    }
}

/// The lower-case hexadecimal MD5 of a text.
fn md5_hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().fold(String::with_capacity(32), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn md5_of_rfc_1321() {
        assert_eq!(super::md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
