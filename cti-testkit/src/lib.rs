//! Simulators, behaviour suites and trace tools: test without a telephone system.

pub mod suite;
