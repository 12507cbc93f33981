//! What comes after a call was written: late facts, recordings.

use super::CrmRig;
use super::tools::{Stop, Verdict, ensure, good, inbound, key, same};
use cti_core::ErrorKind;
use cti_core::call::{CallRecord, Disposition, Party, Recording};
use std::collections::BTreeMap;

const CALL: &str = "1.1";

fn recording(n: u32) -> Recording {
    Recording::Url(format!("https://pbx.example.com/{n}.wav"))
}

fn record() -> CallRecord {
    let mut record = inbound(CALL, Party::known("0901234567", "Yamada"));
    record.context.insert("memo".to_owned(), "as written".to_owned());
    record
}

/// The one entry, by our names of attributes.
async fn entry(rig: &dyn CrmRig) -> Result<BTreeMap<String, String>, Stop> {
    let entries = rig.entries().await;
    same("entries", entries.len(), 1)?;
    entries.into_iter().next().ok_or(Stop::Impossible("the rig shows no entries"))
}

pub(super) async fn late_facts_are_written_and_what_people_edited_stays(rig: &dyn CrmRig) -> Verdict {
    let unfinished = CallRecord { disposition: Disposition::Missed, answered_at: None, ..record() };
    good("log_call", rig.sink().log_call(&unfinished, None, &key(CALL)).await)?;
    if !rig.edit_entry("memo", "as edited").await || !rig.edit_entry("name", "Yamada Taro").await {
        return Err(Stop::Impossible("the rig cannot edit"));
    }
    let before = entry(rig).await?;
    let later = CallRecord { recordings: vec![recording(1), recording(2)], ..record() };
    let written = good("update_log", rig.sink().update_log(&later, &key(CALL)).await)?;
    ensure(!written.created, "an update counts as created")?;
    good("update_log again", rig.sink().update_log(&later, &key(CALL)).await)?;
    let after = entry(rig).await?;
    same("the note", after.get("memo").map(String::as_str), Some("as edited"))?;
    same("the name", after.get("name").map(String::as_str), Some("Yamada Taro"))?;
    ensure(before.get("result") != after.get("result"), "the result is not the later one")?;
    let urls = after.get("recording_urls").map_or("", String::as_str);
    ensure(urls.contains("/1.wav") && urls.contains("/2.wav"), "a recording is missing")
}

pub(super) async fn an_entry_that_is_not_there_cannot_be_changed(rig: &dyn CrmRig) -> Verdict {
    match rig.sink().update_log(&record(), &key("9.9")).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => Err(Stop::Failed(format!("update_log of nothing: {other:?}"))),
    }?;
    same("entries", rig.logged().await.len(), 0)
}

pub(super) async fn late_recordings_are_added_each_once(rig: &dyn CrmRig) -> Verdict {
    let first = CallRecord { recordings: vec![recording(1)], ..record() };
    good("log_call", rig.sink().log_call(&first, None, &key(CALL)).await)?;
    for n in [2, 2, 3, 1] {
        good("attach_recording", rig.sink().attach_recording(&recording(n), &key(CALL)).await)?;
    }
    let urls = entry(rig).await?.remove("recording_urls").unwrap_or_default();
    for n in 1..=3 {
        same("how often a recording stands there", urls.matches(&format!("/{n}.wav")).count(), 1)?;
    }
    Ok(())
}
