//! Files: uploaded first, then put into a record by their key.

use super::api::Outcome;
use super::app::{App, FieldType};
use super::error::ApiError;
use super::params::Params;
use super::store::Contents;
use serde_json::{Map, Value, json};

/// A file as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) bytes: Vec<u8>,
}

/// A file in kintone.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) file: Upload,
    /// True once a record holds it: from then on its key only reads.
    in_record: bool,
}

pub(super) fn upload(contents: &mut Contents, file: Option<Upload>) -> Outcome {
    let file = file.ok_or_else(|| ApiError::missing("file"))?;
    let key = contents.next_key("file");
    contents.files.insert(key.clone(), Stored { file, in_record: false });
    Ok(json!({"fileKey": key}))
}

pub(super) fn download(contents: &Contents, params: &Params) -> Result<Stored, ApiError> {
    let stored = contents.files.get(params.text("fileKey")).filter(|stored| stored.in_record);
    stored.cloned().ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new(404, "GAIA_BL01", "The specified file is not found.")
}

/// The parameters with the file keys of what they write replaced by what is stored; `None` if there are none.
pub(super) fn resolve(contents: &mut Contents, app: u64, params: &Params) -> Result<Option<Params>, ApiError> {
    let table = contents.table(app)?;
    if !table.app.fields.iter().any(|field| field.kind == FieldType::File) {
        return Ok(None);
    }
    let app = table.app.clone();
    let mut all = params.object().clone();
    if let Some(Value::Object(record)) = all.get_mut("record") {
        resolve_record(contents, &app, record)?;
    }
    for item in all.get_mut("records").and_then(Value::as_array_mut).into_iter().flatten() {
        let is_update = item.get("id").is_some_and(|id| !id.is_object()) || item.get("updateKey").is_some();
        let record = if is_update { item.get_mut("record") } else { Some(item) };
        if let Some(Value::Object(record)) = record {
            resolve_record(contents, &app, record)?;
        }
    }
    Ok(Some(Params::from_object(all)))
}

fn resolve_record(contents: &mut Contents, app: &App, record: &mut Map<String, Value>) -> Result<(), ApiError> {
    for field in app.fields.iter().filter(|field| field.kind == FieldType::File) {
        let list = record.get_mut(&field.code).and_then(|cell| cell.get_mut("value")).and_then(Value::as_array_mut);
        for entry in list.into_iter().flatten() {
            let key = entry["fileKey"].as_str().unwrap_or_default().to_owned();
            *entry = attach(contents, &key)?;
        }
    }
    Ok(())
}

/// A key of an upload is good once, and becomes another key for reading; one that was read keeps the file where it is.
fn attach(contents: &mut Contents, key: &str) -> Result<Value, ApiError> {
    let mut stored = contents.files.get(key).cloned().ok_or_else(unknown)?;
    let mut read_key = key.to_owned();
    if !stored.in_record {
        contents.files.remove(key);
        read_key = contents.next_key("stored-file");
        stored.in_record = true;
        contents.files.insert(read_key.clone(), stored.clone());
    }
    let file = &stored.file;
    Ok(json!({"fileKey": read_key, "name": file.name, "contentType": file.content_type,
        "size": file.bytes.len().to_string()}))
}

/// The one file of a multipart body.
pub(super) fn from_multipart(content_type: &str, body: &[u8]) -> Option<Upload> {
    let boundary = content_type.split("boundary=").nth(1)?.trim_matches('"');
    let opening = format!("--{boundary}\r\n");
    let closing = format!("\r\n--{boundary}");
    let begin = find(body, opening.as_bytes())? + opening.len();
    let part = &body[begin..];
    let blank = find(part, b"\r\n\r\n")?;
    let (head, rest) = (std::str::from_utf8(&part[..blank]).ok()?, &part[blank + 4..]);
    let bytes = rest[..find(rest, closing.as_bytes())?].to_vec();
    if !head.contains("name=\"file\"") {
        return None;
    }
    let name = head.split("filename=\"").nth(1)?.split('"').next()?.to_owned();
    let kind = head.lines().find_map(|line| {
        line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case("content-type")).map(|(_, kind)| kind.trim())
    });
    Some(Upload { name, content_type: kind.unwrap_or("application/octet-stream").to_owned(), bytes })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_part_of_a_multipart_body_is_read() {
        let body = "--x1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"録音.wav\"\r\n\
                    content-type: audio/wav\r\n\r\nRIFF\r\n--x\r\n--x1--\r\n";
        let file = from_multipart("multipart/form-data; boundary=x1", body.as_bytes()).unwrap();
        assert_eq!((file.name.as_str(), file.content_type.as_str()), ("録音.wav", "audio/wav"));
        assert_eq!(file.bytes, b"RIFF\r\n--x");
        assert_eq!(from_multipart("multipart/form-data; boundary=y", body.as_bytes()), None);
    }
}
