//! Simulators, behaviour suites and trace tools for the `cti` family: test without a telephone system.

pub mod asterisk;
pub mod kintone;
pub mod suite;
