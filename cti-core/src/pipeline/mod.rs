//! All of it joined: source → policy → look-up → popup and outbox → sink, and command → dial plan → control.
//!
//! ```text
//! source.rs    one task a PBX: takes its events in order, shows them, decides, hands the rest on
//! look_up.rs   who is calling: beside the events, never in their way
//! notices.rs   what happens is told to the CRMs that want to know: beside the events too
//! journal.rs   one task a PBX: what must not be lost goes to the outbox, in order
//! delivery.rs  some tasks a CRM: work from the outbox to the CRM
//! commands.rs  click-to-dial and call control
//! clicks.rs    clicks on pops
//! editor.rs    settings changed while it runs, by administrators alone
//! ```

mod builder;
mod clicks;
mod commands;
mod delivery;
mod editor;
mod journal;
mod look_up;
mod notices;
mod settings;
mod source;

pub use builder::Pipeline;
pub use editor::{Authority, Nobody, SettingsEditor};
pub use settings::Settings;
