//! The events: what each shows, and the headers behind its methods, newer names first.

use super::{Bridge, Channel, Event};
use crate::ami::Message;
use std::borrow::Cow;

/// Defines events: `Name { channel: Channel("prefix"), field: "Header" | "OldHeader" }`.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident $(= $wire:literal)? { $($field:ident: $kind:tt $(($prefix:literal))? $(| $other:literal)*),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name<'a>(&'a Message);

            impl<'a> Event<'a> for $name<'a> {
                const NAME: &'static str = events!(@name $name $($wire)?);

                fn view(message: &'a Message) -> Self {
                    Self(message)
                }
            }

            impl<'a> $name<'a> {
                /// All of it.
                pub fn message(self) -> &'a Message {
                    self.0
                }

                $( events!(@method $field $kind $(($prefix))? $(| $other)*); )*
            }
        )*
    };
    (@name $name:ident) => { stringify!($name) };
    (@name $name:ident $wire:literal) => { $wire };
    (@method $field:ident Channel ($prefix:literal)) => {
        #[doc = concat!("The channel whose headers begin with `", $prefix, "`.")]
        pub fn $field(self) -> Channel<'a> {
            Channel::new(self.0, $prefix)
        }
    };
    (@method $field:ident Bridge ($prefix:literal)) => {
        #[doc = concat!("The bridge whose headers begin with `", $prefix, "Bridge`.")]
        pub fn $field(self) -> Bridge<'a> {
            Bridge::new(self.0, $prefix)
        }
    };
    (@method $field:ident $key:literal $(| $other:literal)*) => {
        #[doc = concat!("The header `", $key, "`", $(", in other versions `", $other, "`",)* ".")]
        pub fn $field(self) -> Option<Cow<'a, str>> {
            [$key $(, $other)*].iter().find_map(|key| self.0.get(key))
        }
    };
}

// Channels.
events! {
    /// A channel begins.
    Newchannel { channel: Channel("") }
    /// The state of a channel changed: it rings, it is connected.
    Newstate { channel: Channel("") }
    /// A channel is over.
    Hangup { channel: Channel(""), cause: "Cause", cause_text: "Cause-txt", tech_cause: "TechCause" }
    /// Somebody wants a channel to be over.
    HangupRequest { channel: Channel(""), cause: "Cause" }
    /// Asterisk itself or another channel wants a channel to be over.
    SoftHangupRequest { channel: Channel(""), cause: "Cause" }
    /// The caller of a channel is known, or changed.
    NewCallerid { channel: Channel(""), presentation: "CID-CallingPres" }
    /// The other party of a channel changed.
    NewConnectedLine { channel: Channel("") }
    /// A channel is charged to another account.
    NewAccountCode { channel: Channel(""), old_account_code: "OldAccountCode" }
    /// A channel goes on in the dial plan.
    Newexten { channel: Channel(""), extension: "Extension", application: "Application", data: "AppData" }
    /// A variable was set. `none` as channel: a global one.
    VarSet { channel: Channel(""), variable: "Variable", value: "Value" }
    /// A channel has another name.
    Rename { unique_id: "Uniqueid", old_name: "Channel" | "Oldname", new_name: "Newname" }
    /// A channel holds the other party.
    Hold { channel: Channel(""), music: "MusicClass", status: "Status" }
    /// A channel goes on with the other party.
    Unhold { channel: Channel("") }
    /// The party on a channel hears music.
    MusicOnHoldStart { channel: Channel(""), class: "Class" }
    /// The party on a channel hears no music any more.
    MusicOnHoldStop { channel: Channel("") }
    /// A key was pressed.
    DTMFBegin { channel: Channel(""), digit: "Digit", direction: "Direction" }
    /// A key was let go.
    DTMFEnd { channel: Channel(""), digit: "Digit", direction: "Direction", duration_ms: "DurationMs" }
    /// A key tone (Asterisk up to 11).
    DTMF { channel: Channel(""), digit: "Digit", direction: "Direction", begin: "Begin", end: "End" }
}

