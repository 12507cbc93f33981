//! What a query means for the records of an app: which fit, in which order.

use super::app::{App, Field, FieldType};
use super::error::ApiError;
use super::query::{Condition, Operator, Query};
use super::store::{Record, Table};
use chrono::DateTime;
use std::cmp::Ordering;

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 500;
const MAX_OFFSET: i64 = 10_000;

/// The records that fit, in order, cut to limit and offset; and how many fit in all.
pub(super) fn select<'a>(table: &'a Table, query: &Query) -> Result<(Vec<&'a Record>, usize), ApiError> {
    let limit = bounds(query)?;
    let found = all(table, query)?;
    let total = found.len();
    let offset = usize::try_from(query.offset.unwrap_or(0)).unwrap_or(0);
    Ok((found.into_iter().skip(offset).take(limit).collect(), total))
}

/// All records that fit, in order.
pub(super) fn all<'a>(table: &'a Table, query: &Query) -> Result<Vec<&'a Record>, ApiError> {
    if let Some(condition) = &query.condition {
        validate(&table.app, condition)?;
    }
    for (field, _) in &query.order {
        let sortable = Column::find(&table.app, field)?;
        if sortable.in_table {
            return Err(operator_error());
        }
    }
    let fits = |record: &&Record| query.condition.as_ref().is_none_or(|condition| holds(table, record, condition));
    let mut found: Vec<(Vec<SortKey>, &Record)> =
        table.records.values().filter(fits).map(|record| (sort_keys(table, query, record), record)).collect();
    found.sort_unstable_by(|(a, x), (b, y)| {
        let by_fields = a.iter().zip(b).zip(&query.order).map(|((a, b), (_, descending))| {
            let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
            if *descending { order.reverse() } else { order }
        });
        // Without an order the newest comes first.
        by_fields.fold(Ordering::Equal, Ordering::then).then_with(|| y.id.cmp(&x.id))
    });
    Ok(found.into_iter().map(|(_, record)| record).collect())
}

/// A value to sort by, read once.
#[derive(Debug, PartialEq, PartialOrd)]
enum SortKey {
    Number(f64),
    Instant(i64),
    Text(String),
}

fn sort_keys(table: &Table, query: &Query, record: &Record) -> Vec<SortKey> {
    let key = |(field, _): &(String, bool)| {
        let kind = Column::find(&table.app, field).map_or(FieldType::SingleLineText, |column| column.kind);
        let text = record.cells(&table.app, field).into_iter().next().unwrap_or_default();
        match kind {
            FieldType::RecordNumber | FieldType::Number => SortKey::Number(text.parse().unwrap_or(f64::NEG_INFINITY)),
            FieldType::CreatedTime | FieldType::UpdatedTime | FieldType::DateTime => {
                SortKey::Instant(DateTime::parse_from_rfc3339(&text).map_or(i64::MIN, |at| at.timestamp()))
            }
            _ => SortKey::Text(text),
        }
    };
    query.order.iter().map(key).collect()
}

fn bounds(query: &Query) -> Result<usize, ApiError> {
    let (limit, offset) = (query.limit.unwrap_or(DEFAULT_LIMIT), query.offset.unwrap_or(0));
    if limit > MAX_LIMIT {
        return Err(ApiError::new(400, "GAIA_QU01", "limit must be 500 or less."));
    }
    if offset > MAX_OFFSET {
        return Err(ApiError::new(400, "GAIA_QU02", "offset must be 10000 or less."));
    }
    if offset < 0 {
        return Err(ApiError::parameter("query", "Invalid query: negative offset."));
    }
    usize::try_from(limit).map_err(|_| ApiError::parameter("query", "Invalid query: negative limit."))
}

/// A field as a query sees it.
struct Column<'a> {
    kind: FieldType,
    field: Option<&'a Field>,
    in_table: bool,
}

impl<'a> Column<'a> {
    fn find(app: &'a App, code: &str) -> Result<Self, ApiError> {
        if code == "$id" {
            return Ok(Self { kind: FieldType::RecordNumber, field: None, in_table: false });
        }
        if let Some(field) = app.top(code) {
            return Ok(Self { kind: field.kind, field: Some(field), in_table: false });
        }
        match app.column(code) {
            Some((_, field)) => Ok(Self { kind: field.kind, field: Some(field), in_table: true }),
            None => Err(ApiError::unknown_field(code)),
        }
    }
}

fn operator_error() -> ApiError {
    ApiError::new(400, "GAIA_IQ03", "The specified operator cannot be used for the field.")
}

fn validate(app: &App, condition: &Condition) -> Result<(), ApiError> {
    match condition {
        Condition::And(a, b) | Condition::Or(a, b) => validate(app, a).and_then(|()| validate(app, b)),
        Condition::Compare { field, operator, values } => {
            let column = Column::find(app, field)?;
            if column.in_table && matches!(operator, Operator::Equal | Operator::NotEqual) {
                return Err(ApiError::new(400, "GAIA_IQ07", "Use in or not in for a field in a table."));
            }
            if !allowed(column.kind, *operator) {
                return Err(operator_error());
            }
            let options = column.field.filter(|field| field.kind.has_options()).map(|field| &field.options);
            match values.iter().find(|value| options.is_some_and(|all| !value.is_empty() && !all.contains(value))) {
                Some(_) => Err(ApiError::new(400, "GAIA_IQ10", "The specified value is not in the options.")),
                None => Ok(()),
            }
        }
    }
}

