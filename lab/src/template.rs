//! Fills `{{name}}` in the files that the lab writes.

use crate::{LabError, Result};

/// Puts the values in place; a name left over is an error, so that no file is written with a hole in it.
pub(crate) fn fill(text: &str, values: &[(&str, String)]) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or_else(|| LabError::new("a template has {{ without }}"))?;
        out.push_str(before);
        let (_, value) = values
            .iter()
            .find(|(key, _)| *key == name)
            .ok_or_else(|| LabError::new(format!("a template asks for {name}, which has no value")))?;
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_put_in_and_never_read_again() {
        let values = [("a", "{{b}}".to_owned()), ("b", "2".to_owned())];
        assert_eq!(fill("x {{a}} {{b}} y", &values).unwrap(), "x {{b}} 2 y");
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        assert!(fill("{{c}}", &[]).is_err());
        assert!(fill("{{c", &[]).is_err());
    }
}