// Dials, conversations, transfers.
events! {
    /// Somebody is called. Of an Originate only `dest` is there.
    DialBegin { channel: Channel(""), dest: Channel("Dest"), dial_string: "DialString" }
    /// How a call that was begun goes on: `RINGING`, `PROGRESS` (Asterisk 14 and later).
    DialState { channel: Channel(""), dest: Channel("Dest"), status: "DialStatus" }
    /// How it ended: `ANSWER`, `BUSY`, `NOANSWER`, `CANCEL`, …
    DialEnd { channel: Channel(""), dest: Channel("Dest"), status: "DialStatus", forward: "Forward" }
    /// Somebody is called, or that is over (Asterisk up to 11).
    Dial {
        channel: "Channel" | "Source", unique_id: "UniqueID" | "SrcUniqueID", destination: "Destination",
        dest_unique_id: "DestUniqueID", sub_event: "SubEvent", status: "DialStatus", dial_string: "Dialstring",
    }
    /// A bridge begins.
    BridgeCreate { bridge: Bridge("") }
    /// A bridge is over.
    BridgeDestroy { bridge: Bridge("") }
    /// A channel comes into a bridge.
    BridgeEnter { bridge: Bridge(""), channel: Channel(""), swap_unique_id: "SwapUniqueid" }
    /// A channel leaves a bridge.
    BridgeLeave { bridge: Bridge(""), channel: Channel("") }
    /// One bridge goes over into another (16.24, 18.10 and later).
    BridgeMerge { to: Bridge("To"), from: Bridge("From") }
    /// Two channels hear each other or no more: `state` is `Link` or `Unlink` (Asterisk 1.6 to 11).
    OldBridge = "Bridge" { state: "Bridgestate", channel1: "Channel1", channel2: "Channel2", unique_id1: "Uniqueid1", unique_id2: "Uniqueid2" }
    /// Two channels hear each other (Asterisk 1.4).
    Link { channel1: "Channel1", channel2: "Channel2", unique_id1: "Uniqueid1", unique_id2: "Uniqueid2" }
    /// Two channels hear each other no more (Asterisk 1.4).
    Unlink { channel1: "Channel1", channel2: "Channel2", unique_id1: "Uniqueid1", unique_id2: "Uniqueid2" }
    /// A channel takes the place of another (Asterisk up to 11).
    Masquerade { clone_channel: "Clone", clone_state: "CloneState", original: "Original", original_state: "OriginalState" }
    /// The two halves of a Local channel.
    LocalBridge {
        one: Channel("LocalOne"), two: Channel("LocalTwo"), context: "Context", exten: "Exten", optimization: "LocalOptimization",
    }
    /// A Local channel is about to be left out.
    LocalOptimizationBegin { one: Channel("LocalOne"), two: Channel("LocalTwo"), source: Channel("Source"), id: "Id" }
    /// A Local channel was left out.
    LocalOptimizationEnd { one: Channel("LocalOne"), two: Channel("LocalTwo"), success: "Success", id: "Id" }
    /// Somebody answers a call that rings elsewhere.
    Pickup { channel: Channel(""), target: Channel("Target") }
    /// A transfer without asking.
    BlindTransfer {
        result: "Result", transferer: Channel("Transferer"), transferee: Channel("Transferee"), bridge: Bridge(""),
        is_external: "IsExternal", context: "Context", extension: "Extension",
    }
    /// A transfer after asking.
    AttendedTransfer {
        result: "Result", original: Channel("OrigTransferer"), original_bridge: Bridge("Orig"),
        second: Channel("SecondTransferer"), second_bridge: Bridge("Second"), transferee: Channel("Transferee"),
        target: Channel("TransferTarget"), is_external: "IsExternal", dest_type: "DestType",
        dest_bridge: "DestBridgeUniqueid", dest_app: "DestApp",
    }
    /// A transfer of chan_sip (Asterisk up to 11).
    Transfer {
        method: "TransferMethod", kind: "TransferType", channel: Channel(""), target_channel: "TargetChannel",
        target_unique_id: "TargetUniqueid", exten: "TransferExten", context: "TransferContext",
    }
    /// What became of an Originate.
    OriginateResponse {
        response: "Response", channel: Channel(""), application: "Application", data: "Data", reason: "Reason",
    }
}

