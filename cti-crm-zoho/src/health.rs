//! What can be checked without writing, and what to do about what is wrong.

use crate::bridge::Bridge;
use crate::client::{Importance, Request, list};
use crate::config::Ready;
use cti_core::health::Check;
use cti_core::{Error, ErrorKind, Fault};
use serde_json::Value;
use std::collections::BTreeSet;

/// A fault of the configuration as a check.
pub(crate) fn configuration_fault(fault: &Fault) -> Check {
    Check::failed(
        format!("zoho.configuration.{}", fault.path),
        fault.message.clone(),
        "correct this key of the configuration",
    )
}

/// All checks.
pub(crate) async fn check(ready: &Ready) -> Vec<Check> {
    if let Err(error) = ready.auth.access().await {
        return vec![Check::failed("zoho.token", error.chain(), cure(&error))];
    }
    let mut checks = vec![Check::ok("zoho.token", "Zoho accepts the token")];
    if !ready.auth.is_kept() {
        let cure =
            "set token_file: each start of the programme needs an access token, and Zoho gives ten in ten minutes";
        checks.push(Check::warning("zoho.token_file", "the access token is not kept", cure));
    }
    checks.push(organisation(ready).await);
    for module in &ready.customers.rules.modules {
        checks.push(fields(ready, &module.name, &module.fields()).await);
    }
    if let Some(log) = &ready.call_log {
        let mut needed: Vec<&str> = vec!["Subject", "Call_Type", "Call_Start_Time", "Call_Duration", "Description"];
        needed.extend(log.rules.key_field.as_ref().map(|field| field.as_str()));
        needed.extend(log.rules.fields.iter().map(|(_, code)| code));
        checks.push(fields(ready, "Calls", &needed).await);
        checks.push(key(ready).await);
    }
    checks.extend(agents(ready).await);
    if let Some(bridge) = &ready.bridge {
        checks.push(phone_bridge(bridge, ready).await);
    }
    checks
}

/// What to do about an error.
fn cure(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Unauthenticated => "run `cti-adapter login zoho`; check client id, client secret and data centre",
        ErrorKind::PermissionDenied => {
            "run `cti-adapter login zoho` with all scopes of docs/zoho.md; check the user's profile"
        }
        ErrorKind::ConfigInvalid => "correct the configuration: data centre, token file, names of modules and fields",
        ErrorKind::RateLimited => "wait a quarter of an hour, and see that no other programme uses this client",
        _ => "check the network, the data centre and Zoho's own status page",
    }
}

async fn organisation(ready: &Ready) -> Check {
    let name = "zoho.organisation";
    match ready.client.send(Request::get("org").matters(Importance::Care)).await {
        Ok(_) => Check::ok(name, "the organisation answers"),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Check::warning(
            name,
            error.chain(),
            "add the scope ZohoCRM.org.READ, or set org: pops lead to a page without it",
        ),
        Err(error) => Check::failed(name, error.chain(), cure(&error)),
    }
}

async fn described(ready: &Ready, module: &str) -> cti_core::Result<Vec<Value>> {
    let request = Request::get("settings/fields").with("module", module).matters(Importance::Care);
    Ok(list(ready.client.send(request).await?.as_ref(), "fields")?.to_vec())
}

fn api_name(field: &Value) -> Option<&str> {
    field.get("api_name").and_then(Value::as_str)
}

/// All fields that we read or write are there.
async fn fields(ready: &Ready, module: &str, needed: &[&str]) -> Check {
    let name = format!("zoho.{module}.fields");
    let known = match described(ready, module).await {
        Ok(known) => known,
        Err(error) => return Check::failed(name, error.chain(), cure(&error)),
    };
    let known: BTreeSet<&str> = known.iter().filter_map(api_name).collect();
    let missing: Vec<&str> = needed.iter().copied().filter(|field| !known.contains(field)).collect();
    if missing.is_empty() {
        return Check::ok(name, format!("{} fields are there", needed.len()));
    }
    let found = format!("{module} has no field {}", missing.join(", "));
    Check::failed(name, found, "take the API names of Setup > Developer Hub > APIs > API names")
}

/// Whether Zoho itself keeps a call from being written twice.
async fn key(ready: &Ready) -> Check {
    let name = "zoho.Calls.key";
    let field = ready.call_log.as_ref().and_then(|log| log.rules.key_field.as_ref());
    let Some(field) = field else {
        return Check::ok(name, "calls are recognised by a mark in their subject");
    };
    let known = described(ready, "Calls").await.unwrap_or_default();
    let unique =
        known.iter().find(|known| api_name(known) == Some(field.as_str())).and_then(|field| field.get("unique"));
    match unique.and_then(Value::as_object).is_some_and(|unique| !unique.is_empty()) {
        true => Check::ok(name, format!("{} is unique", field.as_str())),
        false => Check::warning(
            name,
            format!("{} is not unique", field.as_str()),
            "tick \"Do not allow duplicate values\" in the field's properties",
        ),
    }
}

/// Every agent is an active user.
async fn agents(ready: &Ready) -> Option<Check> {
    let name = "zoho.agents";
    let agents = &ready.agents;
    let wanted: Vec<(String, &str)> = agents
        .all
        .iter()
        .map(|agent| (format!("agent at {}", agent.extension), agent.email.as_str()))
        .chain(agents.fallback.iter().map(|email| ("fallback_owner".to_owned(), email.as_str())))
        .collect();
    if wanted.is_empty() {
        return None;
    }
    let users = match agents.users.all(&ready.client).await {
        Ok(users) => users,
        Err(error) => return Some(Check::failed(name, error.chain(), cure(&error))),
    };
    let known = |email: &str| users.iter().any(|user| user.email.eq_ignore_ascii_case(email));
    let unknown: Vec<&str> = wanted.iter().filter(|(_, email)| !known(email)).map(|(who, _)| who.as_str()).collect();
    if unknown.is_empty() {
        return Some(Check::ok(name, format!("{} are active users", wanted.len())));
    }
    let found = format!("Zoho has no active user with the e-mail address of: {}", unknown.join(", "));
    Some(Check::warning(name, found, "correct the address; until then the calls belong to the fallback owner"))
}

async fn phone_bridge(bridge: &Bridge, ready: &Ready) -> Check {
    let name = "zoho.phonebridge";
    // Reading the users would enable PhoneBridge; a check changes nothing.
    let request = Request::bridge(cti_http::Method::GET, "users", Vec::new()).with("page", "1").with("perPage", "200");
    match bridge.client.send(request.matters(Importance::Care)).await {
        Ok(answer) => {
            let users = list(answer.as_ref(), "users").map_or(0, <[Value]>::len);
            match ready.agents.all.is_empty() {
                false => Check::ok(name, format!("PhoneBridge knows {users} users")),
                true => Check::warning(name, "no agent is named", "name the agents with extension and email"),
            }
        }
        Err(error) if crate::error::vendor_code(&error) == Some("PBX_NOT_INTEGRATED") => {
            Check::warning(name, "PhoneBridge is not enabled yet", "it is enabled when the adapter starts")
        }
        Err(error) => Check::failed(name, error.chain(), cure(&error)),
    }
}
