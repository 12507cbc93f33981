//! The decoder: what it makes of good bytes, odd bytes, too many bytes, and that cuts do not matter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_pbx_asterisk::ami::{Decoder, Frame, Limits, Message};
use proptest::prelude::*;

const SMALL: Limits = Limits { line: 100, headers: 8, message: 400 };

/// A frame as text, to compare.
fn show(frame: Frame) -> String {
    match frame {
        Frame::Banner { text, version } => format!("banner {text} = {version}"),
        Frame::Oversized { bytes } => format!("oversized {bytes}"),
        Frame::Message(message) => message
            .headers()
            .map(|(key, value)| format!("{}={:?};", String::from_utf8_lossy(key), String::from_utf8_lossy(value)))
            .collect(),
    }
}

fn decode<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut decoder = Decoder::with_limits(limits);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(frame) = decoder.next_frame() {
            frames.push(show(frame));
        }
    }
    frames
}

fn whole(bytes: &[u8]) -> Vec<String> {
    decode(Limits::default(), [bytes])
}

fn messages(bytes: &[u8]) -> Vec<Message> {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    std::iter::from_fn(|| decoder.next_frame())
        .filter_map(|frame| if let Frame::Message(message) = frame { Some(message) } else { None })
        .collect()
}

/// Everything that has a state of its own in the decoder.
fn everything() -> Vec<u8> {
    let mut bytes = b"Asterisk Call Manager/2.10.6\r\n\
        Response: Success\r\nMessage: ok\r\n\r\n\r\n\r\n\
        Event: A\r\nCallerIDName: two\nlines: \r\nX:\r\nY:z\r\n\r\n\
        Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\nText: 1\n\n  b\r\nlast--END COMMAND--\r\n\r\n\
        Event: B\nName: Andr\xe9\n\n\
        Event: Many\r\na: 1\r\nb: 1\r\nc: 1\r\nd: 1\r\ne: 1\r\nf: 1\r\ng: 1\r\nh: 1\r\ni: 1\r\n\r\n"
        .to_vec();
    bytes.extend_from_slice(format!("Event: Long\r\nAppData: {}\r\nb: c\r\n\r\n", "x".repeat(130)).as_bytes());
    bytes.extend_from_slice(format!("Response: Follows\r\n{}\n--END COMMAND--\r\n\r\n", "y".repeat(130)).as_bytes());
    bytes.extend_from_slice(format!("{}\r\n\r\nEvent: Last\r\n\r\n", "z".repeat(130)).as_bytes());
    bytes
}

#[test]
fn the_kinds_of_frames() {
    assert_eq!(
        decode(SMALL, [&everything()[..]]),
        [
            "banner Asterisk Call Manager/2.10.6 = 2.10.6",
            r#"Response="Success";Message="ok";"#,
            r#"Event="A";CallerIDName="two\nlines: ";X="";Y="z";"#,
            r#"Response="Follows";Privilege="Command";ActionID="7";Output="Text: 1";Output="";Output="  b";Output="last";"#,
            "Event=\"B\";Name=\"Andr\u{fffd}\";",
            "oversized 69",
            "oversized 162",
            "oversized 167",
            "oversized 134",
            r#"Event="Last";"#,
        ]
    );
}

#[test]
fn any_two_cuts_give_the_same_frames() {
    let bytes = everything();
    let expected = decode(SMALL, [&bytes[..]]);
    for first in 0..bytes.len() {
        for second in [first, first + 1, first + 2, first + 70].map(|at| at.min(bytes.len())) {
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(decode(SMALL, pieces), expected, "cut at {first} and {second}");
        }
    }
    assert_eq!(decode(SMALL, bytes.chunks(1)), expected);
}

