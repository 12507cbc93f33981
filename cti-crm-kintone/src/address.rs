//! Where a kintone is, and the addresses of its pages.

use cti_http::encode;
use url::Url;

/// The id of an app, given as number or as the address of the app in a browser.
///
/// ```
/// use cti_crm_kintone::AppId;
/// assert_eq!(AppId::from("https://example.cybozu.com/k/14/"), AppId::from(14));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppId(Option<u64>);

impl AppId {
    /// The number; `None` if what was given names no app.
    pub fn number(self) -> Option<u64> {
        self.0
    }
}

macro_rules! app_id_from_number {
    ($($number:ty),*) => {
        $(impl From<$number> for AppId {
            fn from(id: $number) -> Self {
                Self(u64::try_from(id).ok().filter(|id| *id > 0))
            }
        })*
    };
}

app_id_from_number!(i32, u32, i64, u64);

impl From<&str> for AppId {
    fn from(text: &str) -> Self {
        let text = text.trim();
        let digits = match text.split_once("/k/") {
            Some((_, path)) => path.split(['/', '?', '#']).rev().find(|part| is_number(part)).unwrap_or_default(),
            None => text,
        };
        Self(digits.parse().ok().filter(|id| *id > 0))
    }
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The address of a kintone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    origin: Url,
    guest_space: Option<u64>,
}

impl Site {
    /// Takes a bare sub-domain, a host, or a base URL. The reason if it is none of them.
    pub(crate) fn parse(text: &str, guest_space: Option<u64>) -> Result<Self, &'static str> {
        let text = text.trim();
        let full = if text.contains("://") {
            text.to_owned()
        } else if text.contains('.') {
            format!("https://{text}")
        } else {
            format!("https://{text}.cybozu.com")
        };
        let mut origin = cti_http::secure_base(&full)?;
        if !matches!(origin.path(), "/" | "/k" | "/k/") || origin.query().is_some() {
            return Err("give the address of kintone without a path");
        }
        origin.set_path("/");
        Ok(Self { origin, guest_space })
    }

    /// The address of the server.
    pub(crate) fn origin(&self) -> &Url {
        &self.origin
    }

    /// What stands before the name of a resource: `https://example.cybozu.com/k/v1/`.
    pub(crate) fn api(&self) -> String {
        format!("{}v1/", self.root())
    }

    /// The page of a record.
    pub(crate) fn record(&self, app: u64, id: &str) -> Option<Url> {
        let mut url = Url::parse(&format!("{}{app}/show", self.root())).ok()?;
        url.set_fragment(Some(&format!("record={id}")));
        Some(url)
    }

    /// The list of the records that fit the condition (documented by kintone; it ignores order and limit there).
    pub(crate) fn list(&self, app: u64, condition: &str) -> Option<Url> {
        Url::parse(&format!("{}{app}/?{}", self.root(), encode([("query", condition)]))).ok()
    }

    /// The page on which a person writes a new record.
    pub(crate) fn new_record(&self, app: u64) -> Option<Url> {
        Url::parse(&format!("{}{app}/edit", self.root())).ok()
    }

    fn root(&self) -> String {
        match self.guest_space {
            Some(space) => format!("{}k/guest/{space}/", self.origin),
            None => format!("{}k/", self.origin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(text: &str) -> Result<String, &'static str> {
        Site::parse(text, None).map(|site| site.api())
    }

    #[test]
    fn sub_domain_host_and_address_are_understood() {
        let expected = Ok("https://acme.cybozu.com/k/v1/".to_owned());
        for text in ["acme", "acme.cybozu.com", "https://acme.cybozu.com", " https://acme.cybozu.com/k/ "] {
            assert_eq!(api(text), expected, "{text}");
        }
        assert_eq!(api("acme.kintone.com"), Ok("https://acme.kintone.com/k/v1/".to_owned()));
        assert_eq!(api("http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080/k/v1/".to_owned()));
    }

    #[test]
    fn clear_text_to_others_and_odd_addresses_are_refused() {
        let wrong = [
            "http://acme.cybozu.com",
            "ftp://acme.cybozu.com",
            "https://u:p@acme.cybozu.com",
            "a b",
            "",
            "https://acme.cybozu.com/x",
            "acme.cybozu.com?x=1",
            "http://127.0.0.1.evil.com",
        ];
        for text in wrong {
            assert!(api(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_app_is_named_by_number_or_address() {
        for text in [
            "14",
            " 14 ",
            "https://example.cybozu.com/k/14/",
            "https://example.cybozu.com/k/14/show#record=3",
            "https://example.cybozu.com/k/guest/7/14/",
            "https://example.cybozu.com/k/m/14/",
        ] {
            assert_eq!(AppId::from(text).number(), Some(14), "{text}");
        }
        assert_eq!(AppId::from("customers").number(), None);
        assert_eq!(AppId::from(0).number(), None);
        assert_eq!(AppId::from(-1).number(), None);
    }

    #[test]
    fn pages_have_the_documented_addresses() {
        let plain = Site::parse("acme", None).unwrap();
        let guest = Site::parse("acme", Some(7)).unwrap();
        assert_eq!(plain.record(14, "3").unwrap().as_str(), "https://acme.cybozu.com/k/14/show#record=3");
        assert_eq!(guest.record(14, "3").unwrap().as_str(), "https://acme.cybozu.com/k/guest/7/14/show#record=3");
        assert_eq!(guest.api(), "https://acme.cybozu.com/k/guest/7/v1/");
        let list = plain.list(14, r#"tel in ("03")"#).unwrap();
        assert_eq!(list.as_str(), "https://acme.cybozu.com/k/14/?query=tel%20in%20%28%2203%22%29");
        assert_eq!(plain.new_record(14).unwrap().as_str(), "https://acme.cybozu.com/k/14/edit");
    }
}
