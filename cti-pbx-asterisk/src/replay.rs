//! Recorded bytes of an AMI connection, told as events: pure, and the same bytes always give the same events.

use crate::ami::Message;
use crate::model::{CallModel, WireClock};
use bytes::Bytes;
use cti_core::call::PbxEvent;
use std::fmt;

/// The longest packet that is kept; a longer one is dropped whole.
const MAX_PACKET: usize = 1 << 20;

/// Reads recorded bytes, in pieces of any size.
///
/// ```
/// use cti_pbx_asterisk::{Replay, model::{CallModel, Sides}};
/// let mut replay = Replay::new(CallModel::new("main", Sides::default()));
/// let mut events = replay.push(b"Asterisk Call Manager/11.0.0\r\nEvent: FullyBooted\r\n\r\n");
/// events.extend(replay.finish());
/// assert!(events.is_empty());
/// ```
pub struct Replay {
    model: CallModel,
    clock: WireClock,
    packets: Packets,
}

impl Replay {
    /// A replay through that model.
    pub fn new(model: CallModel) -> Self {
        Self { model, clock: WireClock::new(), packets: Packets::default() }
    }

    /// Takes the next piece of the recording; tells what the packets that it completes mean.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<PbxEvent> {
        let mut events = Vec::new();
        self.packets.push(bytes, |message| {
            let at = self.clock.at(&message);
            events.extend(self.model.handle(&message, at));
        });
        events
    }

    /// The end of the recording. A last packet without its empty line still counts; calls that are open stay open.
    pub fn finish(&mut self) -> Vec<PbxEvent> {
        self.push(b"\n\n")
    }

    /// The model, as the recording left it.
    pub fn model(&self) -> &CallModel {
        &self.model
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Cuts bytes into packets: lines up to an empty one.
#[derive(Default)]
struct Packets {
    packet: Vec<u8>,
    line: Vec<u8>,
    too_long: bool,
}

impl Packets {
    fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Message)) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.packet.len() + self.line.len() + piece.len() > MAX_PACKET {
                self.too_long = true;
                self.packet.clear();
                self.line.clear();
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.end_line(&mut take);
            }
        }
    }

    fn end_line(&mut self, take: &mut impl FnMut(Message)) {
        let empty = matches!(self.line.as_slice(), b"\n" | b"\r\n");
        let banner = self.packet.is_empty() && self.line.starts_with(b"Asterisk Call Manager/");
        if empty {
            let packet = std::mem::take(&mut self.packet);
            if !std::mem::take(&mut self.too_long) && !packet.is_empty() {
                take(Message::parse(Bytes::from(packet)));
            }
        } else if !banner && !self.too_long {
            self.packet.extend_from_slice(&self.line);
        }
        self.line.clear();
    }
}
