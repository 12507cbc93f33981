//! Changing the settings while the pipeline runs, for those who may.

use super::Settings;
use crate::dial::{DialPlan, TelephonyGroup};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Fault;
use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

/// Says who is an administrator.
pub trait Authority: Send + Sync {
    /// True if that user may change the configuration.
    fn is_administrator(&self, user: &str) -> bool;
}

/// Nobody is: what holds until an [`Authority`] says otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Authority for Nobody {
    fn is_administrator(&self, _: &str) -> bool {
        false
    }
}

/// Changes the settings that a pipeline watches, on behalf of a user. Only an administrator may; unless an [`Authority`] is
/// given, nobody is one.
///
/// ```
/// use cti_core::ErrorKind;
/// use cti_core::pipeline::{SettingsEditor, Settings};
/// use std::sync::Arc;
/// let (sender, _watched) = tokio::sync::watch::channel(Arc::new(Settings::default()));
/// let error = SettingsEditor::new(sender).replace_groups("sato", Vec::new()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::PermissionDenied);
/// ```
#[derive(Clone)]
pub struct SettingsEditor {
    settings: watch::Sender<Arc<Settings>>,
    authority: Arc<dyn Authority>,
}

impl SettingsEditor {
    /// Changes what goes through that channel; [`Pipeline::settings`](super::Pipeline::settings) has its other end.
    pub fn new(settings: watch::Sender<Arc<Settings>>) -> Self {
        Self { settings, authority: Arc::new(Nobody) }
    }

    /// Asks that authority who is an administrator.
    #[must_use]
    pub fn authority(self, authority: impl Authority + 'static) -> Self {
        Self { authority: Arc::new(authority), ..self }
    }

    /// Replaces all telephony groups, for the next command on; none at all means that nobody dials. Everything is checked
    /// first: a mistake changes nothing.
    ///
    /// # Errors
    /// `PermissionDenied` if the user is no administrator, whatever the groups are; `ConfigInvalid` with every fault of the
    /// groups.
    pub fn replace_groups(&self, user: &str, groups: Vec<TelephonyGroup>) -> Result<()> {
        const OPERATION: &str = "replace_groups";
        if !self.authority.is_administrator(user) {
            let text = "only an administrator may change telephony groups; nothing was changed";
            return Err(Error::new(ErrorKind::PermissionDenied, text).during(OPERATION).with("user", user));
        }
        let mut faults = Vec::new();
        self.settings.send_if_modified(|settings| match with_groups(settings, groups) {
            Ok(changed) => {
                *settings = Arc::new(changed);
                true
            }
            Err(found) => {
                faults = found;
                false
            }
        });
        Fault::none(faults).map_err(|error| error.during(OPERATION))
    }
}

fn with_groups(settings: &Settings, groups: Vec<TelephonyGroup>) -> Result<Settings, Vec<Fault>> {
    let dial_plan = match (&settings.dial_plan, groups.is_empty()) {
        (_, true) => None,
        (Some(plan), false) => Some(plan.with_groups(groups)?),
        (None, false) => Some(DialPlan::new(groups)?),
    };
    let mut changed = settings.clone();
    changed.dial_plan = dial_plan;
    Ok(changed)
}

impl fmt::Debug for SettingsEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettingsEditor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dial::{Choice, Member, PrefixChoice, Resolution};
    use crate::number::{Number, NumberingPlan};
    use crate::policy::Policy;

    struct Only(&'static str);

    impl Authority for Only {
        fn is_administrator(&self, user: &str) -> bool {
            user == self.0
        }
    }

    fn group(extension: &str) -> TelephonyGroup {
        TelephonyGroup {
            name: "Tokyo".into(),
            pbx: "main".into(),
            owner: "sato".into(),
            members: vec![Member { user: "sato".into(), extension: extension.into(), default: true }],
            prefixes: "LOCAL:9".parse().unwrap(),
            default_prefix: PrefixChoice::Fixed("LOCAL".into()),
        }
    }

    fn channel() -> (watch::Sender<Arc<Settings>>, watch::Receiver<Arc<Settings>>) {
        let plan = DialPlan::new(vec![group("6001")]).unwrap().never_prefixed(["104"]);
        watch::channel(Arc::new(Settings::new(Policy::default(), Some(plan), NumberingPlan::japan())))
    }

    /// The telephone of `sato` and what it dials for `number`, if groups there are.
    fn dials(settings: &Settings, number: &str) -> Option<(String, String)> {
        let (plan, number) = (settings.dial_plan.as_ref()?, Number::new(number).unwrap());
        match plan.resolve("sato", &number, &Choice::default(), &NumberingPlan::japan()).unwrap() {
            Resolution::Dial { derivation, .. } => {
                Some((derivation.extension.as_str().to_owned(), derivation.dial_string.as_str().to_owned()))
            }
            Resolution::ChoiceNeeded(offer) => panic!("{offer:?}"),
        }
    }

    #[test]
    fn nobody_changes_groups_unless_an_authority_says_so() {
        let (sender, watched) = channel();
        let editor = SettingsEditor::new(sender);
        let strict = editor.clone().authority(Only("admin"));
        for (editor, user) in [(&editor, "admin"), (&editor, ""), (&strict, "sato"), (&strict, "")] {
            // Wrong groups are not even looked at.
            for groups in [vec![group("6002")], vec![], vec![group("6002"), group("6002")]] {
                let error = editor.replace_groups(user, groups).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            }
        }
        assert!(!watched.has_changed().unwrap());
        assert_eq!(dials(&watched.borrow(), "104"), Some(("6001".into(), "104".into())));
    }

    #[test]
    fn an_administrator_changes_them_as_a_whole_or_not_at_all() {
        let (sender, mut watched) = channel();
        let editor = SettingsEditor::new(sender).authority(Only("admin"));
        let error = editor.replace_groups("admin", vec![group("6002"), group("6003")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(!watched.has_changed().unwrap(), "a mistake changes nothing");
        editor.replace_groups("admin", vec![group("6002")]).unwrap();
        assert_eq!(dials(&watched.borrow_and_update(), "0312345678"), Some(("6002".into(), "90312345678".into())));
        assert_eq!(dials(&watched.borrow(), "104"), Some(("6002".into(), "104".into())), "the rest stays as it was");
        editor.replace_groups("admin", Vec::new()).unwrap();
        assert_eq!(dials(&watched.borrow(), "104"), None);
        editor.replace_groups("admin", vec![group("6003")]).unwrap();
        assert_eq!(dials(&watched.borrow(), "0312345678"), Some(("6003".into(), "90312345678".into())));
    }
}
