//! Simulators, behaviour suites and trace tools for the `cti` family: test without a telephone system.

pub mod kintone;
pub mod suite;
