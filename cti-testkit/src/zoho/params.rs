//! Parameters, from wherever Zoho takes them: the query, a form, or a form of several parts.

/// Names and values in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// The query first, then the body.
    pub(super) fn of(query: &str, content_type: &str, body: &[u8]) -> Self {
        let mut all = pairs(query.as_bytes());
        match content_type.split_once("boundary=") {
            Some((_, boundary)) if content_type.starts_with("multipart/form-data") => {
                all.extend(parts(body, boundary.trim_matches('"')));
            }
            _ if content_type.starts_with("application/x-www-form-urlencoded") => all.extend(pairs(body)),
            _ => {}
        }
        Self(all)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }
}

/// A query string may end with a stray `&`, as that of Zoho's Node SDK does.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().filter(|(name, _)| !name.is_empty()).collect()
}

fn parts(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let field = |part: &str| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        Some((name.to_owned(), value.trim_end_matches("\r\n").to_owned()))
    };
    text.split(&format!("--{boundary}")).filter_map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_a_form_of_parts_and_a_query_are_read() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n1000.a\r\n--x\r\n\
            Content-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--x--\r\n";
        let parts = Params::of("a=1&", "multipart/form-data; boundary=x", body);
        assert_eq!((parts.get("a"), parts.get("code"), parts.get("b")), (Some("1"), Some("1000.a"), Some("2")));
        let form = Params::of("", "application/x-www-form-urlencoded; charset=UTF-8", b"from=%2B8150&to=+1");
        assert_eq!((form.get("from"), form.get("to")), (Some("+8150"), Some(" 1")));
    }
}
