//! A site while it is watched: what stands of it, and what its views are asked.

use std::collections::{BTreeMap, BTreeSet};

use tokio::task::JoinSet;

use super::super::alarm::{Key, Urgency};
use super::super::clock::Patience;
use super::super::judge::{Judged, OPEN_MAX, SiteWatch};
use super::super::observation::{Observation, Verdict};
use super::super::price::Pricer;
use super::super::questions::{Question, ask, due};
use super::super::rule::Rule;
use super::Around;
use crate::store::StoreError;

/// Views that are asked at once.
const AT_ONCE: usize = 2;

/// See the module.
#[derive(Default)]
pub(super) struct Site {
    /// What stands; `None` until it is read.
    pub(super) watch: Option<SiteWatch>,
    /// For which slot's end each rule was asked last.
    pub(super) asked: BTreeMap<Rule, i64>,
    pub(super) pricer: Pricer,
    /// Rules that failed when they were asked last, or whose view is not there.
    failing: BTreeSet<Rule>,
    /// More alarms would be open than there may be.
    is_overfull: bool,
}

impl Site {
    /// Whether nothing stands that time alone could change.
    pub(super) fn is_quiet(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.alarms.is_empty() && watch.incidents.is_empty())
    }

    /// The rules that have something new to say. `is_late`: rows wait in the spool for too long.
    pub(super) fn due(&self, is_late: bool, now: i64) -> Vec<Rule> {
        let mut rules = Rule::ALL.to_vec();
        rules.retain(|rule| {
            let is_new = self.asked.get(rule) != Some(&due(*rule, now));
            *rule != Rule::Probe && is_new && !(is_late && rule.suffers_from_late_rows())
        });
        rules
    }

    /// Asks the rules that have something new to say. Their rows, and for which slots they have answered.
    pub(super) async fn ask(
        &mut self,
        around: &Around,
        is_late: bool,
        question: &Question,
    ) -> (Vec<Judged>, Vec<(Rule, i64)>) {
        let mut rules = self.due(is_late, question.at).into_iter();
        let mut asking = JoinSet::new();
        let mut ask_next = |asking: &mut JoinSet<_>| {
            if let Some(rule) = rules.next() {
                let (store, question) = (around.store.clone(), question.clone());
                asking.spawn(async move { (rule, ask(&store, rule, &question).await) });
            }
        };
        for _ in 0..AT_ONCE {
            ask_next(&mut asking);
        }
        let (mut judged, mut asked) = (Vec::new(), Vec::new());
        while let Some(answer) = asking.join_next().await {
            ask_next(&mut asking);
            let Ok((rule, answer)) = answer else {
                around.metrics.alarms.rules_failed.add(1);
                continue;
            };
            match answer {
                Ok(observations) => {
                    self.failing.remove(&rule);
                    judged.push(Judged { rule, observations });
                    asked.push((rule, due(rule, question.at)));
                }
                Err(error) => {
                    self.failed(around, &question.site, rule, &error);
                    if error.is_missing() {
                        asked.push((rule, due(rule, question.at)));
                    }
                }
            }
        }
        (judged, asked)
    }

    fn failed(&mut self, around: &Around, site: &str, rule: Rule, error: &StoreError) {
        let is_news = self.failing.insert(rule);
        let rule = rule.name();
        if error.is_missing() {
            if is_news {
                tracing::warn!(site, rule, "a rule's view is not there, and it is not watched for");
            }
            return;
        }
        around.metrics.alarms.rules_failed.add(1);
        if is_news {
            tracing::warn!(site, rule, %error, "a rule could not be asked; the others go on, and it is asked again in a minute");
        }
    }

    /// Counts alarms that did not begin, and says so once, until there is room again.
    pub(super) fn tell_overfull(&mut self, around: &Around, after: &SiteWatch, dropped: usize) {
        around.metrics.alarms.dropped.add(dropped);
        let is_full = after.alarms.len() >= OPEN_MAX;
        let was_overfull = self.is_overfull;
        self.is_overfull = dropped > 0 || was_overfull && is_full;
        if dropped > 0 && !was_overfull {
            let site = &after.site;
            tracing::error!(
                site,
                dropped,
                "more alarms would be open than there may be; what does not fit is not told"
            );
        }
    }
}

/// What the collector's own probe says, as a rule's row. Between the first failure and the moment that it counts, nothing.
pub(super) fn probe(failing_s: Option<u64>, patience: Patience, now: i64) -> Option<Judged> {
    let verdict = match failing_s {
        None => Verdict::Ok,
        Some(failing_s) if failing_s >= patience.probe_fails_s => Verdict::Firing,
        Some(_) => return None,
    };
    let failing_s = failing_s.unwrap_or_default();
    let row = Observation {
        key: Key::new(Rule::Probe, "", ""),
        at: due(Rule::Probe, now),
        verdict,
        urgency: Urgency::Page,
        window_s: i64::try_from(failing_s).unwrap_or(0),
        observed: failing_s as f64,
        expected: 0.0,
        lo: 0.0,
        hi: 0.0,
        z: 0.0,
        detail: String::new(),
    };
    Some(Judged { rule: Rule::Probe, observations: vec![row] })
}