fn allowed(kind: FieldType, operator: Operator) -> bool {
    use Operator as O;
    let lists = matches!(operator, O::In | O::NotIn);
    let equals = matches!(operator, O::Equal | O::NotEqual);
    let orders = matches!(operator, O::Greater | O::Less | O::GreaterOrEqual | O::LessOrEqual);
    let likes = matches!(operator, O::Like | O::NotLike);
    let empties = matches!(operator, O::IsEmpty | O::IsNotEmpty);
    match kind {
        FieldType::RecordNumber | FieldType::Number => equals || orders || lists,
        FieldType::CreatedTime | FieldType::UpdatedTime | FieldType::Date | FieldType::Time | FieldType::DateTime => {
            equals || orders
        }
        FieldType::SingleLineText | FieldType::Link => equals || lists || likes,
        FieldType::MultiLineText | FieldType::RichText | FieldType::File => likes || empties,
        FieldType::Creator | FieldType::Modifier => lists,
        FieldType::CheckBox | FieldType::MultiSelect | FieldType::RadioButton | FieldType::DropDown => lists,
        FieldType::Subtable | FieldType::ReferenceTable => false,
    }
}

fn holds(table: &Table, record: &Record, condition: &Condition) -> bool {
    match condition {
        Condition::And(a, b) => holds(table, record, a) && holds(table, record, b),
        Condition::Or(a, b) => holds(table, record, a) || holds(table, record, b),
        Condition::Compare { field, operator, values } => {
            let Ok(column) = Column::find(&table.app, field) else { return false };
            compare(column.kind, &record.cells(&table.app, field), *operator, values)
        }
    }
}

fn compare(kind: FieldType, cells: &[String], operator: Operator, values: &[String]) -> bool {
    let equal = |cell: &String| values.iter().any(|value| order(kind, cell, value) == Some(Ordering::Equal));
    let like = |cell: &String| values.iter().all(|value| is_like(cell, value));
    let ordered = |wanted: &[Ordering]| {
        let by =
            |cell: &String| values.iter().any(|value| order(kind, cell, value).is_some_and(|o| wanted.contains(&o)));
        cells.iter().any(by)
    };
    match operator {
        Operator::Equal | Operator::In => cells.iter().any(equal),
        Operator::NotEqual | Operator::NotIn => !cells.iter().any(equal),
        Operator::Greater => ordered(&[Ordering::Greater]),
        Operator::Less => ordered(&[Ordering::Less]),
        Operator::GreaterOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
        Operator::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
        Operator::Like => cells.iter().any(like),
        Operator::NotLike => !cells.iter().any(like),
        Operator::IsEmpty => cells.iter().all(|cell| cell.trim().is_empty()),
        Operator::IsNotEmpty => cells.iter().any(|cell| !cell.trim().is_empty()),
    }
}

/// How two values of a field of that type stand to each other; `None` = cannot be compared.
fn order(kind: FieldType, a: &str, b: &str) -> Option<Ordering> {
    match kind {
        FieldType::RecordNumber | FieldType::Number => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => a.partial_cmp(&b),
            _ => (a == b).then_some(Ordering::Equal),
        },
        FieldType::CreatedTime | FieldType::UpdatedTime | FieldType::DateTime => {
            match (DateTime::parse_from_rfc3339(a), DateTime::parse_from_rfc3339(b)) {
                (Ok(a), Ok(b)) => Some(a.cmp(&b)),
                _ => (a == b).then_some(Ordering::Equal),
            }
        }
        _ => Some(a.cmp(b)),
    }
}

/// The word search: Latin letters and digits match whole words only, other writing any part of two characters or more.
fn is_like(text: &str, keyword: &str) -> bool {
    let (text, keyword) = (text.to_lowercase(), keyword.to_lowercase());
    let split = |s: &str| s.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let words = split(&text);
    split(&keyword).iter().filter(|word| !word.is_empty()).all(|word| {
        if word.is_ascii() {
            words.contains(word)
        } else {
            text == *word || (word.chars().count() > 1 && text.contains(word))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_found_as_whole_words_only() {
        assert!(is_like("03-1234-5678", "1234"));
        assert!(!is_like("03-1234-5678", "0312345678"));
        assert!(!is_like("test123", "123"));
        assert!(is_like("東京都港区", "京都"));
        assert!(!is_like("東京都港区", "京"));
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_times_as_instants() {
        assert_eq!(order(FieldType::Number, "9", "10"), Some(Ordering::Less));
        let (utc, tokyo) = ("2026-01-31T00:00:00Z", "2026-01-31T09:00:00+09:00");
        assert_eq!(order(FieldType::DateTime, utc, tokyo), Some(Ordering::Equal));
    }
}
