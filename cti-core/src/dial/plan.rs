//! The dial plan: groups that were found right, and the way from a user and a number to a call.

use super::derive::{EMERGENCY, Route, SERVICE};
use super::{Choice, Derivation, Offer, PrefixChoice, PrefixPick, TelephonyGroup, validate};
use crate::call::Extension;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Fault;
use crate::number::{Number, NumberingPlan};
use std::collections::{HashMap, HashSet};

/// Telephony groups that were found right, indexed by user: resolving takes the same time for one group and for 10,000.
///
/// ```
/// use cti_core::dial::{Choice, DialPlan, Member, PrefixChoice, Resolution, TelephonyGroup};
/// use cti_core::number::{Number, NumberingPlan};
/// let group = TelephonyGroup {
///     name: "Tokyo".into(),
///     pbx: "main".into(),
///     owner: "sato".into(),
///     members: vec![Member { user: "sato".into(), extension: "6001".into(), default: true }],
///     prefixes: "LONGDIS:1000;LOCAL:9".parse().unwrap(),
///     default_prefix: PrefixChoice::Fixed("LOCAL".into()),
/// };
/// let plan = DialPlan::new(vec![group]).unwrap();
/// let number = Number::new("03-1234-5678").unwrap();
/// let resolved = plan.resolve("sato", &number, &Choice::default(), &NumberingPlan::japan()).unwrap();
/// let Resolution::Dial { pbx, derivation } = resolved else { panic!("nothing to ask") };
/// assert_eq!((&*pbx, derivation.dial_string.as_str()), ("main", "90312345678"));
/// let rules: Vec<_> = derivation.steps.iter().map(|step| &*step.rule).collect();
/// assert_eq!(rules, ["as_stored", "separators_removed", "prefix:LOCAL"]);
/// ```
#[derive(Debug, Clone)]
pub struct DialPlan {
    groups: Vec<TelephonyGroup>,
    /// For each user the telephones, in the order of the configuration.
    stations: HashMap<String, Vec<Station>>,
    /// For each PBX the telephones of all users.
    extensions: HashMap<String, HashSet<String>>,
    /// The operator's own list, if there is one.
    never_prefixed: Option<HashSet<String>>,
}

/// A telephone of a user: an index into the groups and one into the members of that group.
#[derive(Debug, Clone, Copy)]
struct Station {
    group: usize,
    member: usize,
}

/// What came of a wish to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Dial this.
    Dial {
        /// The PBX, by its name in the configuration.
        pbx: String,
        /// The telephone, the number, and how it came about.
        derivation: Derivation,
    },
    /// The user has to choose first; come again with the choice.
    ChoiceNeeded(Offer),
}

impl DialPlan {
    /// A plan of these groups.
    ///
    /// # Errors
    /// Every fault of the groups, each with the path of its key.
    pub fn new(groups: Vec<TelephonyGroup>) -> Result<Self, Vec<Fault>> {
        let faults = validate::faults(&groups);
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut stations: HashMap<String, Vec<Station>> = HashMap::new();
        let mut extensions: HashMap<String, HashSet<String>> = HashMap::new();
        for (group_at, group) in groups.iter().enumerate() {
            let of_pbx = extensions.entry(group.pbx.clone()).or_default();
            for (member_at, member) in group.members.iter().enumerate() {
                of_pbx.insert(member.extension.as_str().to_owned());
                let station = Station { group: group_at, member: member_at };
                stations.entry(member.user.clone()).or_default().push(station);
            }
        }
        Ok(Self { groups, stations, extensions, never_prefixed: None })
    }

    /// Replaces the numbers that are never prefixed: without it, the emergency and service numbers of Japan, North America
    /// and Europe (110 112 118 119 911 …) and those of the numbering plan (116, 311, …). For a PBX that needs its prefix before those too, leave them out.
    #[must_use]
    pub fn never_prefixed(mut self, numbers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.never_prefixed = Some(numbers.into_iter().map(Into::into).collect());
        self
    }

    /// The same plan with other groups in place of all of its own.
    ///
    /// # Errors
    /// As [`DialPlan::new`].
    pub fn with_groups(&self, groups: Vec<TelephonyGroup>) -> Result<Self, Vec<Fault>> {
        Ok(Self { never_prefixed: self.never_prefixed.clone(), ..Self::new(groups)? })
    }

    fn is_never_prefixed(&self, digits: &str, plan: &NumberingPlan) -> bool {
        match &self.never_prefixed {
            Some(own) => own.contains(digits),
            None => EMERGENCY.contains(&digits) || SERVICE.contains(&digits) || plan.is_service(digits),
        }
    }

    /// The groups, in the order of the configuration.
    pub fn groups(&self) -> &[TelephonyGroup] {
        &self.groups
    }

    /// The telephones of a user with the PBX of each, in the order of the configuration.
    pub fn telephones_of(&self, user: &str) -> impl Iterator<Item = (&str, &Extension)> {
        self.stations_of(user).iter().map(|&station| (&*self.group(station).pbx, self.extension(station)))
    }

