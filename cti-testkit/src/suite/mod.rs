//! Behaviour suites: what every connector and outbox must do, to be run by its author in one line.

pub mod outbox;
//! Behaviour suites: what every connector must do, proved with one line in its tests.

pub mod crm;
