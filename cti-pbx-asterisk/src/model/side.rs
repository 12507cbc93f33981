//! Which side of the PBX a channel is on: a person's telephone, a line to the outside, or neither.

use cti_core::call::Extension;
use std::ops::RangeInclusive;

/// What a channel is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    /// The telephone of a person of ours.
    Extension(Extension),
    /// A line to the outside.
    Trunk,
    /// No party: half of a Local channel, an announcer, a recorder.
    Inner,
}

/// How to tell telephones from outside lines.
///
/// The defaults are right for plain Asterisk and FreePBX: an endpoint whose name is two to six digits is an
/// extension (`PJSIP/6001-0000002b` is 6001), everything else is an outside line, and the context in which a channel
/// was born (`from-trunk`, `from-internal`) settles what the name leaves open. The number that the channel shows is
/// never taken for its extension: on click-to-dial it is the customer's.
///
/// ```
/// use cti_pbx_asterisk::model::Sides;
/// let sides = Sides::default()
///     .trunks(["itsp-*", "0312345000"])
///     .extensions(["reception"])
///     .extension_digits(3..=4);
/// # let _ = sides;
/// ```
#[derive(Debug, Clone)]
pub struct Sides {
    trunks: Vec<String>,
    extensions: Vec<String>,
    digits: RangeInclusive<usize>,
    outside: Vec<String>,
    inside: Vec<String>,
}

impl Default for Sides {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            trunks: Vec::new(),
            extensions: Vec::new(),
            digits: 2..=6,
            outside: owned(&["from-trunk*", "from-pstn*", "from-did*", "from-outside*"]),
            inside: owned(&["from-internal*"]),
        }
    }
}

impl Sides {
    /// Endpoints that are outside lines whatever they look like. `*` stands for any text.
    #[must_use]
    pub fn trunks<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.trunks.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Endpoints that are extensions whatever they look like. `*` stands for any text.
    #[must_use]
    pub fn extensions<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.extensions.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// How many digits an extension has. Default: 2 to 6.
    #[must_use]
    pub fn extension_digits(mut self, digits: RangeInclusive<usize>) -> Self {
        self.digits = digits;
        self
    }

    /// Contexts in which calls from outside arrive, instead of the defaults. `*` stands for any text.
    #[must_use]
    pub fn outside_contexts<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.outside = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// Contexts in which telephones of ours call, instead of the defaults. `*` stands for any text.
    #[must_use]
    pub fn inside_contexts<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.inside = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// What the channel `name` is. `born` is the context and number it had when it was created; a later context says
    /// nothing, since a transferred caller goes through `from-internal` too.
    pub(super) fn side(&self, name: &str, born: Option<(&str, &str)>) -> Side {
        let (technology, rest) = name.split_once('/').unwrap_or((name, ""));
        let endpoint = endpoint(rest);
        if is_inner(technology) || endpoint.is_empty() {
            return Side::Inner;
        }
        let is = |patterns: &[String]| patterns.iter().any(|p| glob(p, endpoint) || glob(p, without_suffix(name)));
        if is(&self.trunks) {
            return Side::Trunk;
        }
        if is(&self.extensions) {
            return Side::Extension(endpoint.into());
        }
        let (context, number) = born.unwrap_or_default();
        if self.outside.iter().any(|pattern| glob(pattern, context)) {
            return Side::Trunk;
        }
        let inside = self.inside.iter().any(|pattern| glob(pattern, context));
        if is_line_card(technology) {
            return if inside && self.looks_like_extension(number) {
                Side::Extension(number.into())
            } else {
                Side::Trunk
            };
        }
        if self.looks_like_extension(endpoint) || (inside && endpoint == number) {
            return Side::Extension(endpoint.into());
        }
        Side::Trunk
    }

    /// True if a dialled number is one of ours by its look: used only where no channel can tell.
    pub(super) fn looks_like_extension(&self, number: &str) -> bool {
        number.starts_with('*')
            || (self.digits.contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()))
            || self.extensions.iter().any(|pattern| glob(pattern, number))
    }

    /// The extension of a queue member's interface: `PJSIP/6001`, `Local/6001@from-queue/n`, `Agent/1001`.
    pub(super) fn of_interface(interface: &str) -> Option<Extension> {
        let rest = interface.split_once('/').map_or(interface, |(_, rest)| rest);
        let name = rest.split(['@', '/']).next().unwrap_or_default();
        (!name.is_empty()).then(|| Extension::from(name))
    }
}

