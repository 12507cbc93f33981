//! Many calls at once, compared with what Asterisk itself wrote down about them.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished, facts, field};
use cti::core::call::{CallRecord, Direction, Disposition};
use cti_lab::{Ami, Packet, Sipp, live_tests};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How many calls; every fifth goes out, the others come in.
const CALLS: usize = 100;
/// How many calls begin in a second, in and out together; each talks so long that all are there at once in the end.
const PER_SECOND: [u32; 2] = [8, 2];
/// How long they talk.
const TALK_MS: u64 = 14_000;

/// Collects the call detail records of Asterisk, by the `Uniqueid` of the channel that called.
fn witness(mut ami: Ami) -> JoinHandle<BTreeMap<String, Packet>> {
    tokio::spawn(async move {
        let mut cdrs = BTreeMap::new();
        while cdrs.len() < CALLS {
            let cdr = ami.wait_for(Duration::from_secs(60), |packet| packet.is_event("Cdr")).await.unwrap();
            cdrs.insert(cdr.get("UniqueID").to_owned(), cdr);
        }
        cdrs
    })
}

/// The record says what Asterisk's own one does.
fn agrees(record: &CallRecord, cdr: &Packet) {
    assert_eq!((record.disposition, cdr.get("Disposition")), (Disposition::Answered, "ANSWERED"));
    let seconds: f64 = cdr.get("BillableSeconds").parse().unwrap();
    // Asterisk leaves out the part of a second.
    let difference = record.talk_seconds - (seconds + 0.5);
    assert!(difference.abs() <= 1.0, "talk of {} s, {seconds} s are billed", record.talk_seconds);
    match record.direction {
        Direction::Inbound => {
            assert_eq!(record.caller.number.as_ref().map(|number| number.as_str()), Some(cdr.get("Source")));
            assert_eq!(record.dialed.as_ref().map(|number| number.as_str()), Some(cdr.get("Destination")));
        }
        _ => {
            let dialed = record.dialed.as_ref().map(|number| format!("9{}", number.as_str()));
            assert_eq!(dialed.as_deref(), Some(cdr.get("Destination")));
        }
    }
}

/// How many calls there were at the moment when most were there.
fn at_once(records: &[CallRecord]) -> usize {
    let there = |at| records.iter().filter(|record| record.started_at <= at && at < record.ended_at).count();
    records.iter().map(|record| there(record.started_at)).max().unwrap_or(0)
}

live_tests! {
    /// A hundred calls, ten a second, in both directions, all there at once in the end: a hundred records, each right, and
    /// each in the call history once.
    async fn a_hundred_calls(version) {
        let office = Office::open(version).await;
        let cdrs = witness(office.asterisk.ami().await.unwrap());
        let outbound = CALLS / 5;
        let incoming = (0..CALLS - outbound).map(|n| (format!("0452220{n:03}"), "0312345000".to_owned()));
        let outgoing = (0..outbound).map(|n| ("6002".to_owned(), format!("90451110{n:03}")));
        let phones = [
            Sipp::phone(&office.asterisk, "6001").answer_after(300).calls((CALLS - outbound) as u32).start().await.unwrap(),
            Sipp::trunk(&office.asterisk).answer_after(300).calls(outbound as u32).start().await.unwrap(),
        ];
        let callers = [
            Sipp::call_in(&office.asterisk, "").talk(TALK_MS).many(incoming, PER_SECOND[0]).start().await.unwrap(),
            Sipp::call_from(&office.asterisk, "6002", "").talk(TALK_MS).many(outgoing, PER_SECOND[1]).start().await.unwrap(),
        ];
        all_finished(phones.into_iter().chain(callers)).await;
        let records = office.ended(CALLS).await;
        let cdrs = cdrs.await.unwrap();
        let events = office.seen.now().events;
        assert!(at_once(&records) >= CALLS * 9 / 10, "only {} at once", at_once(&records));
        let log = office.call_log(CALLS).await;
        for record in &records {
            agrees(record, &cdrs[record.call.native()]);
            let told = facts(&events, &record.call);
            let (number, second) = match record.direction {
                Direction::Outbound => (record.dialed.as_ref(), format!("dialing 6002 {}", record.dialed.as_ref().unwrap().as_str())),
                _ => (record.caller.number.as_ref(), "ringing 6001".to_owned()),
            };
            let agent = if record.direction == Direction::Outbound { "6002" } else { "6001" };
            assert_eq!(told, ["started".to_owned(), second, format!("answered {agent}"), "ended answered".to_owned()]);
            let entries: Vec<_> = log.iter().filter(|entry| field(entry, "call_id") == record.call.to_string()).collect();
            assert_eq!(entries.len(), 1);
            assert_eq!((field(entries[0], "tel"), field(entries[0], "agent")), (number.unwrap().as_str(), agent));
            assert_eq!(field(entries[0], "duration"), format!("{:.0}", record.talk_seconds));
        }
        assert_eq!(records.iter().filter(|record| record.direction == Direction::Outbound).count(), outbound);
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME, "0451110", "0452220"]).await;
    }
}
