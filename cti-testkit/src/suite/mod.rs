//! Behaviour suites: an author of a connector runs them with one line.

pub mod pbx;