/// `PJSIP/6001-0000002b` → `PJSIP/6001`.
pub(super) fn without_suffix(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(front, _)| front)
}

fn endpoint(rest: &str) -> &str {
    let rest = without_suffix(rest);
    rest.split_once('@').map_or(rest, |(user, _)| user)
}

/// Technologies whose channels are never a party.
fn is_inner(technology: &str) -> bool {
    const INNER: [&str; 11] = [
        "Local",
        "Message",
        "CBAnn",
        "CBRec",
        "ConfBridge",
        "Announcer",
        "Recorder",
        "Bridge",
        "Surrogate",
        "Snoop",
        "AsyncGoto",
    ];
    INNER.iter().any(|inner| technology.eq_ignore_ascii_case(inner))
}

/// Cards for analogue and ISDN lines: their endpoints are port numbers.
fn is_line_card(technology: &str) -> bool {
    ["DAHDI", "Zap", "mISDN", "Dongle", "khomp"].iter().any(|card| technology.eq_ignore_ascii_case(card))
}

/// `*` stands for any text; everything else must be equal, letters in any case.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((front, rest)) = pattern.split_once('*') else { return pattern.eq_ignore_ascii_case(text) };
    let Some(tail) = text.get(..front.len()).filter(|head| head.eq_ignore_ascii_case(front)) else { return false };
    let text = &text[tail.len()..];
    (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| glob(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(name: &str) -> Side {
        Side::Extension(name.into())
    }

    #[test]
    fn plain_asterisk_and_freepbx_need_no_setting() {
        let sides = Sides::default();
        let born = Some(("from-internal", "0901234567"));
        assert_eq!(sides.side("PJSIP/6001-00000001", born), extension("6001"), "the number shown is the customer's");
        assert_eq!(sides.side("SIP/101-0000a3", None), extension("101"));
        assert_eq!(sides.side("PJSIP/trunk-00000000", Some(("from-trunk", "0901234567"))), Side::Trunk);
        assert_eq!(sides.side("SIP/itsp-out-00000001", None), Side::Trunk);
        assert_eq!(sides.side("SIP/0312345000-00000001", None), Side::Trunk, "too long for an extension");
        assert_eq!(sides.side("SIP/2000-00000001", Some(("from-pstn-e164", "1"))), Side::Trunk);
        assert_eq!(sides.side("IAX2/6003-1234", None), extension("6003"));
        assert_eq!(sides.side("Local/6001@from-queue-00000000;1", None), Side::Inner);
        assert_eq!(sides.side("DAHDI/i1/0901234567-5", None), Side::Trunk);
        assert_eq!(sides.side("DAHDI/3-1", Some(("from-internal", "6010"))), extension("6010"));
        assert_eq!(sides.side("PJSIP/alice-00000001", Some(("from-internal", "alice"))), extension("alice"));
        assert_eq!(sides.side("CBAnn/conf-00000001;1", None), Side::Inner);
        assert_eq!(sides.side("", None), Side::Inner);
    }

    #[test]
    fn settings_win_over_looks() {
        let sides = Sides::default().trunks(["70*", "PJSIP/gw-?"]).extensions(["reception"]).extension_digits(3..=3);
        assert_eq!(sides.side("PJSIP/7001-00000001", Some(("from-internal", "7001"))), Side::Trunk);
        assert_eq!(sides.side("PJSIP/reception-00000001", Some(("from-trunk", ""))), extension("reception"));
        assert_eq!(sides.side("PJSIP/6001-00000001", None), Side::Trunk);
        assert_eq!(sides.side("PJSIP/601-00000001", None), extension("601"));
    }

    #[test]
    fn members_of_queues() {
        for interface in ["PJSIP/6001", "Local/6001@from-queue/n", "SIP/6001", "6001"] {
            assert_eq!(Sides::of_interface(interface), Some("6001".into()), "{interface}");
        }
        assert_eq!(Sides::of_interface(""), None);
    }

    #[test]
    fn globs() {
        assert!(glob("from-trunk*", "from-trunk-sip-itsp"));
        assert!(glob("*-out", "itsp-out"));
        assert!(glob("a*b*c", "aXbYc"));
        assert!(!glob("a*b*c", "aXbY"));
        assert!(!glob("from-trunk", "from-trunk2"));
        assert!(glob("佐*", "佐藤"));
    }
}
