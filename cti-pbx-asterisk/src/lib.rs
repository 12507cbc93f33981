//! Asterisk for the `cti` family, through the Asterisk Manager Interface (AMI).
//!
//! | to find | look in |
//! | --- | --- |
//! | the wire alone: messages, codec, login, actions, a plain client | [`ami`] |
//! | what an AMI event means for a call (pure, no I/O) | [`model`] |

pub mod ami;
mod error;
pub mod model;
#[cfg(test)]
mod testing;
