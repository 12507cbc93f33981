//! Joins telephone systems to customer systems: screen pop, call log, click-to-dial.
//!
//! This crate gathers the family behind features, so that one line in `Cargo.toml` is enough:
//!
//! | feature | gives |
//! | --- | --- |
//! | `asterisk` | [`asterisk`]: Asterisk through AMI |
//! | `kintone` | [`kintone`]: kintone as a CRM |
//! | `zoho` | [`zoho`]: Zoho CRM and PhoneBridge |
//! | `custom` | [`custom`]: any CRM, by templates |
//! | `sqlite` | [`outbox`]: a durable outbox in one file; [`directory`]: customers on disk, for when the CRM is down |
//! | `desk` | [`desk`]: the agents' page, click-to-dial, health, metrics |
//! | `full` | all of these |
//!
//! ```no_run
//! # #[cfg(feature = "full")]
//! # async fn embed() -> cti::Result<()> {
//! use cti::prelude::*;
//!
//! # let token = secret("KINTONE_TOKEN")?;
//! let pbx = Asterisk::new("main", "pbx.example.com").login("cti", secret("AMI_SECRET")?).tls();
//! let crm = Kintone::new("example.cybozu.com").customers(14, token, fields! { phone: "tel", name: "name" });
//! Pipeline::new()
//!     .pbx(pbx)
//!     .crm(crm)
//!     .outbox(SqliteOutbox::open("calls.db")?)
//!     .on_pop(|pop| async move { println!("{}: {}", pop.extension, pop.title()) })
//!     .run_until(ctrl_c())
//!     .await?;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "asterisk")]
pub use cti_pbx_asterisk as asterisk;

#[cfg(feature = "kintone")]
pub use cti_crm_kintone as kintone;

#[cfg(feature = "custom")]
pub use cti_crm_custom as custom;

#[cfg(feature = "zoho")]
pub use cti_crm_zoho as zoho;

#[cfg(feature = "sqlite")]
pub use cti_directory as directory;

#[cfg(feature = "sqlite")]
pub use cti_outbox as outbox;

#[cfg(feature = "desk")]
pub use cti_desk as desk;

pub use cti_core as core;
pub use cti_core::pipeline::Pipeline;
pub use cti_core::{Error, ErrorKind, Result, Status, fields, secret};

mod stop;

pub use stop::ctrl_c;

/// Everything that a small programme needs.
pub mod prelude {
    pub use crate::{Error, Pipeline, Result, ctrl_c, fields, secret};
    pub use cti_core::crm::CrmSink;
    pub use cti_core::layer::{Budget, Cache, CrmSinkExt, Retry};
    pub use cti_core::pbx::{PbxControl, PbxSource};

    #[cfg(feature = "asterisk")]
    pub use cti_pbx_asterisk::Asterisk;

    #[cfg(feature = "kintone")]
    pub use cti_crm_kintone::Kintone;

    #[cfg(feature = "custom")]
    pub use cti_crm_custom::{Custom, Step};

    #[cfg(feature = "zoho")]
    pub use cti_crm_zoho::Zoho;

    #[cfg(feature = "sqlite")]
    pub use cti_outbox::SqliteOutbox;

    #[cfg(feature = "desk")]
    pub use cti_desk::Desk;
}
