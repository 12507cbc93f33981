//! kintone for `cti`: look-up by telephone number, call log, contacts, screen pop.
//!
//! ```
//! use cti_core::{fields, secret::SecretString};
//! use cti_crm_kintone::{Kintone, call_log_fields};
//! # let (token, log_token) = (SecretString::from("a"), SecretString::from("b"));
//! let crm = Kintone::new("example.cybozu.com")
//!     .customers(14, token, fields! { phone: "tel", phone2: "mobile", name: "name", company: "company" })
//!     .call_log(15, log_token, call_log_fields());
//! assert!(crm.faults().is_empty());
//! ```
//!
//! Each app has its own token. The token of the customers needs the rights to view, add and edit records, that of the
//! call history to add and edit, or with [`CallLogMode::AddOnly`] to add alone. A token works only after **Update App**
//! (設定完了) was pressed. [`CrmSink::health`](cti_core::crm::CrmSink::health) checks all that can be checked without
//! writing, and says what to do.
//!
//! A call is written under its id with kintone's upsert, so that it stands there once however often it is tried. A
//! customer is searched under the number immediately before being created.

mod address;
mod apps;
mod auth;
mod call_log;
mod client;
mod config;
mod contacts;
mod customers;
mod customize;
mod error;
mod form;
mod health;
mod map;
mod oauth;
mod query;
mod recording;
mod sink;
mod webhook;

pub use address::AppId;
pub use apps::{AppMaker, MadeApps};
pub use auth::Credentials;
pub use call_log::{CallLogMode, call_log_fields};
pub use config::Kintone;
pub use customize::click_to_call_script;
pub use recording::RecordingFiles;
