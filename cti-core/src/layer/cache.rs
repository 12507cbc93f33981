//! Answers the same look-up again for a short time.

use super::answering::AnswerLookUps;
use crate::crm::{CrmSink, LookUp, Matches};
use crate::error::Result;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long an answer is good, and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// How long an answer is given again.
    pub keep: Duration,
    /// The most answers kept.
    pub most: usize,
}

impl Default for Cache {
    /// 30 seconds: long enough for a ring group and a transfer, short enough for an edit to be seen.
    fn default() -> Self {
        Self { keep: Duration::from_secs(30), most: 10_000 }
    }
}

/// Asks once for many who ask for the same number at once, and again only after a while. Errors are not kept.
#[derive(Debug)]
pub struct Answers {
    cache: Cache,
    answers: Mutex<HashMap<String, Answer>>,
}

#[derive(Debug, Clone)]
struct Answer {
    asked: Instant,
    matches: Arc<OnceCell<Matches>>,
}

impl Answers {
    pub(super) fn of(cache: Cache) -> Self {
        Self { cache, answers: Mutex::new(HashMap::new()) }
    }

    fn answer(&self, number: &LookUp) -> Arc<OnceCell<Matches>> {
        let now = Instant::now();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= self.cache.most {
            answers.retain(|_, answer| now - answer.asked < self.cache.keep);
        }
        if answers.len() >= self.cache.most {
            answers.clear(); // All of them young: starting anew costs look-ups, not correctness.
        }
        let answer = answers
            .entry(number.number.as_str().to_owned())
            .and_modify(|answer| {
                if now - answer.asked >= self.cache.keep {
                    *answer = Answer { asked: now, matches: Arc::default() };
                }
            })
            .or_insert_with(|| Answer { asked: now, matches: Arc::default() });
        Arc::clone(&answer.matches)
    }
}

impl AnswerLookUps for Answers {
    async fn look_up<S: CrmSink>(&self, crm: &S, number: &LookUp) -> Result<Matches> {
        let answer = self.answer(number);
        answer.get_or_try_init(|| crm.look_up(number)).await.cloned()
    }

    fn contact_created(&self) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
