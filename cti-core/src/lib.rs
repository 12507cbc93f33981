//! The common ground of the `cti` family: what a call is, what a PBX and a CRM must be able to do, and the
//! pipeline that joins them.
//!
//! ```text
//! PBX ──▶ PbxSource ──▶ CallEvent ──▶ policy ──▶ look-up, screen pop ──▶ Popup
//!                            │
//!                            └──▶ Outbox (durable) ──▶ CrmSink: call log
//! agent / CRM ──▶ CommandSource ──▶ dial plan ──▶ PbxControl ──▶ PBX
//! ```
//!
//! | to find | look in |
//! | --- | --- |
//! | what happens in a call, as events and as the final record | [`call`] |
//! | the traits of connectors | [`pbx`], [`crm`], [`outbox`], [`popup`], [`command`], [`webhook`] |
//! | which attribute stands in which field of a CRM | [`mod@fields`] |
//! | telephone numbers and how they are compared | [`number`] |
//! | prefixes, groups, click-to-dial | [`dial`] |
//! | text with variables that cannot be injected | [`template`] |
//! | what an answer gives back | [`capture`] |
//! | what the doctor finds | [`health`] |
//! | what to do with an event, and why | [`policy`] |
//! | all of it joined | [`pipeline`] |
//! | retry, budget, cache around any CRM | [`layer`] |
//! | customers read from a CRM, and kept for when it is down | [`contacts`], [`directory`] |
//!
//! This crate holds no connector, no HTTP server and no C code.

pub mod backoff;
pub mod call;
pub mod capture;
pub mod command;
pub mod contacts;
pub mod crm;
pub mod dial;
pub mod directory;
pub mod error;
pub mod fault;
pub mod fields;
pub mod health;
pub mod hook;
pub mod layer;
pub mod number;
pub mod outbox;
pub mod pbx;
pub mod pipeline;
pub mod policy;
pub mod popup;
pub mod secret;
pub mod template;
pub mod turns;
pub mod webhook;

pub use error::{Error, ErrorKind, Result, Status};
pub use fault::Fault;
pub use secret::secret;
