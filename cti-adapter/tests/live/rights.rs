//! An AMI user with few rights: what was going on is still found again after a lost link.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, Proxy, all_finished, facts};
use cti::core::call::Disposition;
use cti_lab::{Asterisk, Sipp, Version, live_tests};

/// One call ends while the link is cut, another one goes on; both are told rightly.
async fn one_ends_meanwhile(version: Version, user: &str) {
    let asterisk = Asterisk::start(version).await.unwrap();
    let proxy = Proxy::to(asterisk.ami_addr()).await;
    let address = proxy.address();
    let office = Office::of_user(asterisk, address, user).await;
    let phones = [
        Sipp::phone(&office.asterisk, "6001").start().await.unwrap(),
        Sipp::trunk(&office.asterisk).start().await.unwrap(),
    ];
    let short = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(2000).start().await.unwrap();
    let gone = office.told("answered 6001").await;
    let long = Sipp::call_from(&office.asterisk, "6002", "90312349999").talk(8000).start().await.unwrap();
    let stays = office.told_beside(&gone, "answered 6002").await;
    proxy.cut();
    office.link_down().await;
    short.finished().await.unwrap();
    proxy.mend();
    office.link_up(2).await;
    all_finished(phones.into_iter().chain([long])).await;
    let records = office.ended(2).await;
    assert_eq!((&records[0].call, records[0].disposition), (&gone, Disposition::LostTrack));
    assert_eq!((&records[1].call, records[1].disposition), (&stays, Disposition::Answered));
    let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME, "0312349999"]).await;
    assert_eq!(facts(&events, &stays).last().map(String::as_str), Some("ended answered"));
}

live_tests! {
    /// Rights on calls only: channels are listed by `Status`.
    async fn calls_only(version) {
        one_ends_meanwhile(version, Asterisk::CALLS_ONLY_USER).await;
    }

    /// No right at all: channels cannot be listed, but conversations can. The call of which nothing is heard is given up
    /// after the time that was set, the one that is talked on goes on, however quiet.
    async fn none(version) {
        one_ends_meanwhile(version, Asterisk::READER_USER).await;
    }
}
