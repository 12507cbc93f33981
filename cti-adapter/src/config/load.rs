//! From text to a checked configuration.

use super::check::{Config, check};
use super::fault::Faults;
use super::raw::RawConfig;
use std::path::Path;
use toml::{Table, Value};

/// More faults than this are not told: nobody reads them.
const MOST_FAULTS: usize = 50;

/// Reads and checks a file.
pub(crate) fn load(path: &Path) -> Result<Config, Faults> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mut faults = Faults::default();
        faults.add("", format!("{} cannot be read: {error}", path.display()));
        faults
    })?;
    parse(&text)
}

/// Checks the text of a file.
pub(crate) fn parse(text: &str) -> Result<Config, Faults> {
    let mut faults = Faults::default();
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            // The error of the toml crate shows line, column and the line itself; the line may hold a secret.
            let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
            faults.add("", format!("this is not TOML{place}: {}", error.message()));
            return Err(faults);
        }
    };
    let raw = read(table, &mut faults);
    check(raw, faults)
}

/// Reads what can be read; each value of the wrong kind is a fault and left out.
fn read(mut table: Table, faults: &mut Faults) -> RawConfig {
    while faults.0.len() < MOST_FAULTS {
        let mut unknown = Vec::new();
        let deserializer = Value::Table(table.clone());
        let mut note = |path: serde_ignored::Path<'_>| unknown.push(path.to_string());
        let ignored = serde_ignored::Deserializer::new(deserializer, &mut note);
        match serde_path_to_error::deserialize::<_, RawConfig>(ignored) {
            Ok(raw) => {
                for path in unknown {
                    faults.add(dotted_to_indexed(&path), "there is no such setting");
                }
                return raw;
            }
            Err(error) => {
                let path = error.path().to_string();
                faults.add(path.clone(), error.inner().message().trim_end().to_owned());
                if !remove(&mut table, &path) {
                    return RawConfig::default();
                }
            }
        }
    }
    RawConfig::default()
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
            // An element stays in its place, so that the paths of those after it stay true.
            Some(index) if rest.is_empty() => {
                array[index] = Value::Table(Table::new());
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

fn place(text: &str, offset: usize) -> String {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!(" (line {line}, column {column})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let faults = parse(text).err().map(|faults| faults.0).unwrap_or_default();
        faults.into_iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect()
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_place() {
        let told = faults(
            r#"
            [[pbx]]
            name = "main"
            kind = "astersik"
            host = "127.0.0.1"
            port = "many"
            user = "cti"
            secret = "s3cret"
            colour = "red"

            [[crm]]
            name = "kintone"
            kind = "kintone"
            domain = "example"
            customers = { token = "t", fields = { name = "name" } }

            [policy.pop]
            inbound = "sometimes"
            "#,
        );
        let told = told.join("\n");
        for expected in [
            "pbx[0].kind: ",
            "pbx[0].port: ",
            "pbx[0].colour: there is no such setting",
            "crm[0].customers.app: missing",
            "crm[0].customers.fields: ",
            "policy.pop.inbound: ",
        ] {
            assert!(told.contains(expected), "{expected:?} not in:\n{told}");
        }
        assert!(!told.contains("s3cret"), "{told}");
    }

    #[test]
    fn what_a_connector_finds_wrong_is_told_with_its_section() {
        let told = faults(
            r#"
            [[pbx]]
            name = "main"
            kind = "asterisk"
            host = "127.0.0.1"
            transport = "plain"
            user = "cti"
            secret = "s3cret"
            technology = "PJSIP/x"

            [[crm]]
            name = "kintone"
            kind = "kintone"
            domain = "http://example.cybozu.com"
            customers = { app = "customers", token = "t", fields = { phone = "tel" } }
            "#,
        );
        let told = told.join("\n");
        for expected in ["pbx[0].technology: ", "crm[0].domain: ", "crm[0].customers.app: "] {
            assert!(told.contains(expected), "{expected:?} not in:\n{told}");
        }
    }

    #[test]
    fn what_is_no_toml_is_told_with_line_and_column_and_without_the_line() {
        let told = faults("[[pbx]]\nsecret = \"hunter2\nname = 1").join("\n");
        assert!(told.contains("line 2"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn an_empty_file_says_what_is_needed() {
        let told = faults("").join("\n");
        assert!(told.contains("pbx"), "{told}");
    }
}
