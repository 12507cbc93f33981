//! The configuration file: read, checked as a whole, every fault told at once with the path of its key.

mod asterisk;
mod check;
mod crm;
#[cfg(test)]
mod example;
mod fault;
mod load;
mod raw;
mod secret;
mod section;

pub(crate) use check::{Config, Desk, PbxConfig, Transport};
pub(crate) use crm::Crm;
pub(crate) use load::load;
