//! The link to Asterisk is cut in mid-call, and Asterisk itself ends in mid-call: nothing is lost or doubled.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, Proxy, all_finished, facts, field, poll};
use chrono::Utc;
use cti::core::call::{CallId, Disposition};
use cti_lab::{Sipp, live_tests};

/// What is told of an answered call whose link was cut on the way.
const ANSWERED: [&str; 4] = ["started", "ringing 6001", "answered 6001", "ended answered"];

async fn cut(office: &Office, proxy: &Proxy) {
    proxy.cut();
    office.link_down().await;
}

live_tests! {
    /// Cut while the phone rings, mended before it is answered.
    async fn cut_while_ringing(version) {
        let (office, proxy) = Office::open_cuttable(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").answer_after(3000).start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(1000).start().await.unwrap();
        let call = office.told("ringing 6001").await;
        cut(&office, &proxy).await;
        proxy.mend();
        office.link_up(2).await;
        all_finished([phone, caller]).await;
        let record = office.only_call().await;
        assert_eq!((&record.call, record.disposition), (&call, Disposition::Answered));
        assert!((record.talk_seconds - 1.0).abs() <= 1.0, "{record:?}");
        assert_eq!(field(&office.call_log(1).await[0], "tel"), CUSTOMER);
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        assert_eq!(facts(&events, &call), ANSWERED);
    }

    /// Cut while they talk, and mended: the call goes on.
    async fn cut_while_talking(version) {
        let (office, proxy) = Office::open_cuttable(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(3000).start().await.unwrap();
        let call = office.told("answered 6001").await;
        for times in 2..=3 {
            cut(&office, &proxy).await;
            proxy.mend();
            office.link_up(times).await;
        }
        all_finished([phone, caller]).await;
        let record = office.only_call().await;
        assert_eq!((&record.call, record.disposition), (&call, Disposition::Answered));
        assert!((record.talk_seconds - 3.0).abs() <= 1.0, "{record:?}");
        assert_eq!(field(&office.call_log(1).await[0], "tel"), CUSTOMER);
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        assert_eq!(facts(&events, &call), ANSWERED);
    }

    /// Cut while they talk; they hang up before it is mended. The call ends once, as one of which sight was lost.
    async fn hung_up_while_cut(version) {
        let (office, proxy) = Office::open_cuttable(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(1500).start().await.unwrap();
        let call = office.told("answered 6001").await;
        cut(&office, &proxy).await;
        all_finished([phone, caller]).await;
        proxy.mend();
        let record = office.only_call().await;
        assert_eq!((&record.call, record.disposition), (&call, Disposition::LostTrack));
        let log = office.call_log(1).await;
        assert_eq!((field(&log[0], "result"), field(&log[0], "agent"), field(&log[0], "tel")), ("answered", "6001", CUSTOMER));
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        assert_eq!(facts(&events, &call), ["started", "ringing 6001", "answered 6001", "ended lost_track"]);
    }

    /// A call that begins while the link is cut, and one that begins and ends meanwhile: the first is told when the link
    /// is back, of the second nobody can know.
    async fn begun_while_cut(version) {
        let (office, proxy) = Office::open_cuttable(version).await;
        cut(&office, &proxy).await;
        let phone = Sipp::phone(&office.asterisk, "6001").calls(2).start().await.unwrap();
        Sipp::call_in(&office.asterisk, "0312345000").talk(100).start().await.unwrap().finished().await.unwrap();
        let mut ami = office.asterisk.ami().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(2500).start().await.unwrap();
        ami.event("BridgeEnter", &[("Channel", "PJSIP/trunk-")]).await.unwrap();
        proxy.mend();
        let call = office.told("started").await;
        all_finished([phone, caller]).await;
        let record = office.only_call().await;
        assert_eq!((&record.call, record.disposition), (&call, Disposition::Answered));
        assert_eq!(record.caller.number.as_ref().map(|number| number.as_str()), Some(CALLER));
        let log = office.call_log(1).await;
        assert_eq!((field(&log[0], "result"), field(&log[0], "agent"), field(&log[0], "tel")), ("answered", "6001", CUSTOMER));
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        let told = facts(&events, &call);
        assert_eq!((told[0].as_str(), told.last().unwrap().as_str()), ("started", "ended answered"), "{told:?}");
        assert!(told.contains(&"answered 6001".to_owned()), "{told:?}");
    }

    /// Asterisk dies in mid-call and comes back: its call is lost once, and later ones are as ever.
    async fn asterisk_restarts(version) {
        let mut office = Office::open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).start().await.unwrap();
        let lost = office.told("answered 6001").await;
        office.asterisk.kill();
        drop((phone, caller));
        office.link_down().await;
        office.asterisk.restart().await.unwrap();
        office.link_up(2).await;
        assert_eq!(office.only_call().await.disposition, Disposition::LostTrack);
        // Asterisk makes its ids of the second and a count that starts anew, and no real one is back within a second.
        let second = |call: &CallId| call.native().split('.').next().and_then(|second| second.parse::<i64>().ok());
        poll("the next second", async || (Some(Utc::now().timestamp()) > second(&lost)).then_some(())).await;

        let phone = Sipp::phone(&office.asterisk, "6001").start().await.unwrap();
        let caller = Sipp::call_in(&office.asterisk, "0312345000").from(CALLER).talk(700).start().await.unwrap();
        all_finished([phone, caller]).await;
        let records = office.ended(2).await;
        assert_ne!(records[1].call, lost);
        office.call_log(2).await;
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        assert_eq!(facts(&events, &lost), ["started", "ringing 6001", "answered 6001", "ended lost_track"]);
        assert_eq!(facts(&events, &records[1].call), ANSWERED);
    }
}
