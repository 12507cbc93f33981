//! Simulators, behaviour suites and trace tools for `cti`: test without a phone system.
//!
//! | to find | look in |
//! | --- | --- |
//! | an Asterisk that answers to AMI | [`asterisk`] |
//! | a kintone that answers to HTTP | [`kintone`] |
//! | a CRM of somebody's own, over plain HTTP | [`custom`] |
//! | a Zoho that answers to HTTP: accounts server, CRM, PhoneBridge | [`zoho`] |
//! | recorded calls of real PBXs | [`trace`] |
//! | whether events keep the laws of calls | [`laws`] |
//! | what every connector must do, to be run in one line | [`suite`] |

pub mod asterisk;
pub mod custom;
pub mod kintone;
pub mod laws;
pub mod suite;
pub mod trace;

mod wire;
pub mod zoho;
