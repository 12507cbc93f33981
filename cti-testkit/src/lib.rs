//! Simulators, behaviour suites and trace tools for `cti`: test without a phone system.
//!
//! | to find | look in |
//! | --- | --- |
//! | an Asterisk that answers to AMI | [`asterisk`] |
//! | a kintone that answers to HTTP | [`kintone`] |
//! | recorded calls of real PBXs | [`trace`] |
//! | what every connector must do, to be run in one line | [`suite`] |

pub mod asterisk;
pub mod kintone;
pub mod suite;
pub mod trace;
