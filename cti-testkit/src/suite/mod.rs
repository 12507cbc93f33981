//! Behaviour suites: what every connector must do, for its author to run in one line.

pub mod crm;
pub mod directory;
pub mod outbox;
pub mod pbx;
