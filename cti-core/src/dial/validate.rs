//! Everything that can be wrong with telephony groups, all of it at once.

use super::derive::EMERGENCY;
use super::{PrefixChoice, TelephonyGroup};
use crate::fault::Fault;
use std::collections::{HashMap, HashSet};

/// The longest name of a telephone, in characters.
const LONGEST_EXTENSION: usize = 32;

pub(super) fn faults(groups: &[TelephonyGroup]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if groups.is_empty() {
        faults.push(Fault::new("groups", "at least one telephony group is needed to dial"));
    }
    let mut names = HashMap::new();
    let mut defaults = HashMap::new();
    for (at, group) in groups.iter().enumerate() {
        let path = format!("groups[{at}]");
        texts(group, &path, &mut faults);
        prefixes(group, &path, &mut faults);
        members(group, &path, &mut defaults, &mut faults);
        if let Some(first) = names.insert(group.name.as_str(), at) {
            faults.push(Fault::new(format!("{path}.name"), format!("groups[{first}] has the same name")));
        }
    }
    faults
}

fn texts(group: &TelephonyGroup, path: &str, faults: &mut Vec<Fault>) {
    let required = [
        ("name", &group.name, "give the group a name"),
        ("pbx", &group.pbx, "name the PBX that the group belongs to"),
        ("owner", &group.owner, "name the user who stands for the group"),
    ];
    for (key, value, message) in required {
        if value.trim().is_empty() {
            faults.push(Fault::new(format!("{path}.{key}"), message));
        }
    }
}

fn prefixes(group: &TelephonyGroup, path: &str, faults: &mut Vec<Fault>) {
    for (label, digits) in group.prefixes.iter() {
        if EMERGENCY.contains(&digits) {
            let message = format!("the prefix {label:?} is an emergency number: a call with it could reach {digits}");
            faults.push(Fault::new(format!("{path}.prefixes"), message));
        }
    }
    let PrefixChoice::Fixed(label) = &group.default_prefix else { return };
    if group.prefixes.digits(label).is_none() {
        let known: Vec<_> = group.prefixes.labels().collect();
        let message = if known.is_empty() {
            format!("no prefix has the label {label:?}: the group has none")
        } else {
            format!("no prefix has the label {label:?}; there are: {}", known.join(", "))
        };
        faults.push(Fault::new(format!("{path}.default_prefix"), message));
    }
}

fn members<'a>(
    group: &'a TelephonyGroup,
    group_path: &str,
    defaults: &mut HashMap<&'a str, String>,
    faults: &mut Vec<Fault>,
) {
    let mut seen = HashSet::new();
    for (at, member) in group.members.iter().enumerate() {
        let path = format!("{group_path}.members[{at}]");
        if member.user.trim().is_empty() {
            faults.push(Fault::new(format!("{path}.user"), "name the user"));
        }
        if let Some(message) = wrong_extension(member.extension.as_str()) {
            faults.push(Fault::new(format!("{path}.extension"), message));
        }
        if !seen.insert((&member.user, &member.extension)) {
            faults.push(Fault::new(path.clone(), "this user is in the group with the same extension already"));
        }
        if !member.default {
            continue;
        }
        let key = format!("{path}.default");
        if let Some(first) = defaults.get(member.user.as_str()) {
            faults.push(Fault::new(key, format!("a user has one default telephone at most, and {first} is one")));
        } else {
            defaults.insert(&member.user, key);
        }
    }
}

fn wrong_extension(extension: &str) -> Option<String> {
    if extension.is_empty() {
        return Some("give the extension of the user's telephone".to_owned());
    }
    if extension.chars().count() > LONGEST_EXTENSION {
        return Some(format!("an extension has {LONGEST_EXTENSION} characters at most"));
    }
    let wrong = extension.chars().find(|&c| !(c.is_ascii_alphanumeric() || "*#-_.".contains(c)))?;
    Some(format!("an extension is made of digits, letters and * # - _ . and not {wrong:?}"))
}
