//! Simulators, behaviour suites and trace tools: test without a telephone system.

//! Simulators, behaviour suites and trace tools for cti: test without a phone system and without a CRM.

pub mod kintone;
pub mod suite;
