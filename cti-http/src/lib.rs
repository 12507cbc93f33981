//! What every connector that speaks HTTP needs, once: a client that follows no redirect and reads no endless answer, and
//! errors that say whether a request may be tried again, without an address, a number or a secret in them.
//!
//! ```
//! use cti_core::{ErrorKind, Status};
//! use cti_http::{Client, Options, Repeat, Reply};
//! use url::Url;
//!
//! let site = cti_http::secure_base("https://crm.example.com/api/").map_err(|why| why.to_owned())?;
//! let client = Client::new("the CRM", Options::for_base(&site)).map_err(|error| error.to_string())?;
//! // client.send(client.post(site), Repeat::Harmful).await gives a Reply:
//! let (headers, body) = (cti_http::header::HeaderMap::new(), Vec::new());
//! let reply = Reply { side: "the CRM", status: 503, headers, retry_after: None, body, repeat: Repeat::Harmful };
//! let error = reply.error_by_status();
//! assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Status::Temporary));
//! # Ok::<(), String>(())
//! ```

mod base;
mod client;
mod error;
mod reply;

pub use base::{encode, is_local, secure_base};
pub use client::{Client, Options};
pub use reply::{Repeat, Reply, safe_word};
pub use reqwest::{Method, RequestBuilder, header};
