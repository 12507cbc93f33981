//! kintone's query language, written so that no value can change what is asked.

use chrono::{DateTime, SecondsFormat, Utc};

/// The code of a field. Codes cannot be escaped in a query, so nothing else than a code gets in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldCode(String);

impl FieldCode {
    const MAX: usize = 128;

    /// Takes a code: letters, digits and `_`, or any printable character beyond ASCII; no digit first.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let fits = |c: char| {
            if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { !c.is_whitespace() && !c.is_control() }
        };
        let first = text.chars().next()?;
        let good = !first.is_ascii_digit() && text.chars().count() <= Self::MAX && text.chars().all(fits);
        good.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which records: one of the fields holds one of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition(String);

impl Condition {
    pub(crate) fn any_of<'a>(fields: impl IntoIterator<Item = &'a FieldCode>, values: &[&str]) -> Self {
        let list = values.iter().copied().map(literal).collect::<Vec<_>>().join(",");
        let parts: Vec<_> = fields.into_iter().map(|field| format!("{} in ({list})", field.as_str())).collect();
        Self(parts.join(" or "))
    }

    /// One of the fields holds something.
    pub(crate) fn filled<'a>(fields: impl IntoIterator<Item = &'a FieldCode>) -> Self {
        let parts: Vec<_> = fields.into_iter().map(|field| format!("{} != \"\"", field.as_str())).collect();
        Self(parts.join(" or "))
    }

    /// The field stands so to the instant.
    pub(crate) fn instant(field: &FieldCode, sign: &'static str, at: DateTime<Utc>) -> Self {
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self(format!("{} {sign} {}", field.as_str(), literal(&at)))
    }

    /// The id of the record stands so to the number.
    pub(crate) fn id(sign: &'static str, id: u64) -> Self {
        Self(format!("$id {sign} {}", literal(&id.to_string())))
    }

    /// Both hold.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(format!("({}) and ({})", self.0, other.0))
    }

    /// One of them holds.
    pub(crate) fn or(&self, other: &Self) -> Self {
        Self(format!("({}) or ({})", self.0, other.0))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The query for the oldest `limit` of the records.
    pub(crate) fn oldest(&self, limit: usize) -> String {
        format!("{} order by $id asc limit {limit}", self.0)
    }
}

/// A text between quotes. A raw tab or line end is a syntax error for kintone, so these are escaped too.
fn literal(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cti_testkit::kintone::query::{Condition as Parsed, Operator, parse};
    use proptest::prelude::*;

    #[test]
    fn a_code_is_a_code() {
        for good in ["tel", "_x", "電話番号", "文字列__1行_", "会社・名", "tel2"] {
            assert!(FieldCode::new(good).is_some(), "{good}");
        }
        for wrong in ["", "2tel", "a b", "a\"", "a)", "tel in", "a=b", "a\u{3000}b", "a.b", &"x".repeat(129)] {
            assert!(FieldCode::new(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_query_reads_as_documented() {
        let fields = [FieldCode::new("tel").unwrap(), FieldCode::new("mobile").unwrap()];
        let query = Condition::any_of(&fields, &["0312345678", "03-1234-5678"]).oldest(11);
        let list = r#"("0312345678","03-1234-5678")"#;
        assert_eq!(query, format!("tel in {list} or mobile in {list} order by $id asc limit 11"));
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            3 => any::<char>().prop_map(String::from),
            3 => prop::sample::select(vec!["\"", "\\", "\\\"", ")", " or ", "tel != \"\"", "\n", "\r", "\t", "\0", "'",
                "0312345678", "limit 500", "order by", ",", "("]).prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the values are, the parsed query has exactly the two conditions, and exactly these values.
        #[test]
        fn no_value_changes_the_query(values in prop::collection::vec(hostile(), 1..5)) {
            let fields = [FieldCode::new("tel").unwrap(), FieldCode::new("mobile").unwrap()];
            let texts: Vec<&str> = values.iter().map(String::as_str).collect();
            let query = Condition::any_of(&fields, &texts).oldest(11);
            let parsed = parse(&query).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
            let part = |field: &str| {
                Box::new(Parsed::Compare { field: field.to_owned(), operator: Operator::In, values: values.clone() })
            };
            prop_assert_eq!(parsed.condition, Some(Parsed::Or(part("tel"), part("mobile"))));
            prop_assert_eq!(parsed.order, vec![("$id".to_owned(), false)]);
            prop_assert_eq!((parsed.limit, parsed.offset), (Some(11), None));
        }
    }
}
