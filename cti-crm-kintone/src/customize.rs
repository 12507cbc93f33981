//! The JavaScript that makes telephone numbers on kintone's pages clickable.

use serde_json::json;
use url::Url;

const SCRIPT: &str = include_str!("../customize/click-to-call.js");
const BEGIN: &str = "/* settings */";
const END: &str = "/* end of settings */";

/// The JavaScript customisation for the pages of an app: the numbers in these fields become links that ask the desk at
/// that address to dial.
///
/// ```
/// let desk = "https://desk.example.com".parse()?;
/// let script = cti_crm_kintone::click_to_call_script(&desk, &["tel", "携帯"]);
/// assert!(script.contains(r#"{"desk":"https://desk.example.com/","fields":["tel","携帯"]}"#));
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn click_to_call_script(desk: &Url, fields: &[&str]) -> String {
    // Nothing in JSON ends a script, but for `</script>` where it were put into a page.
    let settings = json!({"desk": desk, "fields": fields}).to_string().replace("</", "<\\/");
    match (SCRIPT.split_once(BEGIN), SCRIPT.split_once(END)) {
        (Some((head, _)), Some((_, tail))) => format!("{head}{settings}{tail}"),
        _ => SCRIPT.to_owned(),
    }
}
