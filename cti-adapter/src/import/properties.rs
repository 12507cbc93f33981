//! Java's `.properties` files: ISO-8859-1, `\uXXXX`, `#` and `!` for remarks, `\` at the end of a line that goes on.

/// Keys and values in order.
pub(super) fn parse(bytes: &[u8]) -> Vec<(String, String)> {
    // Each byte of ISO-8859-1 is the character of that number.
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.lines().map(str::trim_start);
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = line.to_owned();
        while goes_on(&whole) {
            whole.pop();
            whole.push_str(lines.next().unwrap_or_default());
        }
        all.push(pair(&whole));
    }
    all
}

/// An odd number of backslashes at the end.
fn goes_on(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// The key ends at the first `=`, `:` or blank that is not escaped.
fn pair(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start();
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (unescape(key), unescape(value).trim_end().to_owned())
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut units = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let escape = if c == '\\' { chars.next() } else { None };
        if escape == Some('u') {
            let digits: String = chars.by_ref().take(4).collect();
            units.extend(u16::from_str_radix(&digits, 16));
            continue;
        }
        out.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
        match escape {
            None => out.push(c),
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some(other) => out.push(other),
        }
    }
    out + &String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_rules_hold() {
        let text = b"# remark\n! remark\n\nauthtoken=abc\n a.b : c d  \nkey value\nlong=one \\\n   two\nempty\n\
            a\\=b=c\nname=\\u65e5\\u672c\nsmile=\\ud83d\\ude00!\ncaf\xe9=1\npath=C:\\\\x\r\nlast=\\";
        let expected = [
            ("authtoken", "abc"),
            ("a.b", "c d"),
            ("key", "value"),
            ("long", "one two"),
            ("empty", ""),
            ("a=b", "c"),
            ("name", "日本"),
            ("smile", "😀!"),
            ("café", "1"),
            ("path", "C:\\x"),
            ("last", ""),
        ];
        assert_eq!(parse(text), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
