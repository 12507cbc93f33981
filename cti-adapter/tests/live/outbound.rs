//! Calls to the outside: from the handset, and click-to-dial with the real programme.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Config, Finished, Office, adapter, all_finished, facts, field};
use cti::core::call::{Direction, Disposition};
use cti_lab::{Sipp, live_tests};

/// What the outside line is told to call; the 9 that reaches it is gone.
const INVITE: &str = "INVITE sip:09012345678@";

/// `cti-adapter dial --go` for that user.
async fn dial(config: &Config, user: &str, number: &str) -> Finished {
    Finished::of(adapter("dial", &config.path()).args(["--user", user, number, "--go"]).output()).await
}

live_tests! {
    /// An agent calls a customer from the handset.
    async fn from_the_handset(version) {
        let office = Office::open(version).await;
        let far_end = Sipp::trunk(&office.asterisk).answer_after(500).start().await.unwrap();
        let phone = Sipp::call_from(&office.asterisk, "6001", "909012345678").talk(1500).start().await.unwrap();
        all_finished([far_end, phone]).await;
        let record = office.only_call().await;
        assert_eq!((record.direction, record.disposition), (Direction::Outbound, Disposition::Answered));
        assert_eq!(record.dialed.as_ref().map(|number| number.as_str()), Some(CALLER));
        assert!((record.talk_seconds - 1.5).abs() <= 1.0, "{record:?}");
        let log = office.call_log(1).await;
        for (code, value) in [("direction", "outbound"), ("result", "answered"), ("tel", CUSTOMER), ("agent", "6001")] {
            assert_eq!(field(&log[0], code), value, "{code}");
        }
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        assert_eq!(facts(&events, &record.call), ["started", &format!("dialing 6001 {CALLER}"), "answered 6001", "ended answered"]);
    }

    /// Click-to-dial: the agent's phone rings and is picked up, then the customer's number rings outside, without the
    /// prefix that reached the outside line. The adapter that runs meanwhile writes the one call.
    async fn click_to_dial(version) {
        let office = Office::open(version).await;
        let config = Config::write(&office.asterisk, &office.kintone);
        let phone = Sipp::phone(&office.asterisk, "6001").answer_after(300).start().await.unwrap();
        let far_end = Sipp::trunk(&office.asterisk).answer_after(300).hang_up_after(1000).start().await.unwrap();
        let dialled = dial(&config, "sato", CUSTOMER).await;
        assert_eq!(dialled.code, Some(0), "{}", dialled.err);
        for expected in ["separators_removed", "prefix:LOCAL", "909012345678", "6001 rings, then 909012345678 is dialled", "picked up"] {
            assert!(dialled.out.contains(expected), "{expected:?} not in:\n{}", dialled.out);
        }
        assert!(!dialled.err.contains(CALLER), "{}", dialled.err);

        let record = office.only_call().await;
        assert!(far_end.messages().contains(INVITE), "{}", far_end.messages());
        all_finished([phone, far_end]).await;
        assert!(dialled.out.contains(&record.call.to_string()), "{} is not in:\n{}", record.call, dialled.out);
        assert_eq!((record.direction, record.disposition), (Direction::Outbound, Disposition::Answered));
        let log = office.call_log(1).await;
        for (code, value) in [("direction", "outbound"), ("result", "answered"), ("tel", CUSTOMER), ("agent", "6001")] {
            assert_eq!(field(&log[0], code), value, "{code}");
        }
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
        assert_eq!(facts(&events, &record.call), ["started", &format!("dialing 6001 {CALLER}"), "answered 6001", "ended answered"]);
    }

    /// Click-to-dial that cannot be: the agent is on the phone, or has none. The programme says so, and nothing is dialled.
    async fn click_to_dial_that_cannot_be(version) {
        let office = Office::open(version).await;
        let config = Config::write(&office.asterisk, &office.kintone);
        let phone = Sipp::phone(&office.asterisk, "6001").busy().start().await.unwrap();
        let busy = dial(&config, "sato", CUSTOMER).await;
        phone.finished().await.unwrap();
        assert_eq!(busy.code, Some(1), "{}", busy.out);
        assert!(busy.err.contains("busy") && busy.err.contains("the telephone is in use"), "{}", busy.err);

        let ghost = dial(&config, "ghost", CUSTOMER).await;
        assert_eq!(ghost.code, Some(1), "{}", ghost.out);
        assert!(ghost.err.contains("check that the extension exists"), "{}", ghost.err);

        let stranger = dial(&config, "nobody", CUSTOMER).await;
        assert_eq!(stranger.code, Some(1), "{}", stranger.out);
        assert!(stranger.err.contains("member of no telephony group"), "{}", stranger.err);
        for failed in [busy, ghost, stranger] {
            assert!(!failed.err.contains("2345678") && !failed.out.contains("picked up"), "{}{}", failed.out, failed.err);
        }
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }
}
