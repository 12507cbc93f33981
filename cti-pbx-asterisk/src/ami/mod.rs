//! The wire: AMI messages as Asterisk sends and takes them. Usable alone.

mod message;

pub use message::Message;
