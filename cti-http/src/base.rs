//! Where requests go.

use url::{Host, Url};

/// Takes the base address of a server: https, or http for this machine itself; without user, password and fragment. The
/// reason if it is none.
///
/// # Errors
/// What a person must correct.
pub fn secure_base(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "this is no address: it begins with https://")?;
    match url.scheme() {
        "https" => {}
        "http" if is_local(&url) => {}
        "http" => return Err("only https is allowed (http is for this machine itself)"),
        _ => return Err("this is no address: it begins with https://"),
    }
    if url.host_str().is_none_or(|host| host.starts_with('.')) {
        return Err("the address names no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("leave user and password out of the address");
    }
    if url.fragment().is_some() {
        return Err("leave the part from # out of the address");
    }
    Ok(url)
}

/// True if the address is on this machine: clear text is allowed there, and no proxy stands between.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A query string in which a blank is `%20`: understood everywhere, while `+` is not.
pub fn encode<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_to_others_and_odd_addresses_are_refused() {
        for wrong in [
            "http://crm.example.com",
            "ftp://crm.example.com",
            "https://u:p@crm.example.com",
            "https://crm.example.com/#x",
            "http://127.0.0.1.evil.com",
            "crm.example.com",
            "https://.example.com",
            "",
        ] {
            assert!(secure_base(wrong).is_err(), "{wrong}");
        }
        for good in ["https://crm.example.com/a?b=c", " http://127.0.0.1:80 ", "http://localhost:1", "http://[::1]:2/"]
        {
            assert!(secure_base(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_plus_in_a_value_stays_a_plus() {
        assert_eq!(encode([("q", "a b+c&d")]), "q=a%20b%2Bc%26d");
    }
}
