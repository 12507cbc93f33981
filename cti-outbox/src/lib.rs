//! Durable outboxes: work for a CRM is on disk before anybody relies on it, and is done once.
//!
//! | feature | type | for |
//! | --- | --- | --- |
//! | `sqlite` (default) | [`SqliteOutbox`] | one machine; nothing to install |
//!
//! Every outbox here passes `cti_testkit::suite::outbox`.

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::{Opened, SqliteOutbox};
