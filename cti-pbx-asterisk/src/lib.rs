//! Asterisk for the `cti` family, through the Asterisk Manager Interface (AMI).
//!
//! | to find | look in |
//! | --- | --- |
//! | the PBX itself: events and control, connected for ever | [`Asterisk`] |
//! | the wire alone: messages, codec, login, actions, a plain client | [`ami`] |
//! | what an AMI event means for a call (pure, no I/O) | [`model`] |
//! | recorded bytes, told as events | [`Replay`] |

pub mod ami;
mod config;
mod control;
#[cfg(test)]
mod control_tests;
mod device;
mod dial;
mod error;
mod health;
mod link;
pub mod model;
mod replay;
mod safe;
mod source;
#[cfg(test)]
mod testing;
mod version;

pub use config::Asterisk;
pub use replay::Replay;
