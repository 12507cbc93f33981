//! What of an answer becomes which variable.

use crate::error;
use cti_core::capture::{Answer, Capture, Hits, ReadError, Row};
use cti_core::{Error, Result};
use cti_http::Reply;
use cti_http::header::CONTENT_TYPE;

/// The hits in an answer, and whether there are more than were read.
pub(crate) fn read(capture: &Capture, reply: &Reply) -> Result<(Vec<Row>, bool)> {
    let body = String::from_utf8_lossy(&reply.body);
    let headers = reply.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let answer = Answer::new(&body).status(reply.status);
    let answer = headers.fold(answer, |answer, (name, value)| answer.header(name, value));
    match capture.read(&answer) {
        Ok(Hits::None) => Ok((Vec::new(), false)),
        Ok(Hits::One(row)) => Ok((vec![row], false)),
        Ok(Hits::Many { rows, total }) => {
            let more = total > rows.len();
            Ok((rows, more))
        }
        Err(ReadError::Status(_)) => Err(error::refused(reply)),
        Err(error) => Err(with_content_type(error.into(), reply)),
    }
}

/// Adds the type of the body: a web page where data is wanted is the usual reason.
fn with_content_type(error: Error, reply: &Reply) -> Error {
    let kind = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|text| text.split(';').next()).map(str::trim);
    let plain = |kind: &&str| kind.len() <= 64 && kind.bytes().all(|byte| byte.is_ascii_graphic());
    match kind.filter(plain) {
        Some(kind) => error.with("content_type", kind),
        None => error,
    }
}
