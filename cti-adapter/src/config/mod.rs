//! The configuration file: read, checked as a whole, every fault told at once with the path of its key.

mod check;
#[cfg(test)]
mod example;
mod fault;
mod load;
mod raw;
mod secret;

pub(crate) use check::{Config, CrmConfig, Desk, PbxConfig, Transport};
pub(crate) use load::load;
