//! Values that want to be more than a value: none becomes a header or an action.

use crate::support::{CALLER, Office};
use cti::core::call::{CallId, Extension};
use cti::core::number::Number;
use cti::core::pbx::{Dial, LinkState, PbxControl, TransferStep, WantedAgentState};
use cti::core::{ErrorKind, Result};
use cti_lab::live_tests;

/// What would come through as an event that everybody can see.
const SMUGGLED: [&str; 4] = [
    "x\r\nAction: UserEvent\r\nUserEvent: pwned",
    "x\r\n\r\nAction: UserEvent\r\nUserEvent: pwned\r\n\r\n",
    "x\n\nAction: UserEvent\nUserEvent: pwned\n\n",
    "x\rVariable: PWNED=1\0",
];

live_tests! {
    /// Line ends in every value that somebody outside can choose: refused, and Asterisk sees nothing of it.
    async fn line_ends_in_every_value(version) {
        let office = Office::open(version).await;
        let mut ami = office.asterisk.ami().await.unwrap();
        let (agent, call) = (Extension::from("6001"), CallId::new("main", "1.1"));
        let good = || Dial::new(agent.clone(), Number::new("909012345678").unwrap());
        let mut refused: Vec<Result<()>> = Vec::new();
        for text in SMUGGLED {
            let mut tries = vec![Dial { extension: Extension::from(text), ..good() }];
            if let Some(number) = Number::new(text) {
                tries.push(Dial { number: number.clone(), ..good() });
                tries.push(Dial { caller_id: Some(number.clone()), ..good() });
                refused.push(office.pbx.transfer(&call, &agent, &number, TransferStep::Blind).await);
                refused.push(office.pbx.redirect(&call, &agent, &number).await);
            }
            let mut named = good();
            named.context.insert(text.to_owned(), "1".to_owned());
            let mut valued = good();
            valued.context.insert("NOTE".to_owned(), text.to_owned());
            tries.extend([named, valued]);
            for dial in &tries {
                refused.push(office.pbx.dial(dial).await.map(drop));
            }
            refused.push(office.pbx.send_digits(&call, &agent, text).await);
            refused.push(office.pbx.device_state(&Extension::from(text)).await.map(drop));
            for state in [
                WantedAgentState::NotReady { reason: Some(text.to_owned()) },
                WantedAgentState::LoggedIn { queue: text.to_owned(), penalty: None },
                WantedAgentState::LoggedOut { queue: text.to_owned() },
            ] {
                refused.push(office.pbx.set_agent_state(&agent, &state).await);
            }
            refused.push(office.pbx.set_agent_state(&Extension::from(text), &WantedAgentState::Ready).await);
        }
        for (n, refused) in refused.into_iter().enumerate() {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Rejected, "{n}: {error}");
            assert!(!error.to_string().contains(['\r', '\n']), "{n}: {error}");
        }
        // What Asterisk was told after all that is seen, so what came before it would have been.
        ami.action("UserEvent", &[("UserEvent", "honest")]).await.unwrap();
        let event = ami.event("UserEvent", &[]).await.unwrap();
        assert_eq!(event.get("UserEvent"), "honest");
        let created = ami.seen().iter().filter(|packet| packet.is_event("Newchannel") || packet.is_event("VarSet"));
        assert_eq!(created.count(), 0, "nothing was dialled and nothing set");
        let links = office.seen.now().links;
        assert!(!links.iter().any(|state| matches!(state, LinkState::Down { .. })), "{links:?}");
        office.close(&[CALLER, "pwned"]).await;
    }
}
