//! A page for people: the records of an app, so that a screen pop of a demo leads somewhere.

use super::Shared;
use super::app::FieldType;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::fmt::Write as _;

const STYLE: &str = "body{font:15px system-ui,sans-serif;margin:2em;color-scheme:light dark}\
    table{border-collapse:collapse}th,td{border:1px solid #8886;padding:.4em .7em;text-align:left}tr:target{background:#fc38}";

/// The app that a path such as `/k/14/` or `/k/14/show` names, if it is a page of one.
pub(super) fn app_of(path: &str) -> Option<u64> {
    let (app, page) = path.strip_prefix("/k/")?.split_once('/')?;
    matches!(page, "" | "show" | "edit").then(|| app.parse().ok())?
}

/// All records of the app as a table; `#record=7` points to a row.
pub(super) fn page(shared: &Shared, app: u64) -> Response {
    let body = shared.with(|state| {
        let table = state.contents.tables.get(&app)?;
        let fields =
            table.app.fields.iter().filter(|field| !field.kind.is_system() && field.kind != FieldType::Subtable);
        let codes: Vec<&str> = fields.map(|field| field.code.as_str()).collect();
        let records: Vec<Value> = table.records.values().map(|record| record.read(&table.app, None)).collect();
        Some(html(&table.app.name, &codes, &records))
    });
    match body {
        Some(body) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response(),
        None => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

fn html(title: &str, codes: &[&str], records: &[Value]) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style><h1>{0}</h1>\
         <p>simulated kintone</p><table><tr><th>#</th>",
        escape(title)
    );
    for code in codes {
        let _ = write!(page, "<th>{}</th>", escape(code));
    }
    for record in records {
        let id = escape(record["$id"]["value"].as_str().unwrap_or_default());
        let _ = write!(page, "</tr><tr id=\"record={id}\"><td>{id}</td>");
        for code in codes {
            let _ = write!(page, "<td>{}</td>", escape(&text(&record[*code]["value"])));
        }
    }
    page + "</tr></table></html>"
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