// Parking and recording.
events! {
    /// A call is parked.
    ParkedCall {
        parkee: Channel("Parkee"), lot: "Parkinglot", space: "ParkingSpace" | "Exten", timeout: "ParkingTimeout" | "Timeout",
        parker: "ParkerDialString" | "From",
    }
    /// A parked call was taken.
    UnParkedCall { parkee: Channel("Parkee"), retriever: Channel("Retriever"), lot: "Parkinglot", space: "ParkingSpace" | "Exten" }
    /// A parked call was taken by nobody in time.
    ParkedCallTimeOut { parkee: Channel("Parkee"), lot: "Parkinglot", space: "ParkingSpace" | "Exten" }
    /// A parked caller hung up.
    ParkedCallGiveUp { parkee: Channel("Parkee"), lot: "Parkinglot", space: "ParkingSpace" | "Exten" }
    /// The place of a parked channel was taken by another.
    ParkedCallSwap { parkee: Channel("Parkee"), parker: Channel("Parker"), lot: "Parkinglot", space: "ParkingSpace" }
    /// A recording begins (16.17, 18.3 and later).
    MixMonitorStart { channel: Channel("") }
    /// A recording is over.
    MixMonitorStop { channel: Channel("") }
    /// A recording leaves out what is said, or goes on.
    MixMonitorMute { channel: Channel(""), direction: "Direction", state: "State" }
}

// Queues and agents.
events! {
    /// A caller waits in a queue.
    QueueCallerJoin { channel: Channel(""), queue: "Queue", position: "Position", count: "Count" }
    /// A caller leaves a queue, for whatever reason.
    QueueCallerLeave { channel: Channel(""), queue: "Queue", position: "Position", count: "Count" }
    /// A caller who waited hung up.
    QueueCallerAbandon {
        channel: Channel(""), queue: "Queue", position: "Position", original_position: "OriginalPosition", hold_time: "HoldTime",
    }
    /// A caller waits in a queue (Asterisk up to 11).
    Join { channel: Channel(""), queue: "Queue", position: "Position", count: "Count" }
    /// A caller leaves a queue (Asterisk up to 11).
    Leave { channel: Channel(""), queue: "Queue", count: "Count" }
    /// A member of a queue is called.
    AgentCalled {
        channel: Channel(""), dest: Channel("Dest"), queue: "Queue", member: "MemberName" | "AgentName", interface: "Interface" | "AgentCalled",
    }
    /// A member of a queue answered.
    AgentConnect {
        channel: Channel(""), dest: Channel("Dest"), queue: "Queue", member: "MemberName", interface: "Interface" | "Member",
        ring_time: "RingTime", hold_time: "HoldTime",
    }
    /// The talk of a member with a caller of a queue is over.
    AgentComplete {
        channel: Channel(""), dest: Channel("Dest"), queue: "Queue", member: "MemberName", interface: "Interface" | "Member",
        hold_time: "HoldTime", talk_time: "TalkTime", reason: "Reason",
    }
    /// A member of a queue did not answer.
    AgentRingNoAnswer {
        channel: Channel(""), dest: Channel("Dest"), queue: "Queue", member: "MemberName", interface: "Interface" | "Member",
        ring_time: "RingTime",
    }
    /// A member hung up during the announcement to him.
    AgentDump { channel: Channel(""), dest: Channel("Dest"), queue: "Queue", member: "MemberName", interface: "Interface" | "Member" }
    /// An agent of app_agent_pool is there.
    AgentLogin { channel: Channel(""), agent: "Agent" }
    /// An agent of app_agent_pool is gone.
    AgentLogoff { agent: "Agent", login_time: "Logintime" }
    /// The state of a member of a queue.
    QueueMemberStatus {
        queue: "Queue", member: "MemberName", interface: "Interface" | "Location", state_interface: "StateInterface",
        membership: "Membership", penalty: "Penalty", calls_taken: "CallsTaken", last_call: "LastCall", in_call: "InCall",
        status: "Status", paused: "Paused", paused_reason: "PausedReason",
    }
    /// Somebody became a member of a queue.
    QueueMemberAdded { queue: "Queue", member: "MemberName", interface: "Interface" | "Location", penalty: "Penalty", paused: "Paused" }
    /// Somebody is no member of a queue any more.
    QueueMemberRemoved { queue: "Queue", member: "MemberName", interface: "Interface" | "Location" }
    /// A member pauses or goes on.
    QueueMemberPause {
        queue: "Queue", member: "MemberName", interface: "Interface" | "Location", paused: "Paused", reason: "PausedReason" | "Reason",
    }
    /// A member pauses or goes on (Asterisk up to 11).
    QueueMemberPaused { queue: "Queue", member: "MemberName", interface: "Location" | "Interface", paused: "Paused", reason: "Reason" }
    /// The penalty of a member changed.
    QueueMemberPenalty { queue: "Queue", member: "MemberName", interface: "Interface", penalty: "Penalty" }
}

