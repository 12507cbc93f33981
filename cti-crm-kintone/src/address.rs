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

/// Where in a kintone the apps are, and which pages of it are opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) guest_space: Option<u64>,
    /// With a client certificate: the hosts of secure access.
    pub(crate) secure: bool,
    /// Pages for telephones.
    pub(crate) mobile: bool,
}

/// The domains of kintone in Japan, the world and China.
const DOMAINS: [&str; 3] = [".cybozu.com", ".kintone.com", ".cybozu.cn"];

/// The address of a kintone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    origin: Url,
    place: Place,
}

impl Site {
    /// Takes a bare sub-domain, a host, or a base URL. The reason if it is none of them.
    pub(crate) fn parse(text: &str, place: Place) -> Result<Self, &'static str> {
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
        if place.secure {
            let host = origin.host_str().map(secure_host);
            let changed = host.is_none_or(|host| origin.set_host(Some(&host)).is_ok());
            debug_assert!(changed, "a host with .s. in it is a host");
        }
        Ok(Self { origin, place })
    }

    /// The address of the server.
    pub(crate) fn origin(&self) -> &Url {
        &self.origin
    }

    /// What stands before the name of a resource: `https://example.cybozu.com/k/v1/`.
    pub(crate) fn api(&self) -> String {
        format!("{}v1/", self.root())
    }

    /// The page of a record. On telephones the id stands in the query (the other form is refused there).
    pub(crate) fn record(&self, app: u64, id: &str) -> Option<Url> {
        let page = format!("{}{app}/show", self.pages());
        if self.place.mobile {
            return Url::parse(&format!("{page}?{}", encode([("record", id)]))).ok();
        }
        let mut url = Url::parse(&page).ok()?;
        url.set_fragment(Some(&format!("record={id}")));
        Some(url)
    }

    /// The list of the records that fit the condition (kintone ignores order and limit there).
    pub(crate) fn list(&self, app: u64, condition: &str) -> Option<Url> {
        Url::parse(&format!("{}{app}/?{}", self.pages(), encode([("query", condition)]))).ok()
    }

    /// The page on which a person writes a new record.
    pub(crate) fn new_record(&self, app: u64) -> Option<Url> {
        Url::parse(&format!("{}{app}/edit", self.pages())).ok()
    }

    fn root(&self) -> String {
        match self.place.guest_space {
            Some(space) => format!("{}k/guest/{space}/", self.origin),
            None => format!("{}k/", self.origin),
        }
    }

    fn pages(&self) -> String {
        if self.place.mobile { format!("{}m/", self.root()) } else { self.root() }
    }
}

/// `acme.cybozu.com` → `acme.s.cybozu.com`; other hosts stay as they are.
fn secure_host(host: &str) -> String {
    for domain in DOMAINS {
        if let Some(name) = host.strip_suffix(domain).filter(|name| !name.ends_with(".s")) {
            return format!("{name}.s{domain}");
        }
    }
    host.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(text: &str) -> Result<String, &'static str> {
        Site::parse(text, Place::default()).map(|site| site.api())
    }

    #[test]
    fn sub_domain_host_and_address_are_understood() {
        let expected = Ok("https://acme.cybozu.com/k/v1/".to_owned());
        for text in ["acme", "acme.cybozu.com", "https://acme.cybozu.com", " https://acme.cybozu.com/k/ "] {
            assert_eq!(api(text), expected, "{text}");
        }
        assert_eq!(api("acme.kintone.com"), Ok("https://acme.kintone.com/k/v1/".to_owned()));
        assert_eq!(api("acme.cybozu.cn"), Ok("https://acme.cybozu.cn/k/v1/".to_owned()));
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
        let plain = Site::parse("acme", Place::default()).unwrap();
        let guest = Site::parse("acme", Place { guest_space: Some(7), ..Place::default() }).unwrap();
        assert_eq!(plain.record(14, "3").unwrap().as_str(), "https://acme.cybozu.com/k/14/show#record=3");
        assert_eq!(guest.record(14, "3").unwrap().as_str(), "https://acme.cybozu.com/k/guest/7/14/show#record=3");
        assert_eq!(guest.api(), "https://acme.cybozu.com/k/guest/7/v1/");
        let list = plain.list(14, r#"tel in ("03")"#).unwrap();
        assert_eq!(list.as_str(), "https://acme.cybozu.com/k/14/?query=tel%20in%20%28%2203%22%29");
        assert_eq!(plain.new_record(14).unwrap().as_str(), "https://acme.cybozu.com/k/14/edit");
    }

    #[test]
    fn with_a_client_certificate_the_host_is_that_of_secure_access() {
        let secure = |text: &str| Site::parse(text, Place { secure: true, ..Place::default() }).unwrap().api();
        for text in ["acme", "acme.cybozu.com", "acme.s.cybozu.com"] {
            assert_eq!(secure(text), "https://acme.s.cybozu.com/k/v1/", "{text}");
        }
        assert_eq!(secure("acme.kintone.com"), "https://acme.s.kintone.com/k/v1/");
        assert_eq!(secure("http://127.0.0.1:80"), "http://127.0.0.1/k/v1/");
    }

    #[test]
    fn pages_for_telephones_have_the_record_in_the_query() {
        let mobile = |guest_space| Site::parse("acme", Place { mobile: true, guest_space, secure: false }).unwrap();
        let plain = mobile(None);
        assert_eq!(plain.record(14, "3").unwrap().as_str(), "https://acme.cybozu.com/k/m/14/show?record=3");
        assert!(plain.list(14, "tel = \"\"").unwrap().as_str().starts_with("https://acme.cybozu.com/k/m/14/?query="));
        assert_eq!(plain.api(), "https://acme.cybozu.com/k/v1/");
        let guest = mobile(Some(7)).record(14, "3").unwrap();
        assert_eq!(guest.as_str(), "https://acme.cybozu.com/k/guest/7/m/14/show?record=3");
    }
}
