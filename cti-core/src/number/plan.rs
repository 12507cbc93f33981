//! How numbers are dialled in the country where the PBX stands.

use super::country::Country;
use super::world;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How numbers are dialled in the country where the PBX stands: country code, trunk prefix, international prefix.
///
/// The lengths of numbers, the service numbers and the way people write numbers are known for Japan and North America;
/// elsewhere numbers are told by their prefixes and by the limits of E.164 alone, or, with the feature `e164`, by the
/// numbering plans of the world. In a configuration a plan is a country, `{ country = "DE" }`, or the three prefixes.
///
/// ```
/// use cti_core::number::NumberingPlan;
/// let germany = NumberingPlan::new("49", "0", "00").unwrap();
/// assert_eq!(germany.e164("030123456").as_deref(), Some("+4930123456"));
/// assert_eq!(NumberingPlan::japan().e164("110"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Prefixes", into = "Prefixes")]
pub struct NumberingPlan {
    country_code: String,
    trunk: String,
    international: String,
    country: Country,
    emergency: &'static [&'static str],
}

/// The plan as it stands in a configuration.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Prefixes {
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    country_code: Option<String>,
    trunk_prefix: Option<String>,
    international_prefix: Option<String>,
}

impl NumberingPlan {
    /// A plan by its three prefixes, for instance `("49", "0", "00")`. The trunk prefix is empty where there is none.
    ///
    /// # Errors
    /// [`crate::ErrorKind::ConfigInvalid`] with the key, if the country code is not one to three digits, the
    /// international prefix is not one to five, or the trunk prefix is longer than three or holds anything but digits.
    pub fn new(country_code: &str, trunk_prefix: &str, international_prefix: &str) -> Result<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=3).contains(&country_code.len()) || !digits(country_code) || country_code.starts_with('0') {
            return Err(Error::config("country_code", "a country code is one to three digits without +, such as 81"));
        }
        if trunk_prefix.len() > 3 || !digits(trunk_prefix) {
            return Err(Error::config("trunk_prefix", "a trunk prefix is up to three digits, such as 0, or empty"));
        }
        if !(1..=5).contains(&international_prefix.len()) || !digits(international_prefix) {
            return Err(Error::config("international_prefix", "an international prefix is digits, such as 010 or 00"));
        }
        Ok(Self::of(country_code, trunk_prefix, international_prefix))
    }

    /// The plan of a country by its ISO 3166 code: `DE`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::ConfigInvalid`] if the country is not known here; the three prefixes do for every country.
    pub fn of_country(country: &str) -> Result<Self> {
        let Some((country_code, trunk, international)) = world::prefixes(country) else {
            let known: Vec<&str> = world::countries().collect();
            let message = format!(
                "this country is not known; write country_code, trunk_prefix and international_prefix, or one of {}",
                known.join(" ")
            );
            return Err(Error::config("country", message));
        };
        Ok(Self::of(country_code, trunk, international))
    }

    /// Japan: +81, trunk prefix 0, international prefix 010.
    pub fn japan() -> Self {
        Self::of("81", "0", "010")
    }

    /// North America: +1, trunk prefix 1, international prefix 011.
    pub fn north_america() -> Self {
        Self::of("1", "1", "011")
    }

    fn of(country_code: &str, trunk: &str, international: &str) -> Self {
        Self {
            country_code: country_code.to_owned(),
            trunk: trunk.to_owned(),
            international: international.to_owned(),
            country: Country::of(country_code),
            emergency: world::emergency(country_code),
        }
    }

    /// The country code: `81`.
    pub fn country_code(&self) -> &str {
        &self.country_code
    }

    /// What is dialled before the number of another area: `0`. May be empty.
    pub fn trunk_prefix(&self) -> &str {
        &self.trunk
    }

    /// What is dialled before the number of another country: `010`.
    pub fn international_prefix(&self) -> &str {
        &self.international
    }

    /// True for numbers that only mean something when dialled as they are: 110, 119, 911 and the other short ones.
    pub fn is_service(&self, digits: &str) -> bool {
        self.country.is_service(digits) || self.is_emergency(digits)
    }

    /// True for the emergency numbers of the country, and for those that people take for one everywhere: 112, 911, 999.
    pub fn is_emergency(&self, digits: &str) -> bool {
        digits.len() <= world::LONGEST_EMERGENCY
            && (world::EMERGENCY_EVERYWHERE.contains(&digits) || self.emergency.contains(&digits))
    }

    /// The international form `+81312345678` of digits that were cleaned of separators; `None` if it cannot be told,
    /// as for extensions, service numbers and numbers of an impossible length.
    pub fn e164(&self, digits: &str) -> Option<String> {
        if let Some(international) = digits.strip_prefix('+') {
            return self.after_plus(international);
        }
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) || self.is_service(digits) {
            return None;
        }
        if let Some(e164) = digits.strip_prefix(&*self.international).and_then(|rest| self.after_plus(rest)) {
            return Some(e164);
        }
        if let Some(e164) = self.by_library(digits) {
            return Some(e164);
        }
        self.significant(digits).map(|significant| self.with_code(significant))
    }

    fn with_code(&self, significant: &str) -> String {
        ["+", &*self.country_code, significant].concat()
    }

    /// True if the digits of an E.164 number of this country mean the same number when the `+` is missing.
    pub(super) fn reads_without_plus(&self, digits: &str) -> bool {
        let easy = !digits.starts_with(&*self.international) && !digits.starts_with(&*self.trunk);
        let own = digits.strip_prefix(&*self.country_code);
        if easy && self.country != Country::NorthAmerica {
            return !self.is_service(digits) && self.after_bare_country_code(digits) == own;
        }
        let read = self.e164(digits);
        read.as_deref().and_then(|e164| e164.strip_prefix('+')) == Some(digits)
    }

    /// The form in which a number of this country is dialled inside it; `None` for numbers of other countries.
    pub fn national(&self, e164: &str) -> Option<String> {
        let significant = e164.strip_prefix('+')?.strip_prefix(&*self.country_code)?;
        if !self.fits(significant) {
            return None;
        }
        Some([self.written_trunk(), significant].concat())
    }

    /// What follows a `+` or the international prefix. A trunk 0 that was written all the same (`+81 03…`) is dropped.
    fn after_plus(&self, digits: &str) -> Option<String> {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.starts_with('0') {
            return None;
        }
        if let Some(own) = digits.strip_prefix(&*self.country_code) {
            if let Some(e164) = self.own_by_library(digits) {
                return Some(e164);
            }
            let without_trunk = own.strip_prefix('0').filter(|_| self.trunk == "0");
            let significant = if self.fits(own) { own } else { without_trunk.filter(|rest| self.fits(rest))? };
            return Some(self.with_code(significant));
        }
        if let Some(e164) = foreign_by_library(digits) {
            return Some(e164);
        }
        (7..=15).contains(&digits.len()).then(|| format!("+{digits}"))
    }

    /// Digits as they are dialled inside a country that our own rules know little of.
    #[cfg(feature = "e164")]
    fn by_library(&self, digits: &str) -> Option<String> {
        // Without the trunk prefix they could be a number of the same town, which the library would read as a whole one.
        let is_whole = digits.starts_with(&*self.trunk) && digits.len() >= 7;
        (is_whole && self.country == Country::Other).then(|| super::library::inside(digits, &self.country_code))?
    }

    #[cfg(not(feature = "e164"))]
    fn by_library(&self, _: &str) -> Option<String> {
        None
    }

    /// A number of this country, if our own rules know little of it, from its country code on.
    fn own_by_library(&self, digits: &str) -> Option<String> {
        (self.country == Country::Other).then(|| foreign_by_library(digits))?
    }

    /// The digits after the trunk prefix of a number of this country.
    fn significant<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let after_trunk = digits.strip_prefix(&*self.trunk).filter(|_| !self.trunk.is_empty());
        if let Some(significant) = after_trunk.filter(|rest| self.fits(rest)) {
            return Some(significant);
        }
        if self.written_trunk().is_empty() && self.fits(digits) {
            return Some(digits);
        }
        self.after_bare_country_code(digits).filter(|_| after_trunk.is_none())
    }

    /// `81312345678`: the country code without a `+`, as many carriers send it. Ten digits at least, so that no local
    /// number that happens to begin alike is taken for one.
    fn after_bare_country_code<'a>(&self, digits: &'a str) -> Option<&'a str> {
        digits.strip_prefix(&*self.country_code).filter(|rest| digits.len() >= 10 && self.fits(rest))
    }

    fn fits(&self, significant: &str) -> bool {
        let abroad = self.international.strip_prefix(self.written_trunk());
        let dials_abroad = abroad.is_some_and(|rest| significant.starts_with(rest));
        !dials_abroad && self.country.fits(significant, &self.country_code, &self.trunk)
    }

    /// The trunk prefix, where people write it as a part of the number.
    fn written_trunk(&self) -> &str {
        if self.country.writes_trunk() { &self.trunk } else { "" }
    }

    pub(super) fn country(&self) -> Country {
        self.country
    }
}

