//! The lab: real Asterisk servers, SIP parties and a browser for live tests.
//!
//! `cargo xtask lab` installs what is needed, once per machine. A live test is an ordinary test that starts its own
//! [`Asterisk`], lets [`Sipp`] parties call each other, looks on with [`Ami`] or [`Chromium`], and says plainly that it
//! was skipped where the lab is missing. [`live_tests!`] writes the frame of such a test.
//!
//! Everything runs on loopback addresses, has a bounded life and ends with the value that started it.

mod ami;
mod asterisk;
mod child;
mod chromium;
mod error;
mod ports;
mod presence;
mod refer;
mod sipp;
mod template;
mod webdriver;

pub use ami::{Ami, Packet};
pub use asterisk::{Asterisk, StartOptions};
pub use chromium::Chromium;
pub use error::{LabError, Result};
pub use presence::{Lab, Version};
pub use sipp::{CallIn, Sipp, SippCall, SippParty};
pub use webdriver::{Element, WebDriver};

/// Writes one test per installed Asterisk version: `name::v16` and `name::v22`, each on a Tokio runtime.
///
/// The test is skipped, and says so, where that version is not installed; see [`Lab::find_or_skip`].
///
/// ```
/// cti_lab::live_tests! {
///     /// Asterisk boots.
///     async fn boots(version) {
///         let asterisk = cti_lab::Asterisk::start(version).await.unwrap();
///         assert!(asterisk.cli("core show version").await.unwrap().starts_with("Asterisk"));
///     }
/// }
/// ```
#[macro_export]
macro_rules! live_tests {
    ($($(#[$meta:meta])* async fn $name:ident($version:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a test may use nothing of its file")]
            use super::*;

            async fn run($version: $crate::Version) $body

            #[tokio::test]
            async fn v16() {
                if $crate::Lab::version_or_skip($crate::Version::V16) {
                    run($crate::Version::V16).await;
                }
            }

            #[tokio::test]
            async fn v22() {
                if $crate::Lab::version_or_skip($crate::Version::V22) {
                    run($crate::Version::V22).await;
                }
            }
        }
    )+};
}

/// The [`Lab`], or a return from the test after saying that it was skipped.
#[macro_export]
macro_rules! lab_or_skip {
    () => {
        match $crate::Lab::find_or_skip() {
            Some(lab) => lab,
            None => return,
        }
    };
}
