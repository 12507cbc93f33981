//! A channel or a bridge as an event shows it, each with its prefix: `DestChannel`, `TransfererUniqueid`.

use crate::ami::Message;
use std::borrow::Cow;
use std::fmt;

/// Defines a snapshot: methods and the headers behind them, newer names first.
macro_rules! snapshot {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $($key:literal)|+,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'a> {
            message: &'a Message,
            prefix: &'static str,
        }

        impl<'a> $name<'a> {
            pub(super) fn new(message: &'a Message, prefix: &'static str) -> Self {
                Self { message, prefix }
            }

            $(
                $(#[$about])*
                pub fn $field(self) -> Option<Cow<'a, str>> {
                    [$($key),+].iter().find_map(|key| self.message.get_prefixed(self.prefix, key))
                }
            )*
        }

        /// Shows no value.
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("prefix", &self.prefix).finish_non_exhaustive()
            }
        }
    };
}

snapshot! {
    /// A channel, as it was when the event was raised.
    Channel {
        /// `PJSIP/6001-00000001`.
        name: "Channel",
        /// The number of its state: 4 it calls, 5 it rings, 6 it is connected.
        state: "ChannelState",
        /// Its state as a word. Asterisk 1.4 has only this.
        state_word: "ChannelStateDesc" | "State",
        /// The number of the party on it. Unknown is `<unknown>`.
        caller_number: "CallerIDNum" | "CallerID",
        /// The name of the party on it.
        caller_name: "CallerIDName",
        /// The number of the other party.
        connected_number: "ConnectedLineNum",
        /// The name of the other party.
        connected_name: "ConnectedLineName",
        /// The language of its prompts.
        language: "Language",
        /// The account that is charged.
        account_code: "AccountCode",
        /// Where in the dial plan it is: context.
        context: "Context",
        /// Where in the dial plan it is: extension.
        exten: "Exten",
        /// Where in the dial plan it is: priority.
        priority: "Priority",
        /// The id of the channel, as long as Asterisk runs.
        unique_id: "Uniqueid",
        /// The id that all channels of a call share (Asterisk 13 and later).
        linked_id: "Linkedid",
        /// Whose it is, if the PBX serves several customers.
        tenant: "Tenantid",
    }
}

snapshot! {
    /// A bridge: where channels hear each other.
    Bridge {
        /// The id of the bridge.
        unique_id: "BridgeUniqueid",
        /// `basic`, `stasis`, …
        kind: "BridgeType",
        /// `simple_bridge`, `native_rtp`, `softmix`, …
        technology: "BridgeTechnology",
        /// Which part of Asterisk made it.
        creator: "BridgeCreator",
        /// Its name, of a conference.
        name: "BridgeName",
        /// How many channels are in it.
        channels: "BridgeNumChannels",
    }
}
