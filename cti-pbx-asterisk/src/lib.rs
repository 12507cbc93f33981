//! Asterisk for the `cti` family, through the Asterisk Manager Interface (AMI).
//!
//! | to find | look in |
//! | --- | --- |
//! | the PBX itself: events and control, connected for ever | [`Asterisk`] |
//! | the wire alone: messages, codec, login, actions, a plain client | [`ami`] |
//! | what an AMI event means for a call (pure, no I/O) | [`model`] |

pub mod ami;
mod config;
mod control;
#[cfg(test)]
mod control_tests;
mod dial;
mod error;
mod link;
pub mod model;
mod safe;
mod source;
#[cfg(test)]
mod testing;

pub use config::Asterisk;
