//! Simulators, behaviour suites and trace tools for `cti`: test without a phone system.
//!
//! | to find | look in |
//! | --- | --- |
//! | an Asterisk that answers to AMI | [`asterisk`] |
//! | recorded calls of real PBXs | [`trace`] |
//! | the laws that every stream of events keeps | [`laws`] |
//! | what every connector must do | [`suite`] |

pub mod asterisk;
pub mod laws;
pub mod suite;
pub mod trace;
