//! What every directory of customers must do.

use chrono::{DateTime, TimeDelta, Utc};
use cti_core::Result;
use cti_core::call::Name;
use cti_core::contacts::{Contact, Reading};
use cti_core::crm::Match;
use cti_core::directory::{Directory, Entry, Progress, Stored, key};
use cti_core::number::{Number, NumberingPlan};

/// A customer of a made-up CRM, last changed that many minutes after 2026-11-21 05:00 UTC.
pub fn contact(id: u64, name: &str, numbers: &[&str], minute: i64) -> Contact {
    let start: DateTime<Utc> = DateTime::from_timestamp(1_795_237_200, 0).unwrap_or_default();
    Contact {
        matched: Match {
            object: "14".to_owned(),
            id: id.to_string(),
            name: Name::new(name),
            company: None,
            spelled: None,
            url: None,
            fields: [("email".to_owned(), format!("{id}@example.com"))].into(),
        },
        numbers: numbers.iter().filter_map(|number| Number::new(number)).collect(),
        changed_at: start + TimeDelta::minutes(minute),
        version: format!("{minute}"),
    }
}

/// Proves an empty directory; the error says what it does not keep.
///
/// # Errors
/// The first thing that is wrong, in a sentence.
pub async fn run(directory: &dyn Directory) -> std::result::Result<(), String> {
    let broken = |error: cti_core::Error| error.chain();
    prove(directory).await.map_err(broken)?
}

async fn prove(directory: &dyn Directory) -> Result<std::result::Result<(), String>> {
    let plan = NumberingPlan::japan();
    let entry = |contact: Contact| Entry::of(contact, &plan);
    let store = async |contacts: Vec<Contact>| directory.store(contacts.into_iter().map(entry).collect(), None).await;
    let under = async |number: &str| {
        let key = Number::new(number).map_or_else(String::new, |number| key(&number, &plan));
        let found = directory.find(&key, 2).await?;
        let tell = |one: &Match| (one.id.clone(), one.spelled.as_ref().map(|spelled| spelled.as_str().to_owned()));
        Ok::<_, cti_core::Error>(found.iter().map(tell).collect::<Vec<_>>())
    };
    let spelled = |id: &str, spelled: &str| (id.to_owned(), Some(spelled.to_owned()));
    macro_rules! hold {
        ($left:expr, $right:expr, $law:expr) => {
            let (found, expected) = ($left, $right);
            if found != expected {
                return Ok(Err(format!("{}: {found:?} instead of {expected:?}", $law)));
            }
        };
    }

    hold!(directory.progress().await?, None::<Progress>, "a new directory was never read");
    let two = vec![contact(1, "A", &["03-1234-5678", "090 1111 2222"], 0), contact(2, "B", &["+81312345678"], 5)];
    hold!(store(two.clone()).await?, Stored { changed: 2, removed: 0 }, "both are new");
    hold!(store(two).await?, Stored::default(), "the same again changes nothing");
    hold!(
        under("0312345678").await?,
        vec![spelled("2", "+81312345678"), spelled("1", "03-1234-5678")],
        "both are found in any spelling, the last changed first, spelled as in their records"
    );
    hold!(under("+819011112222").await?, vec![spelled("1", "090 1111 2222")], "a second number is found");
    hold!(under("0399999999").await?.len(), 0, "nobody has this number");

    store(vec![contact(1, "A", &["06-1111-2222"], 7)]).await?;
    hold!(under("09011112222").await?.len(), 0, "an old number finds nobody");
    hold!(under("0611112222").await?, vec![spelled("1", "06-1111-2222")], "the new number finds him");
    hold!(store(vec![contact(1, "A", &[], 8)]).await?, Stored { changed: 0, removed: 1 }, "without a number he goes");
    hold!(store(vec![contact(9, "Z", &[], 8)]).await?, Stored::default(), "who has no number does not come in");
    hold!(directory.count().await?, 1, "one is left");
    directory.remove("14", "2").await?;
    hold!(under("0312345678").await?.len(), 0, "a removed one is not found");

    let crowd: Vec<Contact> = (10..20).map(|id| contact(id, "C", &["0312345678"], 0)).collect();
    store(crowd).await?;
    hold!(under("0312345678").await?.len(), 2, "no more than were asked for");
    let progress = Progress {
        reading: Reading::Changed { since: contact(1, "A", &[], 0).changed_at },
        after: Some("x".to_owned()),
        began_at: contact(1, "A", &[], 1).changed_at,
        ended_at: None,
        latest: Some(contact(1, "A", &[], 2).changed_at),
        read: 12,
        total: Some(13),
    };
    directory.store(vec![entry(contact(30, "D", &["0333333333"], 9))], Some(&progress)).await?;
    hold!(directory.progress().await?, Some(progress), "progress is kept with what was read");
    hold!(under("0333333333").await?.len(), 1, "and what was read with the progress");
    Ok(Ok(()))
}
