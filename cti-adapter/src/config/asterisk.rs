//! The settings of a `[[pbx]]` of kind `asterisk` beside the link to it.

use super::fault::Faults;
use super::raw::RawPbx;
use cti::asterisk::Asterisk;
use cti::asterisk::model::Sides;
use cti::core::pbx::AutoAnswer;
use std::time::Duration;

/// What may be said about an Asterisk; what is not said is as the library has it.
#[derive(Debug)]
pub(crate) struct AsteriskSettings {
    trunks: Vec<String>,
    extensions: Vec<String>,
    extension_digits: Option<[usize; 2]>,
    outside_contexts: Option<Vec<String>>,
    inside_contexts: Option<Vec<String>>,
    technology: Option<String>,
    dial_context: Option<String>,
    transfer_context: Option<String>,
    auto_answer: Option<AutoAnswer>,
    recordings: Option<String>,
    context_prefixes: Option<Vec<String>>,
    ask_presentation: Option<bool>,
    keep_alive: Option<Duration>,
    unconfirmed_after: Option<Duration>,
}

/// Takes the setting over where it was said.
fn set<P, T>(pbx: P, value: Option<T>, set: impl FnOnce(P, T) -> P) -> P {
    match value {
        Some(value) => set(pbx, value),
        None => pbx,
    }
}

impl AsteriskSettings {
    /// Takes over what is written. What the library checks is not checked here.
    pub(super) fn check(raw: &RawPbx, path: &str, faults: &mut Faults) -> Self {
        if let Some([least, most]) = raw.extension_digits
            && (least == 0 || most < least)
        {
            faults.add(format!("{path}.extension_digits"), "must be the least and the most, such as [2, 6]");
        }
        Self {
            trunks: raw.trunks.clone(),
            extensions: raw.extensions.clone(),
            extension_digits: raw.extension_digits,
            outside_contexts: raw.outside_contexts.clone(),
            inside_contexts: raw.inside_contexts.clone(),
            technology: raw.technology.clone(),
            dial_context: raw.dial_context.clone(),
            transfer_context: raw.transfer_context.clone(),
            auto_answer: raw.auto_answer,
            recordings: raw.recordings.clone(),
            context_prefixes: raw.context_prefixes.clone(),
            ask_presentation: raw.ask_presentation,
            keep_alive: raw.keep_alive.map(Duration::from_secs),
            unconfirmed_after: raw.unconfirmed_after.map(Duration::from_secs),
        }
    }

    /// Which side of the PBX each channel is on.
    pub(crate) fn sides(&self) -> Sides {
        let sides = Sides::default().trunks(self.trunks.clone()).extensions(self.extensions.clone());
        let sides = set(sides, self.extension_digits, |sides, [least, most]| sides.extension_digits(least..=most));
        let sides = set(sides, self.outside_contexts.clone(), Sides::outside_contexts);
        set(sides, self.inside_contexts.clone(), Sides::inside_contexts)
    }

    /// Tells the library.
    pub(crate) fn apply(&self, pbx: Asterisk) -> Asterisk {
        let pbx = pbx.sides(self.sides());
        let pbx = set(pbx, self.technology.as_deref(), Asterisk::technology);
        let pbx = set(pbx, self.dial_context.as_deref(), Asterisk::dial_context);
        let pbx = set(pbx, self.transfer_context.as_deref(), Asterisk::transfer_context);
        let pbx = set(pbx, self.auto_answer, Asterisk::auto_answer);
        let pbx = set(pbx, self.recordings.as_deref(), Asterisk::recordings);
        let pbx = set(pbx, self.context_prefixes.clone(), Asterisk::context_prefixes);
        let pbx = set(pbx, self.ask_presentation, Asterisk::ask_presentation);
        let pbx = set(pbx, self.unconfirmed_after, Asterisk::unconfirmed_after);
        set(pbx, self.keep_alive, |pbx, time| pbx.options(|options| options.keep_alive(time)))
    }
}
