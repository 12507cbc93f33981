//! The settings, as they stand in a configuration file.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// What an answer is for, and so which names it may give values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A session: names of one's own, secret unless they are [public](CaptureSettings::public).
    Session,
    /// The customer: `COMPANY`, `NAME`, `EXT_ID`, and names of one's own.
    Search,
}

/// Where the values stand in an answer.
///
/// ```toml
/// success = "200-299"                       # other statuses are a failure
/// none = "404"                              # these mean: nobody was found
/// headers = { TOKEN = "X-Auth-Token" }      # variable = header
/// cookies = { SESSION = "sid" }             # variable = cookie that the answer sets
/// status = "HTTP_STATUS"                    # the variable that takes the status
///
/// [body.json]                               # or one of the next five
/// rows = "$.records[*]"                     # each is a hit; without it the whole body is one
/// fields = { NAME = "$.name", EXT_ID = "$.id" }
///
/// body = { regex = '(?<COMPANY>[^,]*),(?<NAME>[^,]*)' }           # each match is a hit
/// body = { text = "{COMPANY},{NAME},{EXT_ID}" }                   # each match is a hit
/// body = { delimited = { delimiter = ",", columns = ["COMPANY", "NAME", "", "EXT_ID"], skip_lines = 1 } }
/// body = { positions = { columns = { EXT_ID = [1, 8], NAME = [9, 40] }, skip_lines = 0 } }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureSettings {
    /// The statuses that mean success. Default: `200-299`.
    pub success: Statuses,
    /// The statuses that mean that nobody was found. Default: none.
    pub none: Option<Statuses>,
    /// How the body is read. Without it, only status and headers are.
    pub body: Option<BodyRule>,
    /// Variables that take a header, by the name of the header.
    pub headers: BTreeMap<String, String>,
    /// Variables that take a cookie that the answer sets, by the name of the cookie.
    pub cookies: BTreeMap<String, String>,
    /// The variable that takes the status.
    pub status: Option<String>,
    /// Of a session: the names that are no secret.
    pub public: BTreeSet<String>,
}

/// How a body is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyRule {
    /// By paths into JSON.
    Json(JsonRule),
    /// By a regular expression with named groups. Each match is a hit. Flags stand in front: `(?is)`.
    Regex(String),
    /// By a text with variables, `{COMPANY},{NAME}`: each takes the shortest text up to what follows it, the last one the
    /// rest of the line. Each match is a hit.
    Text(String),
    /// By the columns of lines. Each line is a hit.
    Delimited(Delimited),
    /// By the positions in lines. Each line is a hit.
    Positions(Positions),
}

/// Paths into JSON: `$.records[*]`, `$['full name']`, `$.phones[?@.kind=='mobile'].number`, or a pointer `/records/0`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonRule {
    /// The hits. Without it the whole body is one.
    #[serde(default)]
    pub rows: Option<String>,
    /// Variables, and the path from the hit to their value.
    pub fields: BTreeMap<String, String>,
}

/// Columns of lines. A column in double quotes may hold the delimiter; `""` within is a quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delimited {
    /// What stands between two columns.
    pub delimiter: String,
    /// The variable for each column, in order; empty for columns that are not wanted.
    pub columns: Vec<String>,
    /// How many lines at the beginning are no hits.
    #[serde(default)]
    pub skip_lines: usize,
}

/// Positions in lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Positions {
    /// Variables, with the first and the last character, counted from 1.
    pub columns: BTreeMap<String, [usize; 2]>,
    /// How many lines at the beginning are no hits.
    #[serde(default)]
    pub skip_lines: usize,
}

/// HTTP statuses: `200-299,304`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Statuses(Vec<(u16, u16)>);

impl Statuses {
    /// True if the status is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|&(first, last)| (first..=last).contains(&status))
    }

    pub(super) fn nothing() -> Self {
        Self(Vec::new())
    }
}

impl Default for Statuses {
    /// `200-299`
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl FromStr for Statuses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (100 <= first && first <= last && last <= 599).then_some((first, last))
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Self).ok_or_else(|| format!("{text:?} is no list of statuses such as 200-299,304"))
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Statuses {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Statuses> for String {
    fn from(statuses: Statuses) -> Self {
        statuses.to_string()
    }
}
