//! Simulators, behaviour suites and trace tools for `cti`: test without a phone system.
//!
//! | to find | look in |
//! | --- | --- |
//! | an Asterisk that answers to AMI | [`asterisk`] |
//! | recorded calls of real PBXs | [`trace`] |

pub mod asterisk;
pub mod trace;
