//! Making apps over the API: written as a draft, then deployed, which takes kintone a moment.

use super::access::Caller;
use super::api::{Call, Outcome};
use super::app::{App, Field};
use super::error::ApiError;
use super::params::number;
use super::store::{Contents, Table};
use serde_json::{Value, json};

/// An app that is being made or changed.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    app: App,
    /// How often the deployment will still be told to go on; `None` before it was asked for.
    deploying: Option<u32>,
}

pub(super) fn carry_out(contents: &mut Contents, call: &Call<'_>, method: &str, resource: &str) -> Outcome {
    // Whoever makes apps must be a person: a token belongs to an app that is there already.
    if !matches!(call.caller, Caller::Person) {
        return Err(ApiError::new(403, "CB_NO02", "No privilege to proceed."));
    }
    match (method, resource) {
        ("POST", "preview/app.json") => add_app(contents, call),
        ("POST", "preview/app/form/fields.json") => add_fields(contents, call),
        ("PUT", "preview/app/form/layout.json") => {
            let layout = call.params.object().get("layout").cloned().ok_or_else(|| ApiError::missing("layout"))?;
            let draft = draft(contents, call.params.need("app")?)?;
            let unknown = codes_in(&layout).into_iter().find(|code| draft.app.top(code).is_none());
            if let Some(code) = unknown {
                return Err(ApiError::parameter("layout", &format!("The field code ({code}) is not found.")));
            }
            draft.app.layout = Some(layout);
            Ok(json!({"revision": "3"}))
        }
        ("POST", "preview/app/deploy.json") => {
            for app in call.params.list("apps")? {
                let id = number(&app["app"]).ok_or_else(|| ApiError::missing("apps"))?;
                draft(contents, id)?.deploying = Some(1);
            }
            Ok(json!({}))
        }
        ("GET", "preview/app/deploy.json") => {
            let ids = call.params.texts("apps").ok_or_else(|| ApiError::missing("apps"))?;
            let state = |id: String| -> Outcome {
                let state = deployment(contents, id.parse().unwrap_or_default())?;
                Ok(json!({"app": id, "status": state}))
            };
            Ok(json!({"apps": ids.into_iter().map(state).collect::<Result<Vec<_>, _>>()?}))
        }
        _ => Err(ApiError::new(400, "CB_IL02", "Illegal request.")),
    }
}

fn add_app(contents: &mut Contents, call: &Call<'_>) -> Outcome {
    let name = call.params.text("name");
    if name.is_empty() || name.chars().count() > 64 {
        return Err(ApiError::missing("name"));
    }
    let highest = contents.tables.keys().chain(contents.drafts.keys()).max().copied().unwrap_or(0);
    let id = highest + 1;
    let mut app = App::new(id, name);
    app.guest_space = call.guest_space;
    contents.drafts.insert(id, Draft { app, deploying: None });
    Ok(json!({"app": id.to_string(), "revision": "1"}))
}

fn add_fields(contents: &mut Contents, call: &Call<'_>) -> Outcome {
    let properties = call.params.object().get("properties").and_then(Value::as_object);
    let properties = properties.ok_or_else(|| ApiError::missing("properties"))?;
    let draft = draft(contents, call.params.need("app")?)?;
    for (code, description) in properties {
        if draft.app.top(code).is_some() {
            return Err(ApiError::new(400, "GAIA_FC01", "The field code is in use."));
        }
        let place = format!("properties[{code}]");
        let field = Field::described(code, description).ok_or_else(|| ApiError::missing(&format!("{place}.type")))?;
        draft.app.fields.push(field);
    }
    Ok(json!({"revision": "2"}))
}

/// The draft of an app; that of an app in use begins as it is.
fn draft(contents: &mut Contents, id: u64) -> Result<&mut Draft, ApiError> {
    if !contents.drafts.contains_key(&id) {
        let app = contents.table(id)?.app.clone();
        contents.drafts.insert(id, Draft { app, deploying: None });
    }
    contents.drafts.get_mut(&id).ok_or_else(|| ApiError::no_app(id))
}

/// Deploying takes a moment: asked the first time it is under way.
fn deployment(contents: &mut Contents, id: u64) -> Result<&'static str, ApiError> {
    let draft = contents.drafts.get_mut(&id).ok_or_else(|| ApiError::no_app(id))?;
    match draft.deploying {
        None => Ok("CANCEL"),
        Some(left @ 1..) => {
            draft.deploying = Some(left - 1);
            Ok("PROCESSING")
        }
        Some(0) => {
            let app = draft.app.clone();
            match contents.tables.get_mut(&id) {
                Some(table) => table.app = app,
                None => drop(contents.tables.insert(id, Table::new(app))),
            }
            Ok("SUCCESS")
        }
    }
}

/// The layout of a form: as it was set, else every field in a row of its own.
pub(super) fn layout(app: &App) -> Value {
    let row = |field: &Field| json!({"type": "ROW", "fields": [{"type": field.kind.wire(), "code": field.code}]});
    app.layout.clone().unwrap_or_else(|| app.fields.iter().filter(|field| !field.kind.is_system()).map(row).collect())
}

fn codes_in(layout: &Value) -> Vec<&str> {
    let rows = layout.as_array().into_iter().flatten();
    rows.flat_map(|row| row["fields"].as_array().into_iter().flatten()).filter_map(|f| f["code"].as_str()).collect()
}
