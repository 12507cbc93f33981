//! A small AMI server for the tests of this crate: it logs in, answers what it is told to, and shows what it saw.

use crate::ami::{Decoder, Frame, Message, challenge_key};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub(crate) const SECRET: &str = "s3cret";
pub(crate) const CHALLENGE: &str = "840415273";
/// No test waits longer for anything.
const DEADLINE: Duration = Duration::from_secs(20);

/// What to answer to an action; `None` leaves it to the defaults, `Some("")` answers nothing. `{id}` is the `ActionID`.
pub(crate) type Answers = dyn Fn(&Message) -> Option<String> + Send + Sync;

pub(crate) struct Server {
    pub(crate) port: u16,
    peers: mpsc::UnboundedReceiver<Peer>,
}

/// The server's end of one connection.
pub(crate) struct Peer {
    say: mpsc::UnboundedSender<Vec<u8>>,
    seen: mpsc::UnboundedReceiver<Message>,
}

impl Server {
    pub(crate) async fn start(answers: impl Fn(&Message) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::start_greeting("Asterisk Call Manager/11.0.0", answers).await
    }

    /// Greets as another version.
    pub(crate) async fn start_greeting(
        greeting: &'static str,
        answers: impl Fn(&Message) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a port"), greeting, answers)
    }

    pub(crate) fn on(
        listener: TcpListener,
        greeting: &'static str,
        answers: impl Fn(&Message) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let port = listener.local_addr().expect("bound").port();
        let (came, peers) = mpsc::unbounded_channel();
        let answers: Arc<Answers> = Arc::new(answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (say, to_say) = mpsc::unbounded_channel();
                let (see, seen) = mpsc::unbounded_channel();
                tokio::spawn(serve(stream, greeting, to_say, see, Arc::clone(&answers)));
                if came.send(Peer { say, seen }).is_err() {
                    return;
                }
            }
        });
        Self { port, peers }
    }

    pub(crate) async fn peer(&mut self) -> Peer {
        in_time(self.peers.recv()).await.expect("the server runs")
    }

    /// True if somebody has connected beside those that were taken.
    pub(crate) fn has_more_peers(&mut self) -> bool {
        self.peers.try_recv().is_ok()
    }
}

impl Peer {
    /// Sends bytes as they are.
    pub(crate) fn say(&self, bytes: impl AsRef<[u8]>) {
        self.say.send(bytes.as_ref().to_vec()).expect("connected");
    }

    /// The next action.
    pub(crate) async fn next_action(&mut self) -> Message {
        in_time(self.seen.recv()).await.expect("connected")
    }

    /// Waits for an action of that name.
    pub(crate) async fn saw(&mut self, name: &str) -> Message {
        loop {
            let action = self.next_action().await;
            if action.get("Action").as_deref() == Some(name) {
                return action;
            }
        }
    }
}

pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("in time")
}

/// Ends when the peer is dropped (or says nothing any more) or the client goes.
async fn serve(
    mut stream: TcpStream,
    greeting: &str,
    mut to_say: mpsc::UnboundedReceiver<Vec<u8>>,
    see: mpsc::UnboundedSender<Message>,
    answers: Arc<Answers>,
) {
    let mut decoder = Decoder::new();
    let mut chunk = vec![0; 4096];
    if stream.write_all(format!("{greeting}\r\n").as_bytes()).await.is_err() {
        return;
    }
    loop {
        let out = tokio::select! {
            bytes = to_say.recv() => match bytes {
                Some(bytes) => bytes,
                None => return,
            },
            read = stream.read(&mut chunk) => {
                let count = read.unwrap_or(0);
                if count == 0 {
                    return;
                }
                decoder.push(&chunk[..count]);
                let mut out = Vec::new();
                while let Some(Frame::Message(action)) = decoder.next_frame() {
                    let id = action.action_id().unwrap_or_default().into_owned();
                    let text = answers(&action).unwrap_or_else(|| default_answer(&action));
                    out.extend_from_slice(text.replace("{id}", &id).as_bytes());
                    see.send(action).ok();
                }
                out
            }
        };
        if stream.write_all(&out).await.is_err() {
            return;
        }
    }
}

pub(crate) fn is(action: &Message, name: &str) -> bool {
    action.get("Action").as_deref() == Some(name)
}

pub(crate) fn success(headers: &str) -> String {
    format!("Response: Success\r\nActionID: {{id}}\r\n{headers}\r\n")
}

pub(crate) fn error(message: &str) -> String {
    format!("Response: Error\r\nActionID: {{id}}\r\nMessage: {message}\r\n\r\n")
}

/// A list whose items are given as header lines.
pub(crate) fn list(event: &str, items: &[&str]) -> String {
    let mut text = success("EventList: start\r\n");
    for item in items {
        text += &format!("Event: {event}\r\nActionID: {{id}}\r\n{item}\r\n");
    }
    text + &format!(
        "Event: {event}Complete\r\nActionID: {{id}}\r\nEventList: Complete\r\nListItems: {}\r\n\r\n",
        items.len()
    )
}

fn default_answer(action: &Message) -> String {
    match action.get("Action").unwrap_or_default().as_ref() {
        "Challenge" => success(&format!("Challenge: {CHALLENGE}\r\n")),
        "Login" => {
            let by_key = action.get("Key").is_some_and(|key| key == challenge_key(CHALLENGE, SECRET));
            let by_secret = action.get("Secret").is_some_and(|secret| secret == SECRET);
            if by_key || by_secret {
                success("Message: Authentication accepted\r\n")
                    + "Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"
            } else {
                error("Authentication failed")
            }
        }
        "Ping" => success("Ping: Pong\r\n"),
        "Logoff" => "Response: Goodbye\r\nActionID: {id}\r\nMessage: Thanks for all the fish.\r\n\r\n".to_owned(),
        "CoreStatus" => success("CoreStartupDate: 2026-11-21\r\nCoreStartupTime: 01:00:00\r\n"),
        "CoreShowChannels" => list("CoreShowChannel", &[]),
        "BridgeList" => list("BridgeListItem", &[]),
        "QueueStatus" => list("QueueParams", &[]),
        name => error(&format!("Invalid/unknown command: {name}")),
    }
}
