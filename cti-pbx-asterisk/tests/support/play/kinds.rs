//! The kinds of steps, and how often each comes.

/// What can happen. The numbers of a generated step choose one, and with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Inbound,
    RingGroup,
    LocalGroup,
    Queue,
    Recorded,
    Conference,
    Withheld,
    Outbound,
    Internal,
    JoinRoom,
    ClickToDial,
    Answer,
    FarEndAnswers,
    Busy,
    Reject,
    FarEndRefuses,
    Wait,
    WaitForTimeOut,
    CallerHangsUp,
    PhoneHangsUp,
    AmiHangup,
    PhoneHolds,
    PhoneResumes,
    CallerHolds,
    CallerResumes,
    BlindTransfer,
    BlindTransferOutside,
    Consult,
    CompleteTransfer,
    CancelTransfer,
    Refer,
    Bridge,
    Redirect,
    Park,
    Retrieve,
    PickUp,
    Forward,
    ForwardOutside,
    Unplug,
    Silence,
    PlugIn,
    Press,
    Record,
    MuteRecording,
    Variable,
    UserEvent,
    Pause,
    GoOn,
    JoinQueue,
    LeaveQueue,
    CutLink,
    Reconnect,
    ReconnectLate,
    RestartReader,
}

use Kind::*;

/// How often each kind comes, beside the others.
const WEIGHTS: [(Kind, usize); 50] = [
    (Inbound, 5),
    (RingGroup, 5),
    (LocalGroup, 5),
    (Queue, 6),
    (Recorded, 3),
    (Conference, 4),
    (Withheld, 2),
    (Outbound, 5),
    (Internal, 5),
    (JoinRoom, 4),
    (ClickToDial, 4),
    (Answer, 26),
    (FarEndAnswers, 8),
    (Busy, 3),
    (Reject, 3),
    (FarEndRefuses, 1),
    (Wait, 8),
    (WaitForTimeOut, 6),
    (CallerHangsUp, 6),
    (PhoneHangsUp, 6),
    (AmiHangup, 2),
    (PhoneHolds, 4),
    (PhoneResumes, 3),
    (CallerHolds, 3),
    (CallerResumes, 2),
    (BlindTransfer, 6),
    (BlindTransferOutside, 3),
    (Consult, 7),
    (CompleteTransfer, 6),
    (CancelTransfer, 3),
    (Refer, 6),
    (Bridge, 5),
    (Redirect, 3),
    (Park, 5),
    (Retrieve, 5),
    (PickUp, 5),
    (Forward, 3),
    (ForwardOutside, 2),
    (Unplug, 1),
    (Silence, 1),
    (PlugIn, 2),
    (Press, 1),
    (Record, 2),
    (MuteRecording, 1),
    (Variable, 2),
    (UserEvent, 2),
    (Pause, 1),
    (GoOn, 1),
    (JoinQueue, 2),
    (LeaveQueue, 1),
];

/// What can happen to the reader, beside what happens on the PBX.
const FAULTS: [(Kind, usize); 4] = [(CutLink, 9), (Reconnect, 9), (ReconnectLate, 6), (RestartReader, 4)];

/// One generated step: what, and two choices that it may need.
pub(crate) type Step = (u16, u8, u8);

fn kind(number: u16, faults: bool) -> Kind {
    let total = |list: &[(Kind, usize)]| list.iter().map(|(_, weight)| weight).sum::<usize>();
    let all = total(&WEIGHTS) + if faults { total(&FAULTS) } else { 0 };
    let mut place = usize::from(number) % all;
    for (kind, weight) in WEIGHTS.into_iter().chain(FAULTS) {
        match place.checked_sub(weight) {
            Some(rest) => place = rest,
            None => return kind,
        }
    }
    Wait
}

/// The kinds of generated steps, by name: for tests that play a scenario that once went wrong.
pub(crate) fn named(steps: &[Step], faults: bool) -> Vec<(Kind, u8, u8)> {
    steps.iter().map(|&(number, a, b)| (kind(number, faults), a, b)).collect()
}
