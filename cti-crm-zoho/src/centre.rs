//! Zoho's data centres, and where what is.

use url::Url;

/// Location, accounts server, host of the CRM's pages. Neither can be derived from the other; `uk` and `ae` are not
/// confirmed by Zoho's pages. The API's address comes with each token.
const CENTRES: &[(&str, &str, &str)] = &[
    ("us", "https://accounts.zoho.com", "https://crm.zoho.com"),
    ("eu", "https://accounts.zoho.eu", "https://crm.zoho.eu"),
    ("in", "https://accounts.zoho.in", "https://crm.zoho.in"),
    ("au", "https://accounts.zoho.com.au", "https://crm.zoho.com.au"),
    ("jp", "https://accounts.zoho.jp", "https://crm.zoho.jp"),
    ("cn", "https://accounts.zoho.com.cn", "https://crm.zoho.com.cn"),
    ("ca", "https://accounts.zohocloud.ca", "https://crm.zohocloud.ca"),
    ("sa", "https://accounts.zoho.sa", "https://crm.zoho.sa"),
    ("uk", "https://accounts.zoho.uk", "https://crm.zoho.uk"),
    ("ae", "https://accounts.zoho.ae", "https://crm.zoho.ae"),
];

/// Where an organisation lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Centre {
    /// The accounts server.
    pub(crate) accounts: Url,
    /// The host of the CRM's pages.
    pub(crate) web: Url,
}

impl Centre {
    /// Takes a location (`jp`) or the address of an accounts server. The reason if it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let known = CENTRES.iter().find(|(code, accounts, _)| *code == text || *accounts == text.trim_end_matches('/'));
        let (accounts, web) = match known {
            Some((_, accounts, web)) => (*accounts, *web),
            None if text.contains("://") => (text, text),
            None => return Err(format!("is no data centre: take one of {}, or an address", codes())),
        };
        let base = |text: &str| cti_http::secure_base(text).map_err(str::to_owned);
        Ok(Self { accounts: base(accounts)?, web: base(web)? })
    }
}

/// All locations, for people.
fn codes() -> String {
    CENTRES.iter().map(|(code, ..)| *code).collect::<Vec<_>>().join(" ")
}

/// The known locations.
pub fn centres() -> impl Iterator<Item = &'static str> {
    CENTRES.iter().map(|(code, ..)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_or_an_address_is_understood() {
        for (code, accounts, _) in CENTRES {
            assert_eq!(Centre::parse(code), Centre::parse(accounts), "{code}");
        }
        let canada = Centre::parse("ca").unwrap();
        assert_eq!(canada.accounts.as_str(), "https://accounts.zohocloud.ca/");
        assert_eq!(canada.web.as_str(), "https://crm.zohocloud.ca/");
        let own = Centre::parse("http://127.0.0.1:8080").unwrap();
        assert_eq!(own.accounts, own.web);
        for wrong in ["mars", "", "http://accounts.zoho.com", "https://u:p@accounts.zoho.com"] {
            assert!(Centre::parse(wrong).is_err(), "{wrong}");
        }
    }
}
