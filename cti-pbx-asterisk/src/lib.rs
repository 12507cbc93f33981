//! Asterisk for the `cti` family, through the Asterisk Manager Interface (AMI).
//!
//! | to find | look in |
//! | --- | --- |
//! | the wire alone: messages, codec, login, actions | [`ami`] |
//! | what an AMI event means for a call (pure, no I/O) | [`model`] |
//! | recorded bytes, told as events | [`Replay`] |

pub mod ami;
pub mod model;
mod replay;

pub use replay::Replay;