    /// What to dial for a user who wants to call a number, or what to ask the user first. Nothing is asked that makes no
    /// difference: an emergency number needs no prefix.
    ///
    /// The telephone is the chosen one, else the only one, else the default one, else it is asked for. The prefix is the
    /// chosen one, else that of the group. Emergency and service numbers, feature codes (`*72`), extensions and other
    /// numbers of up to five digits that the numbering plan cannot place go without a prefix whatever was chosen. A prefix
    /// that stands before the number already is not put there again.
    ///
    /// # Errors
    /// `NotFound` if the user is in no group or has no such telephone, or the group no prefix of that label; `Rejected` if
    /// the number cannot be dialled.
    pub fn resolve(&self, user: &str, number: &Number, choice: &Choice, plan: &NumberingPlan) -> Result<Resolution> {
        let stations = self.candidates(user, choice.extension.as_ref())?;
        let route_at = |station: Station| self.route(number, &self.group(station).pbx, plan);
        match *stations {
            [] => Err(not_found("this user is a member of no telephony group")),
            [station] => self.dial(station, route_at(station)?, choice, plan),
            [first, ..] => {
                let prefixes = self.common_labels(&stations, choice, &route_at(first)?);
                Ok(Resolution::ChoiceNeeded(Offer { extensions: self.distinct_extensions(&stations), prefixes }))
            }
        }
        .map_err(|error| error.during("dial").with("user", user))
    }

    /// The telephones that are left to choose from: one if that is settled.
    fn candidates(&self, user: &str, chosen: Option<&Extension>) -> Result<Vec<Station>> {
        let all = self.stations_of(user);
        let fitting: Vec<Station> = all
            .iter()
            .copied()
            .filter(|&station| chosen.is_none_or(|chosen| chosen == self.extension(station)))
            .collect();
        if fitting.is_empty() && !all.is_empty() {
            let known: Vec<&str> = all.iter().map(|&station| self.extension(station).as_str()).collect();
            return Err(not_found("this user has no telephone with the chosen extension")
                .during("dial")
                .with("user", user)
                .with("extensions", known.join(" ")));
        }
        let default = fitting.iter().find(|&&station| self.is_default(station));
        let one_telephone = self.distinct_extensions(&fitting).len() == 1;
        // One telephone in several groups: the first group of the configuration counts, unless one is the default.
        match default.or(fitting.first().filter(|_| one_telephone)) {
            Some(&settled) => Ok(vec![settled]),
            None => Ok(fitting),
        }
    }

    fn dial(&self, station: Station, route: Route, choice: &Choice, plan: &NumberingPlan) -> Result<Resolution> {
        let group = self.group(station);
        let pick = choice.prefix.clone().or_else(|| default_pick(group));
        let route = match pick {
            _ if !route.may_have_prefix() => route,
            None => {
                let prefixes = group.prefixes.labels().map(str::to_owned).collect();
                return Ok(Resolution::ChoiceNeeded(Offer { extensions: Vec::new(), prefixes }));
            }
            Some(PrefixPick::NoPrefix) => route.unprefixed(),
            Some(PrefixPick::Label(label)) => {
                let unknown = || {
                    let labels: Vec<&str> = group.prefixes.labels().collect();
                    not_found("the group has no prefix with the chosen label")
                        .with("group", &group.name)
                        .with("labels", labels.join(" "))
                };
                let digits = group.prefixes.digits(&label).ok_or_else(unknown)?;
                route.prefixed(&label, digits, plan)
            }
        };
        let (dial_string, steps) = route.finish()?;
        let derivation = Derivation { extension: self.extension(station).clone(), dial_string, steps };
        Ok(Resolution::Dial { pbx: group.pbx.clone(), derivation })
    }

    fn route(&self, number: &Number, pbx: &str, plan: &NumberingPlan) -> Result<Route> {
        let of_pbx = self.extensions.get(pbx);
        let is_extension = |digits: &str| of_pbx.is_some_and(|known| known.contains(digits));
        Route::of(number, plan, &|digits| self.is_never_prefixed(digits, plan), &is_extension)
    }

    /// The prefixes to ask for together with the telephone: only if all the groups ask, and for the same ones. Else they
    /// are asked for when the telephone, and with it the group, is known.
    fn common_labels(&self, stations: &[Station], choice: &Choice, route: &Route) -> Vec<String> {
        if choice.prefix.is_some() || !route.may_have_prefix() {
            return Vec::new();
        }
        let mut groups = stations.iter().map(|&station| self.group(station));
        let Some(first) = groups.next() else { return Vec::new() };
        let asks = |group: &TelephonyGroup| default_pick(group).is_none();
        let same =
            asks(first) && groups.all(|group| asks(group) && group.prefixes.labels().eq(first.prefixes.labels()));
        if same { first.prefixes.labels().map(str::to_owned).collect() } else { Vec::new() }
    }

    fn distinct_extensions(&self, stations: &[Station]) -> Vec<Extension> {
        let mut seen = HashSet::new();
        stations.iter().map(|&station| self.extension(station)).filter(|&found| seen.insert(found)).cloned().collect()
    }

    fn stations_of(&self, user: &str) -> &[Station] {
        self.stations.get(user).map_or(&[], Vec::as_slice)
    }

    fn group(&self, station: Station) -> &TelephonyGroup {
        &self.groups[station.group]
    }

    fn extension(&self, station: Station) -> &Extension {
        &self.group(station).members[station.member].extension
    }

    fn is_default(&self, station: Station) -> bool {
        self.group(station).members[station.member].default
    }
}

/// The prefix that a group uses if the user says nothing; `None` if the user is to be asked.
fn default_pick(group: &TelephonyGroup) -> Option<PrefixPick> {
    match &group.default_prefix {
        PrefixChoice::Fixed(label) => Some(PrefixPick::Label(label.clone())),
        PrefixChoice::AskEachTime if !group.prefixes.is_empty() => None,
        PrefixChoice::AskEachTime | PrefixChoice::NoPrefix => Some(PrefixPick::NoPrefix),
    }
}

fn not_found(message: &'static str) -> Error {
    Error::new(ErrorKind::NotFound, message)
}
