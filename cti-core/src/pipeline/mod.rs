//! All of it joined: source → policy → look-up → popup and outbox → sink, and command → dial plan → control.
//!
//! ```text
//! source.rs    one task a PBX: takes its events in order, shows them, decides, hands the rest on
//! look_up.rs   who is calling: beside the events, never in their way
//! journal.rs   one task a PBX: what must not be lost goes to the outbox, in order
//! delivery.rs  some tasks a CRM: work from the outbox to the CRM
//! commands.rs  click-to-dial and call control
//! ```

mod builder;
mod commands;
mod delivery;
mod journal;
mod look_up;
mod settings;
mod source;

pub use builder::Pipeline;
pub use settings::Settings;
