//! The laws of the board.

use super::*;
use cti_core::call::{EventId, TransferHow};
use cti_core::crm::Matches;
use proptest::prelude::*;

const PHONES: [&str; 3] = ["6001", "6002", "6003"];

fn fact(kind: u8, phone: &str, other: &str) -> CallFact {
    let (extension, reason) = (Extension::from(phone), MissReason::NoAnswer);
    match (kind % 9, Number::new(other)) {
        (0, _) => CallFact::Ringing { extension },
        (1, _) => CallFact::Answered { extension },
        (2, _) => CallFact::Missed { extension, reason },
        (3, _) => CallFact::Held { extension: Some(extension) },
        (4, _) => CallFact::Resumed { extension: None },
        (5, Some(to)) => CallFact::Transferred { from: extension, to, how: TransferHow::Blind },
        (6, _) => CallFact::Parked { slot: "701".to_owned() },
        (7, _) => CallFact::Unparked { slot: "701".to_owned() },
        _ => CallFact::Conferenced { extensions: vec![extension, other.into()] },
    }
}

fn event(call: &CallId, at: i64, fact: CallFact) -> CallEvent {
    CallEvent {
        call: call.clone(),
        id: EventId::of(call, &at.to_string()),
        seq: 1,
        at: DateTime::from_timestamp(at, 0).unwrap_or_default(),
        fact,
        direction: Direction::Inbound,
        caller: Party::known("0901234567", ""),
        dialed: None,
    }
}

fn pop(call: &CallId, phone: &str) -> Pop {
    Pop {
        id: EventId::of(call, phone),
        call: call.clone(),
        extension: phone.into(),
        direction: Direction::Inbound,
        caller: Party::default(),
        dialed: None,
        crm: "crm".to_owned(),
        matches: Matches::default(),
        url: None,
        problem: None,
        click: false,
        hints: Default::default(),
    }
}

fn shown(views: impl IntoIterator<Item = CallView>) -> BTreeMap<String, String> {
    let text = |view: &CallView| serde_json::to_string(view).unwrap();
    views.into_iter().map(|view| (view.call.as_str().to_owned(), text(&view))).collect()
}

proptest! {
    /// A page that takes every change in shows what a page shows that is opened now.
    #[test]
    fn changes_and_snapshots_tell_the_same(steps in prop::collection::vec((0u8..10, 0usize..3, 0usize..3, 0u8..3), 0..60)) {
        // The last agent has two telephones.
        let own = [vec!["6001".into()], vec!["6002".into(), "6003".into()]];
        let mut board = Board::new(own.clone());
        let mut pages: [BTreeMap<CallId, CallView>; 2] = Default::default();
        let mut pops: BTreeMap<(AgentIndex, CallId), usize> = BTreeMap::new();
        for (at, (kind, phone, other, call)) in (0i64..).zip(steps) {
            let call = CallId::new("main", &call.to_string());
            let changes = match kind {
                9 => board.pop(&pop(&call, PHONES[phone])),
                kind => board.apply(&event(&call, at, fact(kind, PHONES[phone], PHONES[other]))),
            };
            for change in changes {
                prop_assert!(own[change.agent].contains(&change.view.extension), "an agent sees own telephones only");
                *pops.entry((change.agent, call.clone())).or_default() += usize::from(change.is_pop);
                pages[change.agent].insert(call.clone(), change.view);
            }
        }
        prop_assert!(pops.values().all(|count| *count <= 1), "one pop for each agent and call");
        for (agent, page) in pages.into_iter().enumerate() {
            let (over, open): (Vec<_>, Vec<_>) = page.into_values().partition(|view| view.state == LegState::Over);
            prop_assert_eq!(shown(open), shown(board.live(agent)));
            prop_assert_eq!(shown(over), shown(board.recent(agent)));
        }
    }
}
