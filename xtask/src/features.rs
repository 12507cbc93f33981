//! Each feature of the facade must build alone: an integrator takes one PBX and one CRM, not all.

use crate::Result;
use crate::shell::cargo;
use std::process::Command;

/// Checks the facade without features, and with each alone.
pub(crate) fn run() -> Result<()> {
    cargo("check --package cti --no-default-features", &[])?;
    for feature in features()? {
        cargo(&format!("check --package cti --no-default-features --features {feature}"), &[])?;
    }
    Ok(())
}

fn features() -> Result<Vec<String>> {
    let packages = metadata()?;
    let facade = packages.iter().find(|package| package["name"] == "cti").ok_or("the facade `cti` is gone")?;
    let features = facade["features"].as_object().ok_or("cargo metadata has changed its form")?;
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}

/// The packages of the workspace, as `cargo metadata` tells them.
pub(crate) fn metadata() -> Result<Vec<serde_json::Value>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let mut whole: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    match whole["packages"].take() {
        serde_json::Value::Array(packages) => Ok(packages),
        _ => Err("cargo metadata has changed its form".to_owned()),
    }
}
