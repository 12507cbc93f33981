//! Zoho CRM and PhoneBridge for `cti`: look-up by telephone number, call log, contacts, tasks for missed calls, Zoho's own
//! call window, click-to-dial and call control from it.
//!
//! ```
//! use cti_core::secret::SecretString;
//! use cti_crm_zoho::{Agent, PhoneBridge, Zoho};
//! # let (secret, webhook) = (SecretString::from("a"), SecretString::from("0123456789abcdef"));
//! let crm = Zoho::new("jp")
//!     .client("1000.ABC", secret)
//!     .token_file("/var/lib/cti/zoho.json")
//!     .agents([Agent::new("sato", "6001", "sato@example.com")])
//!     .phone_bridge(PhoneBridge::new().webhooks("https://cti.example.com/webhook/zoho", webhook));
//! assert!(crm.faults().is_empty());
//! ```
//!
//! One access token serves all requests and is kept on disk; it is refreshed by one request at a time. A call is written
//! once however often it is tried: Zoho's upsert does not cover calls, so each is searched under its key first. What is not
//! settled in Zoho's documents has a switch; docs/zoho.md lists them.

mod agents;
mod auth;
mod bridge;
mod call_log;
mod centre;
mod client;
mod config;
mod credits;
mod customers;
mod error;
mod groups;
mod health;
mod login;
mod map;
mod query;
mod sink;
mod tasks;
mod token_file;
mod users;

pub use bridge::{EndStates, LogBy, PhoneBridge};
pub use call_log::DurationForm;
pub use centre::centres;
pub use config::Zoho;
pub use customers::{Find, Module, TieBreak};
pub use login::{Login, SCOPES};
pub use tasks::MissedCallTasks;
pub use users::Agent;
