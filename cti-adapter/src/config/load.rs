//! From text to a checked configuration.

use super::check::{Config, check};
use super::fault::Faults;
use super::section;
use std::path::Path;
use toml::Table;

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
    let raw = section::read(table, "", &mut faults);
    check(raw, faults)
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

    /// An Asterisk without mistakes, to which a test adds one.
    const PBX: &str = r#"
        [[pbx]]
        name = "main"
        kind = "asterisk"
        host = "127.0.0.1"
        transport = "plain"
        user = "cti"
        secret = "s3cret"
    "#;

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

            [policy.crms.kintone]
            events = ["ended", "anserwed"]
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
            "policy.crms.kintone.events",
        ] {
            assert!(told.contains(expected), "{expected:?} not in:\n{told}");
        }
        assert!(!told.contains("s3cret"), "{told}");
    }

    #[test]
    fn what_a_connector_finds_wrong_is_told_with_its_section() {
        let crm = r#"
            technology = "PJSIP/x"
            [[crm]]
            name = "kintone"
            kind = "kintone"
            domain = "http://example.cybozu.com"
            customers = { app = "customers", token = "t", fields = { phone = "tel" } }
        "#;
        let told = faults(&format!("{PBX}{crm}"));
        let told = told.join("\n");
        for expected in ["pbx[0].technology: ", "crm[0].domain: ", "crm[0].customers.app: "] {
            assert!(told.contains(expected), "{expected:?} not in:\n{told}");
        }
    }

    #[test]
    fn every_wrong_setting_of_an_asterisk_is_told_by_its_name() {
        let told = faults(&format!(
            "{PBX}{}",
            r#"
            transfer_context = "a b"
            auto_answer = "shout"
            recordings = "../etc"
            context_prefixes = [""]
            extension_digits = [4, 2]
            keep_alive = 0
            unconfirmed_after = 0
            "#
        ));
        let told = told.join("\n");
        for expected in [
            "pbx[0].transfer_context: ",
            "pbx[0].auto_answer: unknown variant `shout`",
            "pbx[0].recordings: ",
            "pbx[0].context_prefixes: ",
            "pbx[0].extension_digits: ",
            "pbx[0].keep_alive: ",
            "pbx[0].unconfirmed_after: ",
        ] {
            assert!(told.contains(expected), "{expected:?} not in:\n{told}");
        }
    }

    #[test]
    fn a_mistake_in_the_section_of_a_crm_has_its_whole_path() {
        let crm = r#"
            [[crm]]
            name = "kintone"
            kind = "kintone"
            domain = "example"
            colour = "red"
            customers = { app = 14, token = "t", fields = { phone = 3 }, size = 4 }
            [[crm]]
            name = 7
            kind = "kintnoe"
        "#;
        let told = faults(&format!("{PBX}{crm}")).join("\n");
        for expected in [
            "crm[0].colour: there is no such setting",
            "crm[0].customers.size: there is no such setting",
            "crm[0].customers.fields: ",
            "crm[1].name: ",
            "crm[1].kind: must be ",
        ] {
            assert!(told.contains(expected), "{expected:?} not in:\n{told}");
        }
    }

    #[test]
    fn settings_for_a_crm_that_is_not_there_are_told() {
        let told = faults(&format!("{PBX}[policy.crms.kintnoe]\nevents = [\"ended\"]"));
        assert_eq!(told, ["policy.crms.kintnoe: there is no [[crm]] of that name"]);
    }

    #[test]
    fn a_mistake_in_a_list_of_plain_values_is_told_once() {
        let told = faults(&format!(
            "{PBX}trunks = [\"trunk\", 3]\nextensions = [{{ from = 6001 }}]\nextension_digits = [2, true]"
        ));
        let begins = ["pbx[0].trunks[1]: ", "pbx[0].extensions[0]: ", "pbx[0].extension_digits[1]: "];
        for expected in begins {
            let count = told.iter().filter(|fault| fault.starts_with(expected)).count();
            assert_eq!(count, 1, "{expected}: {}", told.join("\n"));
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
