//! `schema`: what can stand in the section `[policy]`, for programmes that draw forms.

use crate::{Outcome, output};
use std::process::ExitCode;

/// Prints the JSON Schema.
pub(crate) fn print() -> Outcome {
    output::line(&serde_json::to_string_pretty(&cti::core::policy::schema())?)?;
    Ok(ExitCode::SUCCESS)
}
