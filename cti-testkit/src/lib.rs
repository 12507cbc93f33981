//! Simulators, behaviour suites and trace tools for `cti`: test without a phone system.
//!
//! | to find | look in |
//! | --- | --- |
//! | an Asterisk that answers to AMI | [`asterisk`] |
//! | recorded calls of real PBXs | [`trace`] |
//! | the laws that every stream of events keeps | [`laws`] |

pub mod asterisk;
pub mod laws;
pub mod trace;
