//! Any CRM, by templates: what is sent at which moment of a call is text with variables, and no code.
//!
//! ```
//! use cti_core::secret::SecretString;
//! use cti_crm_custom::{Custom, Step};
//! # let password = SecretString::from("a");
//! let crm = Custom::new("crm")
//!     .account("cti", password)
//!     .auth(Step::http_post("https://crm.example/login?user={AID}&key=SHA256({APW})").capture("SESSION", "$.session"))
//!     .search(
//!         Step::http_get("https://crm.example/find?tel={TEL}")
//!             .header("authorization", "Bearer {SESSION}")
//!             .rows("$.found[*]")
//!             .capture("EXT_ID", "$.id")
//!             .capture("NAME", "$.name"),
//!     )
//!     .click(Step::browser_get("https://crm.example/customers/{EXT_ID}"))
//!     .hang_up(Step::http_post("https://crm.example/calls?id={ID}&customer={EXT_ID}&seconds={TALKTIME}"));
//! assert_eq!(crm.faults(), []);
//! ```
//!
//! | step | when | methods |
//! | --- | --- | --- |
//! | authentication | before the first request, again after the keep time and when the session is refused | request, command |
//! | search | a call comes in | request, command |
//! | click | the agent clicks the pop | all |
//! | ring | a phone rings | all |
//! | answer | it is answered, after a delay if wanted | all |
//! | hang-up | the call is over, only if it was answered if wanted | all |
//!
//! The methods are: a page in the agent's browser by GET or POST, a request of our own by GET or POST, and a programme
//! started without a shell. Every value is escaped for its place by [`cti_core::template`]; a programme must be on the list
//! of those allowed, each of its arguments is one template, and it is killed with all it started when its time is up.

mod auth;
mod capture;
mod client;
mod command;
mod compile;
mod config;
mod cookie;
mod error;
mod health;
mod map;
mod names;
mod page;
mod phone_book;
mod ready;
mod sink;
mod step;

pub use config::Custom;
pub use step::{Method, Step};
