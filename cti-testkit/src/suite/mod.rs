//! Behaviour suites: what every connector must do, proved with one line in its tests.

pub mod crm;
