//! Recorded bytes of an AMI connection, told as events: pure, and the same bytes always give the same events.

use crate::ami::{Decoder, Frame};
use crate::model::{CallModel, WireClock};
use cti_core::call::PbxEvent;

/// Reads recorded bytes, in pieces of any size.
///
/// ```
/// use cti_pbx_asterisk::{Replay, model::{CallModel, Sides}};
/// let mut replay = Replay::new(CallModel::new("main", Sides::default()));
/// let mut events = replay.push(b"Asterisk Call Manager/11.0.0\r\nEvent: FullyBooted\r\n\r\n");
/// events.extend(replay.finish());
/// assert!(events.is_empty());
/// ```
#[derive(Debug)]
pub struct Replay {
    model: CallModel,
    clock: WireClock,
    decoder: Decoder,
}

impl Replay {
    /// A replay through that model.
    pub fn new(model: CallModel) -> Self {
        Self { model, clock: WireClock::new(), decoder: Decoder::new() }
    }

    /// Takes the next piece of the recording; tells what the packets that it completes mean.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<PbxEvent> {
        let mut events = Vec::new();
        self.decoder.push(bytes);
        while let Some(frame) = self.decoder.next_frame() {
            match frame {
                Frame::Banner { text, .. } => self.model.greeted(&text),
                Frame::Message(message) => {
                    let at = self.clock.at(&message);
                    events.extend(self.model.handle(&message, at));
                }
                Frame::Oversized { .. } => {}
            }
        }
        events
    }

    /// The end of the recording. A last packet without its empty line still counts; calls that are open stay open.
    pub fn finish(&mut self) -> Vec<PbxEvent> {
        self.push(b"\r\n\r\n")
    }
}