/// What means something to the decoder, and what does not.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"Event: X",
    b": ",
    b"\0\xff",
    b"Response: Follows\r\n",
    b"--END COMMAND--",
    b"Asterisk Call Manager/1.1",
    b"0123456789012345678901234567890123456789012345678901234567890123456789",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Also for bytes that are no AMI at all: no panic, and cuts do not matter.
    #[test]
    fn any_bytes_cut_anywhere(
        parts in prop::collection::vec(prop::sample::select(PIECES), 0..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let bytes = parts.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|window| &bytes[window[0]..window[1]]);
        prop_assert_eq!(decode(SMALL, pieces), decode(SMALL, [&bytes[..]]));
    }

    /// What an event says comes out as it went in, unless it holds a line end.
    #[test]
    fn values_survive(values in prop::collection::vec("[^\r\n\0]{0,80}", 1..10)) {
        let mut bytes = b"Event: Test\r\n".to_vec();
        for value in &values {
            bytes.extend_from_slice(format!("Key: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        let message = messages(&bytes).remove(0);
        let read: Vec<String> = message.all("key").map(|value| value.into_owned()).collect();
        prop_assert_eq!(read, values);
    }
}

#[test]
fn a_banner_may_be_missing_or_come_late() {
    assert_eq!(whole(b"Response: Success\r\n\r\n"), [r#"Response="Success";"#]);
    assert_eq!(whole(b"\r\nSSH-2.0-OpenSSH_9.2\r\n"), ["banner SSH-2.0-OpenSSH_9.2 = "]);
    assert_eq!(
        whole(b"Event: A\r\n\r\nAsterisk Call Manager/11.0.0\r\nEvent: B\r\n\r\n"),
        [r#"Event="A";"#, "banner Asterisk Call Manager/11.0.0 = 11.0.0", r#"Event="B";"#]
    );
}

#[test]
fn the_output_of_a_command_reads_the_same_in_both_styles() {
    let old =
        b"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\nEvent: no event\n\nb: c\n--END COMMAND--\r\n\r\n";
    let new = b"Response: Success\r\nActionID: 1\r\nMessage: Command output follows\r\n\
        Output: Event: no event\r\nOutput: \r\nOutput: b: c\r\n\r\n";
    for bytes in [&old[..], &new[..]] {
        let all = messages(bytes);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].action_id().as_deref(), Some("1"));
        assert!(all[0].event().is_none());
        let output: Vec<_> = all[0].all("Output").collect();
        assert_eq!(output, ["Event: no event", "", "b: c"]);
    }
    let nothing = messages(b"Response: Follows\r\nPrivilege: Command\r\n--END COMMAND--\r\n\r\nEvent: A\r\n\r\n");
    assert_eq!(nothing.len(), 2);
    assert_eq!(nothing[0].all("Output").count(), 0);
}

#[test]
fn a_bare_line_feed_in_a_value_makes_no_header_and_no_event() {
    let all = messages(b"Event: VarSet\r\nValue: x\n\nEvent: Hangup\nChannel: forged\r\nUniqueid: 1\r\n\r\n");
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].event().as_deref(), Some("VarSet"));
    assert_eq!(all[0].get("Channel"), None);
    assert_eq!(all[0].get("Uniqueid").as_deref(), Some("1"));
}

#[test]
fn five_thousand_of_each_oddity_all_come() {
    let cut_name = "佐藤花子".repeat(40);
    let kinds: [Vec<u8>; 4] = [
        b"Event: Newchannel\r\nCallerIDName: Andr\xe9\r\n\r\n".to_vec(),
        [b"Event: Newchannel\r\nCallerIDName: ", &cut_name.as_bytes()[..479], b"\r\n\r\n"].concat(),
        b"Event: Newchannel\r\nCallerIDName: a\nb\r\n\r\n".to_vec(),
        b"Event: Newchannel\r\nCallerIDName: x\r\n\r\n\r\n".to_vec(),
    ];
    for kind in kinds {
        let stream = kind.repeat(5000);
        let mut decoder = Decoder::new();
        let mut count = 0;
        for chunk in stream.chunks(1400) {
            decoder.push(chunk);
            while let Some(frame) = decoder.next_frame() {
                let Frame::Message(message) = frame else { panic!("{frame:?}") };
                assert!(message.is_event("newchannel") && message.get("CallerIDName").is_some());
                count += 1;
            }
        }
        assert_eq!(count, 5000);
        assert!(decoder.unfinished() < 4);
    }
}

#[test]
fn a_value_of_100_000_bytes_is_told_and_the_next_message_lives() {
    let bytes = format!("Event: A\r\n\r\nEvent: VarSet\r\nValue: {}\r\n\r\nEvent: B\r\n\r\n", "v".repeat(100_000));
    assert_eq!(whole(bytes.as_bytes()), [r#"Event="A";"#, "oversized 100026", r#"Event="B";"#]);
}

#[test]
fn an_endless_line_does_not_fill_the_memory() {
    let mut decoder = Decoder::new();
    for _ in 0..1000 {
        decoder.push(&[b'x'; 10_000]);
        assert!(decoder.next_frame().is_none());
        assert!(decoder.unfinished() < 100_000);
    }
    decoder.push(b"\r\n\r\nEvent: A\r\n\r\n");
    assert!(matches!(decoder.next_frame(), Some(Frame::Oversized { bytes: 10_000_004 })));
    assert!(matches!(decoder.next_frame(), Some(Frame::Message(_))));
}

#[test]
fn the_time_of_an_event_is_the_header_after_privilege_and_no_other() {
    let real = messages(b"Event: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1795225655.080874\r\n\r\n").remove(0);
    assert_eq!(real.timestamp().unwrap().timestamp_micros(), 1_795_225_655_080_874);
    let data = messages(b"Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: x\r\nTimestamp: 1.0\r\n\r\n").remove(0);
    assert_eq!(data.timestamp(), None);
}

#[test]
fn debug_shows_no_value() {
    let message = messages(b"Event: Newchannel\r\nCallerIDNum: 0901234567\r\n\r\n").remove(0);
    assert!(!format!("{message:?}").contains("0901234567"));
}

/// What a message is, said as simply as can be: bytes of CRLF lines up to the first empty one.
fn simple(mut bytes: &[u8]) -> Vec<String> {
    let mut frames = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |line: &str| match line.split_once(':') {
            Some((key, value)) => format!("{key}={:?};", value.strip_prefix(' ').unwrap_or(value)),
            None => format!("={line:?};"),
        };
        frames.push(text.split("\r\n").map(header).collect());
        bytes = &bytes[end + 4..];
    }
    frames
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever stands in the lines of an event, wherever it is cut and whether it is short or long, its headers are
    /// those that the simplest reader sees.
    #[test]
    fn headers_are_those_of_the_simplest_reader(
        events in prop::collection::vec(prop::collection::vec("[ -~]{0,9}(: ?|:|\n)?[ -~\n:é]{1,150}", 0..40), 1..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        headers in prop::sample::select(vec![60, 4096]),
    ) {
        let mut bytes = Vec::new();
        for lines in &events {
            bytes.extend_from_slice(b"Event: E\r\n");
            for line in lines.iter().filter(|line| !line.starts_with('\n')) {
                bytes.extend_from_slice(format!("{line}\r\n").as_bytes());
            }
            bytes.extend_from_slice(b"\r\n");
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|window| &bytes[window[0]..window[1]]);
        // With few headers allowed, longer messages are read line by line.
        prop_assert_eq!(decode(Limits { headers, ..Limits::default() }, pieces), simple(&bytes));
    }
}

#[test]
fn unwanted_events_are_passed_over_and_nothing_else() {
    let mut bytes = b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\nevent: HANGUP\r\nA: 1\r\n\r\n\
        Event: VarSet\r\nB: 2\r\n\r\nEvent: Hangup\nC: 3\n\nEvent: VarSet\nD: 4\n\nOdd: x\r\n\r\n"
        .to_vec();
    let long = "Event: VarSet\r\nValue: ".to_owned() + &"v".repeat(20_000) + "\r\n\r\n";
    bytes.extend_from_slice(long.as_bytes());
    bytes.extend_from_slice(long.replace("VarSet", "Hangup").as_bytes());
    for size in [1, 7, 4096, bytes.len()] {
        let mut decoder = Decoder::new().only_events(["Hangup"]);
        let mut seen = Vec::new();
        for piece in bytes.chunks(size) {
            decoder.push(piece);
            seen.extend(std::iter::from_fn(|| decoder.next_frame()).map(show));
        }
        let lengths: Vec<_> = seen.iter().map(String::len).collect();
        assert_eq!(seen.len(), 6, "{lengths:?}");
        assert_eq!(seen[2..5], [r#"event="HANGUP";A="1";"#, r#"Event="Hangup";C="3";"#, r#"Odd="x";"#]);
        assert!(seen[5].starts_with(r#"Event="Hangup";Value="vvv"#));
        assert_eq!(decoder.unfinished(), 0);
    }
}
