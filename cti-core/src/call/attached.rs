//! Data that travel with a call.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Data attached to a call, by name. The values may be personal, so `Debug` shows the names only.
///
/// ```
/// use cti_core::call::Attached;
/// let attached: Attached = [("ticket".to_owned(), "card 4111".to_owned())].into_iter().collect();
/// assert_eq!(attached["ticket"], "card 4111");
/// assert_eq!(format!("{attached:?}"), r#"{"ticket"}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attached(BTreeMap<String, String>);

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Deref for Attached {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attached {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, String)> for Attached {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl IntoIterator for Attached {
    type Item = (String, String);
    type IntoIter = std::collections::btree_map::IntoIter<String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallEvent, CallFact, CallId, Direction, EventId, OpenCall, Party};
    use crate::command::Command;
    use crate::number::Number;
    use crate::pbx::Dial;

    const SECRET: &str = "4111111111111111";

    #[test]
    fn no_debug_output_shows_what_is_attached_or_keyed() {
        let attached: Attached = [("CARD".to_owned(), SECRET.to_owned())].into_iter().collect();
        let call = CallId::new("main", "1.1");
        let event = CallEvent {
            id: EventId::of(&call, "context:1"),
            call: call.clone(),
            seq: 1,
            at: chrono::Utc::now(),
            fact: CallFact::Context { fields: attached.clone() },
            direction: Direction::Inbound,
            caller: Party::default(),
            dialed: None,
        };
        let open = OpenCall::begin(&event);
        let mut dial = Dial::new("6001".into(), Number::new("0312345678").unwrap());
        dial.context = attached;
        for text in [format!("{event:?}"), format!("{open:?}"), format!("{dial:?}")] {
            assert!(!text.contains(SECRET) && text.contains("CARD"), "{text}");
        }
        let keys = Command::SendDigits { call, extension: "6001".into(), digits: SECRET.into() };
        let text = format!("{keys:?}");
        assert!(!text.contains(SECRET) && text.contains("16 keys"), "{text}");
    }

    #[test]
    fn the_json_is_that_of_the_plain_values() {
        let json = r#"{"event":"context","fields":{"ticket":"T-1"}}"#;
        let fact: CallFact = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&fact).unwrap(), json);
        let json = r#"{"command":"send_digits","call":"main/1.1","extension":"6001","digits":"12#"}"#;
        let command: Command = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
    }
}
