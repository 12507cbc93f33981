//! The cookies of a session: classic log-ins set one instead of giving a token.

use cti_http::header::{HeaderMap, SET_COOKIE};
use url::{Origin, Url};

/// More than this a log-in does not set.
const MOST: usize = 32;
const LONGEST: usize = 4096;

/// Cookies, each sent to the origin that set it, and to no other.
#[derive(Clone, Default)]
pub(crate) struct Jar(Vec<(Origin, String, String)>);

impl Jar {
    /// Takes what an answer sets.
    pub(crate) fn take(&mut self, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let Some((name, value, gone)) = header.to_str().ok().and_then(parse) else { continue };
            self.0.retain(|(origin, known, _)| !(*known == name && *origin == url.origin()));
            if !gone && self.0.len() < MOST {
                self.0.push((url.origin(), name, value));
            }
        }
    }

    /// The header for a request; `None` if there is no cookie for it.
    pub(crate) fn header(&self, url: &Url) -> Option<String> {
        let own = self.0.iter().filter(|(origin, ..)| *origin == url.origin());
        let pairs: Vec<String> = own.map(|(_, name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// Name, value, and whether it is taken away.
fn parse(text: &str) -> Option<(String, String, bool)> {
    let mut parts = text.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let gone = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
    (!name.is_empty() && text.len() <= LONGEST).then(|| (name.to_owned(), value.to_owned(), gone || value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cti_http::header::HeaderValue;

    fn jar(cookies: &[&str]) -> Jar {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        let mut jar = Jar::default();
        jar.take(&Url::parse("https://crm.example/login").unwrap(), &headers);
        jar
    }

    #[test]
    fn a_cookie_goes_back_to_where_it_came_from_and_nowhere_else() {
        let jar = jar(&["sid=abc; Path=/; HttpOnly", "lang=ja", "old=; Max-Age=0", "nonsense"]);
        let header = |url: &str| jar.header(&Url::parse(url).unwrap());
        assert_eq!(header("https://crm.example/find?x=1").as_deref(), Some("sid=abc; lang=ja"));
        for other in ["http://crm.example/", "https://crm.example:8443/", "https://evil.example/"] {
            assert_eq!(header(other), None, "{other}");
        }
    }

    #[test]
    fn a_later_cookie_replaces_an_earlier_one() {
        let jar = jar(&["sid=1", "sid=2"]);
        assert_eq!(jar.header(&Url::parse("https://crm.example/").unwrap()).as_deref(), Some("sid=2"));
    }
}
