//! A bare AMI client, for looking on and for asking Asterisk the truth. It shares no code with what is tested.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout_at};

use crate::error::Context;
use crate::{LabError, Result};

/// One packet: its lines in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet {
    lines: Vec<(String, String)>,
}

impl Packet {
    /// The first value under this key, or nothing; keys compare without case.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.lines.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map_or("", |(_, value)| value)
    }

    /// All values under this key, as the lines of `Output`.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(move |(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// Whether this is the event of that name.
    #[must_use]
    pub fn is_event(&self, name: &str) -> bool {
        self.lines.first().is_some_and(|(k, v)| k.eq_ignore_ascii_case("Event") && v.eq_ignore_ascii_case(name))
    }

    /// Whether this is the event of that name and these lines start with these values.
    #[must_use]
    pub fn is(&self, name: &str, starts: &[(&str, &str)]) -> bool {
        self.is_event(name) && starts.iter().all(|(key, value)| self.get(key).starts_with(value))
    }
}

/// A session that keeps everything it has received.
#[derive(Debug)]
pub struct Ami {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    /// Half a line that a time-out left behind.
    partial: Vec<u8>,
    packet: Packet,
    seen: Vec<Packet>,
    next: usize,
    actions: u32,
}

impl Ami {
    /// Connects and logs in for all events.
    ///
    /// # Errors
    ///
    /// When nobody listens, the greeting is another one, or the login is refused.
    pub async fn login(address: SocketAddr, user: &str, secret: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("AMI")?;
        let (reader, writer) = stream.into_split();
        let mut ami = Self {
            reader: BufReader::new(reader),
            writer,
            partial: Vec::new(),
            packet: Packet::default(),
            seen: Vec::new(),
            next: 0,
            actions: 0,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        let greeting = ami.line(deadline).await?;
        if !greeting.starts_with("Asterisk Call Manager/") {
            return Err(LabError::new(format!("AMI greets with {greeting:?}")));
        }
        let reply = ami.action("Login", &[("Username", user), ("Secret", secret), ("Events", "on")]).await?;
        match reply.get("Response") {
            "Success" => Ok(ami),
            _ => Err(LabError::new(format!("AMI login: {}", reply.get("Message")))),
        }
    }

    /// Sends an action and waits for its response, ten seconds at most; the events in between are kept.
    ///
    /// # Errors
    ///
    /// When the connection ends or no response comes. An `Error` response is a response.
    pub async fn action(&mut self, name: &str, lines: &[(&str, &str)]) -> Result<Packet> {
        self.actions += 1;
        let id = format!("lab-{}", self.actions);
        let mut text = format!("Action: {name}\r\nActionID: {id}\r\n");
        for (key, value) in lines {
            text.push_str(&format!("{key}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.writer.write_all(text.as_bytes()).await.context("AMI")?;
        let from = self.seen.len();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let answer = self.seen[from..]
                .iter()
                .find(|p| !p.get("Response").is_empty() && p.get("ActionID") == id && p.get("Event").is_empty());
            if let Some(packet) = answer {
                return Ok(packet.clone());
            }
            self.receive(deadline).await?;
        }
    }

    /// The next packet that fits, of those that no earlier wait has passed; the limit counts from now.
    ///
    /// # Errors
    ///
    /// When none comes in time; the message lists the events that came instead.
    pub async fn wait_for(&mut self, limit: Duration, fits: impl Fn(&Packet) -> bool) -> Result<Packet> {
        let deadline = Instant::now() + limit;
        let start = self.next;
        loop {
            while let Some(packet) = self.seen.get(self.next) {
                self.next += 1;
                if fits(packet) {
                    return Ok(packet.clone());
                }
            }
            if let Err(error) = self.receive(deadline).await {
                let came: Vec<String> = self.seen[start..].iter().map(brief).collect();
                return Err(LabError::new(format!("{error}; came instead:\n{}", came.join("\n"))));
            }
        }
    }

    /// The next event of this name whose lines start with these values, within fifteen seconds.
    ///
    /// # Errors
    ///
    /// When none comes in time.
    pub async fn event(&mut self, name: &str, starts: &[(&str, &str)]) -> Result<Packet> {
        self.wait_for(Duration::from_secs(15), |packet| packet.is(name, starts))
            .await
            .map_err(|error| LabError::new(format!("no event {name} {starts:?}: {error}")))
    }

    /// Everything received so far, waited for or not.
    #[must_use]
    pub fn seen(&self) -> &[Packet] {
        &self.seen
    }

    /// Receives one packet.
    async fn receive(&mut self, deadline: Instant) -> Result<()> {
        loop {
            let line = self.line(deadline).await?;
            if let Some((key, value)) = line.split_once(':') {
                let value = value.strip_prefix(' ').unwrap_or(value);
                self.packet.lines.push((key.to_owned(), value.to_owned()));
            } else if line.is_empty() && !self.packet.lines.is_empty() {
                self.seen.push(std::mem::take(&mut self.packet));
                return Ok(());
            }
        }
    }

    async fn line(&mut self, deadline: Instant) -> Result<String> {
        let read = timeout_at(deadline, self.reader.read_until(b'\n', &mut self.partial)).await;
        let count = read.map_err(|_| LabError::new("AMI: nothing more came in time"))?.context("AMI")?;
        if count == 0 {
            return Err(LabError::new("AMI: the connection ended"));
        }
        let line = String::from_utf8_lossy(&self.partial).trim_end_matches(['\r', '\n']).to_owned();
        self.partial.clear();
        Ok(line)
    }
}

/// One line about a packet, for messages.
fn brief(packet: &Packet) -> String {
    let about = ["Event", "Response", "Message", "Channel", "DestChannel", "DialStatus", "Extension", "Application"];
    let words: Vec<String> = about
        .iter()
        .filter(|key| !packet.get(key).is_empty())
        .map(|key| format!("{key}: {}", packet.get(key)))
        .collect();
    words.join(", ")
}
