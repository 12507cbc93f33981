//! A raw AMI client: bytes and packets, nothing clever.

use cti_testkit::asterisk::Simulator;
use cti_testkit::trace::TracePacket;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the simulator.
pub(crate) struct Raw {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(sim: &Simulator) -> Self {
        Self { socket: TcpStream::connect(sim.addr()).await.unwrap(), buffer: Vec::new() }
    }

    pub(crate) async fn login(sim: &Simulator) -> Self {
        let mut raw = Self::connect(sim).await;
        assert!(raw.line().await.starts_with("Asterisk Call Manager/"));
        let reply = raw.action("Action: Login\r\nUsername: cti\r\nSecret: s3cret").await;
        assert_eq!(reply.get("Message"), Some("Authentication accepted"));
        raw
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends an action (without its last line end) and gives the response; events before it are dropped.
    pub(crate) async fn action(&mut self, text: &str) -> TracePacket {
        self.send(&format!("{text}\r\n\r\n")).await;
        self.until(|packet| packet.response().is_some()).await.pop().unwrap()
    }

    async fn more(&mut self) -> usize {
        let mut piece = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, self.socket.read(&mut piece)).await.expect("bytes in time");
        let count = read.unwrap_or(0);
        self.buffer.extend_from_slice(&piece[..count]);
        count
    }

    pub(crate) async fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.buffer.iter().position(|&byte| byte == b'\n') {
                return String::from_utf8_lossy(&self.buffer.drain(..=at).collect::<Vec<_>>()).trim_end().to_owned();
            }
            assert_ne!(self.more().await, 0, "closed");
        }
    }

    /// The next packet; `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<TracePacket> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let bytes: Vec<u8> = self.buffer.drain(..at + 4).collect();
                return Some(TracePacket::parse(&bytes));
            }
            if self.more().await == 0 {
                return None;
            }
        }
    }

    /// Everything up to the first packet that fits, that one included.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&TracePacket) -> bool) -> Vec<TracePacket> {
        let mut packets = Vec::new();
        loop {
            let packet = self.next().await.expect("the connection is open");
            let done = wanted(&packet);
            packets.push(packet);
            if done {
                return packets;
            }
        }
    }

    /// Everything that has been said until now: a Ping marks the end.
    pub(crate) async fn so_far(&mut self) -> Vec<TracePacket> {
        self.send("Action: Ping\r\nActionID: mark\r\n\r\n").await;
        let mut packets = self.until(|packet| packet.get("ActionID") == Some("mark")).await;
        packets.pop();
        packets
    }
}
