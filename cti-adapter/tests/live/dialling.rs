//! Click-to-dial by the library: what goes out, and how it fails.

use crate::support::{CALLER, CUSTOMER, CUSTOMER_NAME, Office, all_finished, facts};
use cti::core::ErrorKind;
use cti::core::call::{Direction, Disposition, Extension};
use cti::core::number::Number;
use cti::core::pbx::{AutoAnswer, Dial, PbxControl};
use cti_lab::{Asterisk, Sipp, live_tests};
use std::time::{Duration, Instant};

/// A dial from that extension to the customer.
fn to_customer(extension: &str) -> Dial {
    Dial::new(Extension::from(extension), Number::new("909012345678").unwrap())
}

live_tests! {
    /// The phone is asked to pick up by itself, shows the chosen number, and the data attached to the dial stay on the call.
    async fn with_everything(version) {
        let office = Office::open(version).await;
        let phone = Sipp::phone(&office.asterisk, "6001").answer_after(300).start().await.unwrap();
        let far_end = Sipp::trunk(&office.asterisk).answer_after(300).hang_up_after(1000).start().await.unwrap();
        let mut dial = to_customer("6001");
        dial.caller_id = Number::new("0355550000");
        dial.auto_answer = Some(AutoAnswer::CallInfo);
        dial.context.insert("RECORD".to_owned(), "app 14:row 7".to_owned());
        let call = office.pbx.dial(&dial).await.unwrap();
        let record = office.only_call().await;
        let invite = phone.messages();
        all_finished([phone, far_end]).await;
        assert!(invite.contains("Call-Info: <sip:localhost>;answer-after=0"), "{invite}");
        assert!(invite.contains("sip:0355550000@"), "{invite}");
        assert_eq!((&record.call, record.direction, record.disposition), (&call, Direction::Outbound, Disposition::Answered));
        assert_eq!(record.context.get("CTI_RECORD").map(String::as_str), Some("app 14:row 7"));
        let events = office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME, "app 14"]).await;
        let told: Vec<_> = facts(&events, &call).into_iter().filter(|fact| fact != "context").collect();
        assert_eq!(told, ["started", &format!("dialing 6001 {CALLER}"), "answered 6001", "ended answered"]);
    }

    /// Each way to fail is an error of its own kind.
    async fn that_fails(version) {
        let office = Office::open(version).await;
        let kind = async |dial: &Dial| office.pbx.dial(dial).await.unwrap_err().kind();
        let dial = to_customer("6001");
        for (status, expected) in [("486 Busy Here", ErrorKind::Busy), ("603 Decline", ErrorKind::Rejected)] {
            let phone = Sipp::phone(&office.asterisk, "6001").refuse(status).start().await.unwrap();
            assert_eq!(kind(&dial).await, expected, "{status}");
            phone.finished().await.unwrap();
        }
        let phone = Sipp::phone(&office.asterisk, "6001").ring_only().start().await.unwrap();
        let (mut short, began) = (dial.clone(), Instant::now());
        short.timeout = Duration::from_secs(2);
        assert_eq!(kind(&short).await, ErrorKind::NoAnswer);
        assert!((1..8).contains(&began.elapsed().as_secs()), "rang for {:?} instead of 2 s", began.elapsed());
        phone.finished().await.unwrap();

        assert_eq!(kind(&to_customer("6009")).await, ErrorKind::Unreachable, "never registered");
        assert_eq!(kind(&to_customer("6099")).await, ErrorKind::NotFound, "no such telephone");
        let mut wrong = dial.clone();
        wrong.number = Number::new("5551234").unwrap();
        assert_eq!(kind(&wrong).await, ErrorKind::NotFound, "a number that the dial plan does not know");
        office.close(&[CALLER, CUSTOMER, CUSTOMER_NAME]).await;
    }

    /// Without the right, the error says which one is needed.
    async fn without_the_right(version) {
        let office = Office::open_as(version, Asterisk::CALLS_ONLY_USER).await;
        let error = office.pbx.dial(&to_customer("6001")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("write = originate"), "{error}");
        office.close(&[CALLER]).await;
    }
}
