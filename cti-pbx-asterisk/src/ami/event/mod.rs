//! Events by name: views of a [`Message`] that copy nothing, with a method for each header that Asterisk documents.
//!
//! ```
//! use cti_pbx_asterisk::ami::{Message, event::Hangup};
//! let message = Message::parse(
//!     "Event: Hangup\r\nChannel: PJSIP/6001-00000001\r\nUniqueid: 1795225327.1\r\nCause: 16\r\n".into());
//! let hangup: Hangup = message.read().expect("a hang-up");
//! assert_eq!(hangup.cause().as_deref(), Some("16"));
//! assert_eq!(hangup.channel().name().as_deref(), Some("PJSIP/6001-00000001"));
//! ```
//!
//! Every value is text and may be missing: versions differ in what they send. Where versions call one thing by two
//! names, the method knows both. Whatever has no method here (and events that are not listed) is there by
//! [`Message::get`].

mod snapshot;
mod table;

pub use snapshot::{Bridge, Channel};
pub use table::*;

use super::message::Message;

/// A view of a message as one kind of event.
pub trait Event<'a>: Copy {
    /// The name of the event on the wire.
    const NAME: &'static str;

    /// The view of a message that is this event.
    fn view(message: &'a Message) -> Self;
}

impl Message {
    /// This message as that kind of event; `None` if it is another one.
    pub fn read<'a, E: Event<'a>>(&'a self) -> Option<E> {
        self.is_event(E::NAME).then(|| E::view(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::parse(text.replace('\n', "\r\n").into())
    }

    #[test]
    fn an_event_is_read_as_what_it_is_and_as_nothing_else() {
        let enter = message("Event: bridgeenter\nBridgeUniqueid: b1\nChannel: PJSIP/1-1\nLinkedid: 1.0\n");
        assert!(enter.read::<BridgeLeave>().is_none());
        let enter: BridgeEnter = enter.read().expect("it is one");
        assert_eq!(enter.bridge().unique_id().as_deref(), Some("b1"));
        assert_eq!(enter.channel().linked_id().as_deref(), Some("1.0"));
        assert_eq!(enter.swap_unique_id(), None);
    }

    #[test]
    fn two_channels_of_one_event_are_told_apart() {
        let text =
            "Event: DialBegin\nChannel: PJSIP/trunk-1\nUniqueid: 1.0\nDestChannel: PJSIP/6001-2\nDestUniqueid: 1.1\n";
        let begin = message(text);
        let begin: DialBegin = begin.read().expect("it is one");
        assert_eq!(begin.channel().unique_id().as_deref(), Some("1.0"));
        assert_eq!(begin.dest().unique_id().as_deref(), Some("1.1"));
        assert_eq!(begin.dest().name().as_deref(), Some("PJSIP/6001-2"));
    }

    #[test]
    fn old_names_of_a_header_are_known() {
        for (text, number) in [("CallerID: 100", "100"), ("CallerIDNum: 200\nCallerID: 100", "200")] {
            let state = message(&format!("Event: Newstate\nChannel: SIP/1-1\n{text}\n"));
            assert_eq!(state.read::<Newstate>().unwrap().channel().caller_number().as_deref(), Some(number));
        }
    }
}