/// A number from its country code on, as the library reads it.
#[cfg(feature = "e164")]
fn foreign_by_library(digits: &str) -> Option<String> {
    super::library::international(&format!("+{digits}"))
}

#[cfg(not(feature = "e164"))]
fn foreign_by_library(_: &str) -> Option<String> {
    None
}

impl Default for NumberingPlan {
    fn default() -> Self {
        Self::japan()
    }
}

impl TryFrom<Prefixes> for NumberingPlan {
    type Error = Error;

    fn try_from(text: Prefixes) -> Result<Self> {
        let Prefixes { country, country_code, trunk_prefix, international_prefix } = text;
        match (country, country_code, trunk_prefix, international_prefix) {
            (Some(country), None, None, None) => Self::of_country(&country),
            (None, Some(code), Some(trunk), Some(international)) => Self::new(&code, &trunk, &international),
            _ => Err(Error::config("country", "write a country, or else all three prefixes")),
        }
    }
}

impl From<NumberingPlan> for Prefixes {
    fn from(plan: NumberingPlan) -> Self {
        Self {
            country: None,
            country_code: Some(plan.country_code),
            trunk_prefix: Some(plan.trunk),
            international_prefix: Some(plan.international),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn japan(digits: &str) -> Option<String> {
        NumberingPlan::japan().e164(digits)
    }

    #[test]
    fn japanese_numbers_of_every_kind_have_an_international_form() {
        for (digits, e164) in [
            ("0312345678", "+81312345678"),
            ("09012345678", "+819012345678"),
            ("05012345678", "+815012345678"),
            ("0120123456", "+81120123456"),
            ("0570012345", "+81570012345"),
            ("08001234567", "+818001234567"),
            ("81312345678", "+81312345678"),
            ("+810312345678", "+81312345678"),
            ("01081312345678", "+81312345678"),
            ("01012125550100", "+12125550100"),
        ] {
            assert_eq!(japan(digits).as_deref(), Some(e164), "{digits}");
        }
    }

    #[test]
    fn what_cannot_be_told_has_no_international_form() {
        for digits in
            ["", "+", "201", "6001", "12345678", "031234567", "0901234567", "0077780123", "+0312345678", "#9110"]
        {
            assert_eq!(japan(digits), None, "{digits}");
        }
    }

    #[test]
    fn service_numbers_have_no_international_form_anywhere() {
        let plans = [
            NumberingPlan::japan(),
            NumberingPlan::north_america(),
            NumberingPlan::new("34", "", "00").unwrap(),
            NumberingPlan::new("7", "8", "810").unwrap(),
        ];
        for plan in plans {
            for digits in ["110", "118", "119", "104", "117", "177", "171", "911", "112", "999"] {
                assert!(plan.is_service(digits), "{digits}");
                assert_eq!(plan.e164(digits), None, "{digits}");
            }
        }
    }

    #[test]
    fn north_america_writes_no_trunk_prefix() {
        let plan = NumberingPlan::north_america();
        for digits in ["2125550100", "12125550100", "+12125550100"] {
            assert_eq!(plan.e164(digits).as_deref(), Some("+12125550100"), "{digits}");
        }
        assert_eq!(plan.national("+12125550100").as_deref(), Some("2125550100"));
        assert_eq!(plan.e164("01181312345678").as_deref(), Some("+81312345678"));
        assert_eq!(plan.e164("1125550100"), None);
    }

    #[test]
    fn a_country_without_trunk_prefix_keeps_leading_zeros() {
        let italy = NumberingPlan::new("39", "", "00").unwrap();
        assert_eq!(italy.e164("0612345678").as_deref(), Some("+390612345678"));
        assert_eq!(italy.national("+390612345678").as_deref(), Some("0612345678"));
    }

    #[test]
    fn a_bad_plan_names_the_key() {
        assert!(NumberingPlan::new("+81", "0", "010").unwrap_err().to_string().contains("key=country_code"));
        assert!(NumberingPlan::new("81", "O", "010").unwrap_err().to_string().contains("key=trunk_prefix"));
        assert!(NumberingPlan::new("81", "0", "").unwrap_err().to_string().contains("key=international_prefix"));
    }

    #[test]
    fn a_plan_in_a_configuration_is_its_three_prefixes() {
        let text = r#"{"country_code":"81","trunk_prefix":"0","international_prefix":"010"}"#;
        assert_eq!(serde_json::from_str::<NumberingPlan>(text).unwrap(), NumberingPlan::japan());
        assert_eq!(serde_json::to_string(&NumberingPlan::japan()).unwrap(), text);
        assert!(serde_json::from_str::<NumberingPlan>(&text.replace("\"81\"", "\"x\"")).is_err());
        let germany: NumberingPlan = serde_json::from_str(r#"{"country":"DE"}"#).unwrap();
        assert_eq!(germany, NumberingPlan::new("49", "0", "00").unwrap());
        for wrong in [r#"{"country":"XX"}"#, r#"{"country":"DE","trunk_prefix":"0"}"#, r#"{"country_code":"49"}"#, "{}"]
        {
            assert!(serde_json::from_str::<NumberingPlan>(wrong).is_err(), "{wrong}");
        }
    }
}
