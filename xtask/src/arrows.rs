//! Who may depend on whom (docs/architecture.md, section 2). Development dependencies are free.

use crate::Result;
use crate::features::metadata;

/// Package, and the packages of this workspace that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("cti-core", &[]),
    ("cti-pbx-asterisk", &["cti-core"]),
    ("cti-crm-custom", &["cti-core", "cti-http"]),
    ("cti-http", &["cti-core"]),
    ("cti-crm-kintone", &["cti-core", "cti-http"]),
    ("cti-directory", &["cti-core"]),
    ("cti-outbox", &["cti-core"]),
    ("cti-desk", &["cti-core"]),
    ("cti-testkit", &["cti-core"]),
    (
        "cti",
        &[
            "cti-core",
            "cti-pbx-asterisk",
            "cti-crm-kintone",
            "cti-crm-zoho",
            "cti-crm-custom",
            "cti-directory",
            "cti-outbox",
            "cti-desk",
        ],
    ),
    ("cti-crm-zoho", &["cti-core", "cti-http"]),
    ("cti-adapter", &["cti", "cti-testkit"]),
    ("cti-lab", &[]),
    ("xtask", &[]),
];

/// What the core must never pull in: no HTTP server, no C code.
const NOT_IN_CORE: &[&str] = &["axum", "hyper", "reqwest", "rusqlite", "tokio-rustls"];

/// Checks every arrow.
pub(crate) fn run() -> Result<()> {
    let packages = metadata()?;
    let mut wrong = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(package, _)| *package == name) else {
            wrong.push(format!("{name}: not in the table of xtask/src/arrows.rs"));
            continue;
        };
        for needed in dependencies(package) {
            let inside = packages.iter().any(|package| package["name"] == needed);
            if inside && !allowed.contains(&needed) {
                wrong.push(format!("{name} must not depend on {needed}"));
            }
            if name == "cti-core" && NOT_IN_CORE.contains(&needed) {
                wrong.push(format!("cti-core must not depend on {needed}"));
            }
        }
    }
    if wrong.is_empty() {
        println!("arrows: {} packages point one way", packages.len());
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

fn dependencies(package: &serde_json::Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|dependency| dependency["kind"] != "dev").filter_map(|dependency| dependency["name"].as_str())
}