// Telephones, extensions, the PBX itself.
events! {
    /// Where a telephone of PJSIP can be reached, or not.
    ContactStatus {
        uri: "URI", status: "ContactStatus", aor: "AOR", endpoint: "EndpointName", roundtrip_us: "RoundtripUsec",
    }
    /// A telephone or line registered, or is gone.
    PeerStatus { peer: "Peer", status: "PeerStatus", kind: "ChannelType", cause: "Cause", address: "Address", time: "Time" }
    /// This PBX registered elsewhere, or could not.
    Registry { kind: "ChannelType" | "ChannelDriver", user: "Username", domain: "Domain", status: "Status" }
    /// The state of a device.
    DeviceStateChange { device: "Device", state: "State" }
    /// The state of an extension with a hint.
    ExtensionStatus { exten: "Exten", context: "Context", hint: "Hint", status: "Status", status_text: "StatusText" }
    /// A presence changed.
    PresenceStateChange { presentity: "Presentity", status: "Status", subtype: "Subtype", text: "Message" }
    /// The presence of an extension with a hint.
    PresenceStatus { exten: "Exten", context: "Context", hint: "Hint", status: "Status", subtype: "Subtype", text: "Message" }
    /// What the dial plan or a client tells the others; further headers are free.
    UserEvent { channel: Channel(""), name: "UserEvent" }
    /// The record of a call, by Asterisk itself.
    Cdr {
        account_code: "AccountCode", source: "Source", destination: "Destination", context: "DestinationContext",
        caller_id: "CallerID", channel: "Channel", destination_channel: "DestinationChannel", application: "LastApplication",
        data: "LastData", start: "StartTime", answer: "AnswerTime", end: "EndTime", duration: "Duration",
        billable_seconds: "BillableSeconds", disposition: "Disposition", unique_id: "UniqueID", user_field: "UserField",
    }
    /// A step of a channel's life, by cel_manager.
    CEL {
        name: "EventName", account_code: "AccountCode", number: "CallerIDnum", caller_name: "CallerIDname", exten: "Exten",
        context: "Context", channel: "Channel", application: "Application", data: "AppData", time: "EventTime",
        unique_id: "UniqueID", linked_id: "LinkedID", peer: "Peer", extra: "Extra",
    }
    /// Asterisk is ready.
    FullyBooted { status: "Status", uptime: "Uptime", last_reload: "LastReload" }
    /// A part of Asterisk was loaded anew.
    Reload { module: "Module", status: "Status", message_text: "Message" }
    /// Asterisk ends.
    Shutdown { how: "Shutdown", restart: "Restart" }
}
