//! The HTTP face of `cti`: the agent desk page, click-to-dial for CRM pages, health and metrics.
//!
//! A [`RunningDesk`] is a [`Popup`](cti_core::popup::Popup) (it shows calls) and a
//! [`CommandSource`](cti_core::command::CommandSource) (it hands in what people click). Clones are one desk.
//!
//! ```
//! use cti_desk::{AgentLogin, Desk};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> cti_core::Result<()> {
//! let token = cti_core::secret::SecretString::from("a-long-random-text-of-16-or-more");
//! let desk = Desk::new()
//!     .listen("127.0.0.1:0")
//!     .agent(AgentLogin::new("suzuki", "6001").name("鈴木").token(token))
//!     .bind()
//!     .await?;
//! println!("{}", desk.url());
//! // pipeline.popup(desk.clone()).commands(desk.clone()) …
//! desk.stop().await;
//! # Ok(()) }
//! ```
//!
//! | route | what |
//! | --- | --- |
//! | `GET /` | the page; `/?token=…` signs in |
//! | `GET /session`, `POST /session`, `DELETE /session` | who is signed in, sign in, sign out |
//! | `GET /events` | the agent's calls as server-sent events |
//! | `POST /api/dial` | click-to-dial from the page |
//! | `POST /api/calls/{action}` | `answer`, `hang_up`, `hold`, `resume`, `transfer`, `digits` |
//! | `POST /click-to-dial` | click-to-dial from a CRM page of an allowed origin |
//! | `POST /webhook/{name}/{action}` | what was clicked in a CRM ([`Desk::webhook`]) |
//! | `GET /health`, `GET /metrics` | for monitoring; no personal data |
//!
//! It binds to loopback unless told otherwise, refuses foreign `Host` and `Origin` headers, and shows an agent the
//! calls of the agent's own extensions only.

mod answer;
mod api;
mod board;
mod click;
mod desk;
mod events;
mod health;
mod hook;
mod hub;
mod leg;
mod metrics;
mod page;
mod running;
mod security;
mod server;
mod session;
mod view;
mod webhook;

pub use desk::{AgentLogin, CallWindow, Desk};
pub use health::PartState;
pub use running::RunningDesk;
