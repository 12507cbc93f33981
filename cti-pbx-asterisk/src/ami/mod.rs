//! The wire: AMI messages as Asterisk sends and takes them. Usable alone, as a plain client.
//!
//! ```no_run
//! # async fn run() -> cti_core::Result<()> {
//! use cti_pbx_asterisk::ami::{Action, Client, Incoming, Options};
//!
//! let options = Options::new("127.0.0.1").login("cti", cti_core::secret("AMI_SECRET")?);
//! let (client, mut events) = Client::connect(&options).await?;
//! for channel in client.send_list(Action::core_show_channels()).await? {
//!     println!("{}", channel.get("Channel").unwrap_or_default());
//! }
//! while let Some(Incoming::Event { message, .. }) = events.recv().await {
//!     println!("{}", message.event().unwrap_or_default());
//! }
//! # Ok(()) }
//! ```

mod action;
mod client;
mod codec;
mod connection;
mod inbox;
mod lines;
mod login;
mod message;
mod names;
mod options;
#[cfg(test)]
mod tests;
mod tls;

pub use action::Action;
pub use client::{Client, Events, Response};
pub use codec::{Decoder, Frame, Limits};
pub use inbox::{Incoming, Watch};
pub use login::challenge_key;
pub use message::Message;
pub use options::Options;
