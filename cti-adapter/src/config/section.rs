//! One section of the file, read as far as it can be.

use super::fault::Faults;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// More faults than this are not told: nobody reads them.
const MOST_FAULTS: usize = 50;

/// Reads what can be read of a section; `section` is its path, empty for the whole file; each value of the wrong kind is a fault and left out.
pub(super) fn read<T: DeserializeOwned + Default>(mut table: Table, section: &str, faults: &mut Faults) -> T {
    let whole = |path: &str| match (section, path) {
        ("", path) => path.to_owned(),
        (section, "" | ".") => section.to_owned(),
        (section, path) => format!("{section}.{path}"),
    };
    while faults.0.len() < MOST_FAULTS {
        let mut unknown = Vec::new();
        let deserializer = Value::Table(table.clone());
        let mut note = |path: serde_ignored::Path<'_>| unknown.push(path.to_string());
        let ignored = serde_ignored::Deserializer::new(deserializer, &mut note);
        match serde_path_to_error::deserialize::<_, T>(ignored) {
            Ok(raw) => {
                for path in unknown {
                    faults.add(whole(&dotted_to_indexed(&path)), "there is no such setting");
                }
                return raw;
            }
            Err(error) => {
                let path = error.path().to_string();
                let place = whole(&path);
                // What stands in for a value that was told already may be wrong too.
                if !faults.0.iter().any(|told| told.path == place) {
                    faults.add(place, error.inner().message().trim_end().to_owned());
                }
                if !remove(&mut table, &path) {
                    return T::default();
                }
            }
        }
    }
    T::default()
}

/// Removes the value at `pbx[0].port`, so that what follows it can be looked at too.
fn remove(table: &mut Table, path: &str) -> bool {
    let path = path.replace('[', ".").replace(']', "");
    let keys: Vec<&str> = path.split('.').filter(|key| !key.is_empty()).collect();
    let Some((first, rest)) = keys.split_first() else { return false };
    if rest.is_empty() {
        return table.remove(*first).is_some();
    }
    table.get_mut(*first).is_some_and(|value| remove_in(value, rest))
}

fn remove_in(value: &mut Value, keys: &[&str]) -> bool {
    let Some((first, rest)) = keys.split_first() else { return false };
    match value {
        Value::Table(table) if rest.is_empty() => table.remove(*first).is_some(),
        Value::Table(table) => table.get_mut(*first).is_some_and(|value| remove_in(value, rest)),
        Value::Array(array) => match first.parse::<usize>().ok().filter(|index| *index < array.len()) {
            // A section stays in its place, so that the paths of those after it stay true.
            Some(index) if rest.is_empty() && array[index].as_table().is_some_and(|section| !section.is_empty()) => {
                array[index] = Value::Table(Table::new());
                true
            }
            // For a plain value nothing can stand in: what comes after it is not looked at.
            Some(index) if rest.is_empty() => {
                array.truncate(index);
                true
            }
            Some(index) => remove_in(&mut array[index], rest),
            None => false,
        },
        _ => false,
    }
}

/// `crm.0.name` as people write it: `crm[0].name`.
fn dotted_to_indexed(path: &str) -> String {
    path.split('.').filter(|part| *part != "?").fold(String::new(), |mut whole, part| {
        if part.chars().all(|c| c.is_ascii_digit()) {
            whole.push_str(&format!("[{part}]"));
        } else {
            if !whole.is_empty() {
                whole.push('.');
            }
            whole.push_str(part);
        }
        whole
    })
}
