//! COQL, written so that no value can change what is asked. How a quote is escaped is not documented, so no text with a
//! quote or a backslash gets in.

/// The most texts after one `in`.
pub(crate) const MOST_VALUES: usize = 50;

/// The API name of a module or field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiName(String);

impl ApiName {
    /// Letters, digits and `_`, a letter first.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let good = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.len() <= 100
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        good.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that can stand between quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal(String);

impl Literal {
    /// A telephone number in any spelling: digits and what stands between them.
    pub(crate) fn number(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_digit() || "+-(). ".contains(c);
        let good = text.chars().all(fits) && text.chars().filter(char::is_ascii_digit).count() >= 2;
        (good && text.len() <= 64).then(|| Self(text.to_owned()))
    }

    /// A key, an id, an instant: letters, digits and a few signs.
    pub(crate) fn plain(text: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.:+/@#%() ".contains(&b);
        (!text.is_empty() && text.len() <= 255 && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
}

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition(String);

impl Condition {
    /// The field is that text.
    pub(crate) fn is(field: &str, value: &Literal) -> Self {
        Self(format!("{field} = '{}'", value.0))
    }

    /// The field is not that text.
    pub(crate) fn is_not(field: &str, value: &Literal) -> Self {
        Self(format!("{field} != '{}'", value.0))
    }

    /// The field is like that text, in which `%` stands for anything.
    pub(crate) fn like(field: &str, value: &Literal) -> Self {
        Self(format!("{field} like '{}'", value.0))
    }

    /// One of the fields holds one of the values.
    pub(crate) fn any_of(fields: &[&str], values: &[Literal]) -> Option<Self> {
        let list = values.iter().take(MOST_VALUES).map(|value| format!("'{}'", value.0)).collect::<Vec<_>>().join(",");
        if list.is_empty() {
            return None;
        }
        let parts = fields.iter().map(|field| Self(format!("{field} in ({list})")));
        parts.reduce(|all, part| Self(format!("({} or {})", all.0, part.0)))
    }

    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(format!("({} and {})", self.0, other.0))
    }

    /// The query for the first of the records.
    pub(crate) fn select(&self, columns: &[&str], module: &str, limit: usize) -> String {
        format!("select {} from {module} where {} limit {limit}", columns.join(", "), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cti_testkit::zoho::coql::{Condition as Parsed, Operator, parse};
    use proptest::prelude::*;

    #[test]
    fn the_query_reads_as_documented() {
        let values = ["0312345678", "03-1234-5678"].map(|text| Literal::number(text).unwrap());
        let query =
            Condition::any_of(&["Phone", "Mobile", "Fax"], &values).unwrap().select(&["id", "Phone"], "Leads", 11);
        let list = "('0312345678','03-1234-5678')";
        let expected = format!(
            "select id, Phone from Leads where ((Phone in {list} or Mobile in {list}) or Fax in {list}) limit 11"
        );
        assert_eq!(query, expected);
        assert!(parse(&query).is_ok());
    }

    #[test]
    fn what_could_end_a_text_gets_into_none() {
        for wrong in ["' or '1'='1", "\\", "03'", "日本", "", "1", "((((", "03\n"] {
            assert_eq!(Literal::number(wrong), None, "{wrong}");
        }
        for wrong in ["it's", "a\\", "", "a\"b", "a\nb"] {
            assert_eq!(Literal::plain(wrong), None, "{wrong}");
        }
        for wrong in ["", "1a", "a b", "a'", "a.b", "日本"] {
            assert_eq!(ApiName::new(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever text is taken, the parsed query has exactly that text at exactly that place.
        #[test]
        fn no_value_changes_the_query(text in "[0-9+() .'\"\\\\,=%a-z-]{0,20}") {
            for value in [Literal::number(&text), Literal::plain(&text)].into_iter().flatten() {
                let query = Condition::is("Phone", &value).select(&["id"], "Contacts", 1);
                let parsed = parse(&query).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                let expected =
                    Parsed::Compare { column: "Phone".into(), operator: Operator::Equal, values: vec![text.clone()] };
                prop_assert_eq!(parsed.condition, expected);
            }
        }
    }
}
