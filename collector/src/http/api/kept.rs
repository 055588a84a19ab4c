//! Answers that are asked for again and again by every page that is open, kept for a moment: of a question that takes ClickHouse some tenths of a second, each page costs
//! as much as one, however many are open.
//!
//! An answer is found again by all that it was asked with, the site among it, after it has been decided that the asker may see that site.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is given again: no longer than a page waits before it asks anew.
const KEPT_TIME: Duration = Duration::from_secs(10);
/// Most answers, and the largest one that is kept.
const ANSWERS_MAX: usize = 32;
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// The answers that are kept, oldest first.
pub(super) struct Kept(Mutex<Vec<Answer>>);

struct Answer {
    question: String,
    asked_at: Instant,
    body: Vec<u8>,
}

impl Kept {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The answer to a question that was asked a moment ago.
    pub(super) fn find(&self, question: &str, now: Instant) -> Option<Vec<u8>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |answer: &&Answer| answer.question == question && answer.is_fresh(now);
        answers.iter().find(is_it).map(|answer| answer.body.clone())
    }

    /// Keeps an answer, unless it is large.
    pub(super) fn keep(&self, question: String, body: &[u8], now: Instant) {
        if body.len() > ANSWER_BYTES_MAX {
            return;
        }
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|answer| answer.question != question && answer.is_fresh(now));
        if answers.len() >= ANSWERS_MAX {
            answers.remove(0);
        }
        answers.push(Answer { question, asked_at: now, body: body.to_vec() });
    }
}

impl Answer {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.asked_at) < KEPT_TIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_again_for_a_moment_and_to_the_same_question_alone() {
        let (kept, now) = (Kept::new(), Instant::now());
        kept.keep("a".to_owned(), b"1", now);
        assert_eq!(kept.find("a", now + Duration::from_millis(9_999)).as_deref(), Some(&b"1"[..]));
        assert_eq!(kept.find("a", now + KEPT_TIME), None);
        assert_eq!(kept.find("b", now), None);
        kept.keep("a".to_owned(), b"2", now + Duration::from_secs(5));
        assert_eq!(kept.find("a", now + KEPT_TIME).as_deref(), Some(&b"2"[..]));
    }

    #[test]
    fn there_are_no_more_than_so_many_and_none_that_is_large() {
        let (kept, now) = (Kept::new(), Instant::now());
        for number in 0..=ANSWERS_MAX {
            kept.keep(number.to_string(), b"x", now);
        }
        assert_eq!((kept.find("0", now), kept.find("1", now).is_some()), (None, true));
        assert_eq!(kept.0.lock().unwrap().len(), ANSWERS_MAX);
        kept.keep("fits".to_owned(), &vec![0; ANSWER_BYTES_MAX], now);
        kept.keep("large".to_owned(), &vec![0; ANSWER_BYTES_MAX + 1], now);
        assert_eq!((kept.find("fits", now).is_some(), kept.find("large", now)), (true, None));
        kept.keep("later".to_owned(), b"x", now + KEPT_TIME);
        assert_eq!(kept.0.lock().unwrap().len(), 1, "what is old goes with the next");
    }
}
