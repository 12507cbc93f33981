//! The whole adapter between a real Asterisk 16 and 22 (with SIPp as the telephones) and a kintone over HTTP.
//!
//! Needs the lab (`cargo xtask lab`). Where it is missing each test says that it was skipped; with `CTI_LAB=required`
//! it fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and shows its log"
)]
#![allow(unreachable_pub, reason = "modules of one test")]

mod control;
mod dialling;
mod inbound;
mod injection;
mod lost_link;
mod many;
mod merged;
mod outbound;
mod parties;
mod real_program;
mod resync;
mod rights;
mod support;
mod transfers;
mod withheld;
