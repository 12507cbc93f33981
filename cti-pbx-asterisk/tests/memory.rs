//! How much memory open calls take, counted by the allocator: the figures are the same on every machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use cti_pbx_asterisk::ami::{Decoder, Message};
use cti_pbx_asterisk::model::CallModel;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use support::model;
use support::wire::{Channel, message};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// So many calls at once; a table of hashes is filled to three fifths with that.
const CALLS: u32 = 20_000;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_225_327, 0).unwrap()
}

/// The bytes that the work leaves allocated.
fn kept(work: impl FnOnce()) -> isize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.bytes_allocated as isize - change.bytes_deallocated as isize
}

/// An inbound call that a telephone answered.
fn talk(model: &mut CallModel, number: u32) {
    let trunk = Channel::new("PJSIP/trunk", 2 * number, 2 * number).state(4).exten("0312345000");
    let phone = Channel::new("PJSIP/6001", 2 * number + 1, 2 * number);
    let bridge = format!("0f2a6b1e-53bc-4761-a251-{number:012x}");
    let mut say = |event: &str, channels: &[(&str, &Channel)], more: &[(&str, &str)]| {
        model.handle(&message(event, channels, more), now() + TimeDelta::milliseconds(i64::from(number)));
    };
    say("Newchannel", &[("", &trunk)], &[]);
    say("Newchannel", &[("", &phone)], &[]);
    say("DialBegin", &[("", &trunk), ("Dest", &phone)], &[("DialString", "6001")]);
    say("Newstate", &[("", &phone.clone().state(5))], &[]);
    say("DialEnd", &[("", &trunk), ("Dest", &phone.clone().state(6))], &[("DialStatus", "ANSWER")]);
    say("BridgeEnter", &[("", &phone.state(6))], &[("BridgeUniqueid", &bridge)]);
    say("BridgeEnter", &[("", &trunk.state(6))], &[("BridgeUniqueid", &bridge)]);
}

/// The first sign of a call.
fn newcomer(number: u32) -> Message {
    let text = format!(
        "Event: Newchannel\r\nChannel: PJSIP/trunk-{number:08x}\r\nChannelState: 4\r\nCallerIDNum: 0901234567\r\n\
         Context: from-trunk\r\nExten: 0312345000\r\nUniqueid: 1795225327.{number}\r\nLinkedid: 1795225327.{number}\r\n"
    );
    Message::parse(text.into())
}

/// What a decoder keeps of 64 MiB that never become a message.
fn kept_by_decoder(piece: &[u8]) -> isize {
    let mut decoder = Decoder::new();
    decoder.push(b"Event: Newchannel\r\n");
    kept(|| {
        for _ in 0..64 * 1024 * 1024 / piece.len() {
            decoder.push(piece);
            while decoder.next_frame().is_some() {}
        }
    })
}

/// One test, since the allocator counts for the whole process.
#[test]
fn what_is_open_or_endless_takes_little_and_never_more_than_its_limit() {
    let mut talking = model();
    let bytes = kept(|| (0..CALLS).for_each(|number| talk(&mut talking, number)));
    assert_eq!(talking.open_calls().len(), CALLS as usize);
    let each = bytes / CALLS as isize;
    println!("an open call with two channels in a talk: {each} bytes");
    assert!(each <= 1536, "{each} bytes");
    drop(talking);

    let mut waiting = model();
    let bytes = kept(|| (0..CALLS).for_each(|number| drop(waiting.handle(&newcomer(number), now()))));
    let each = bytes / CALLS as isize;
    println!("an open call with one channel: {each} bytes");
    assert!(each <= 1024, "{each} bytes");
    drop(waiting);

    // A million calls begin, and none ends.
    let mut flooded = model().max_open_calls(10_000);
    let bytes = kept(|| (0..1_000_000).for_each(|number| drop(flooded.handle(&newcomer(number), now()))));
    assert_eq!(flooded.open_calls().len(), 10_000);
    println!("a million calls without an end, of which 10,000 may be open: {bytes} bytes");
    assert!(bytes < 16 * 1024 * 1024, "{bytes} bytes");
    drop(flooded);

    let bytes = kept_by_decoder(&[b'x'; 8 * 1024]);
    println!("a line of 64 MiB: {bytes} bytes");
    assert!(bytes < 1024 * 1024, "{bytes} bytes");
    let bytes = kept_by_decoder("Key: some value\r\n".repeat(512).as_bytes());
    println!("four million headers in one message: {bytes} bytes");
    assert!(bytes < 1024 * 1024, "{bytes} bytes");
}
