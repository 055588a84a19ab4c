//! What has surely changed between two weeks.

use std::collections::BTreeMap;

use super::figures::Place;

/// The quantile of the normal distribution that the views' 95 % intervals are made with.
const Z: f64 = 1.96;
/// How often one of all comparisons of a digest may be wrong.
const ERROR: f64 = 0.05;

/// A place whose loss has changed.
#[derive(Clone, Debug)]
pub(super) struct Change<'a> {
    pub(super) now: &'a Place,
    pub(super) then: &'a Place,
    /// By how much at least.
    pub(super) at_least: f64,
    pub(super) is_country: bool,
}

/// The country or page group whose lost orders have changed most, by what is sure of the change; `None` where all may be chance. Only what could be judged in
/// both weeks is compared.
///
/// Direct figures of two weeks are independent, so half-widths add as squares; the others' add as they are, which is the widest that they can be. And since it is the largest of
/// many changes that is picked, each interval is as wide as makes all of them hold at once (Bonferroni, by the bound `P(|Z| > z) <= exp(-z^2 / 2)`).
pub(super) fn largest<'a>(countries: [&'a [Place]; 2], pages: [&'a [Place]; 2]) -> Option<Change<'a>> {
    let country_pairs = pairs(countries).map(|pair| (pair, true));
    let all: Vec<_> = country_pairs.chain(pairs(pages).map(|pair| (pair, false))).collect();
    let widening = (2.0 * (all.len() as f64 / ERROR).ln()).sqrt() / Z;
    let changes = all.into_iter().filter_map(|((now, then), is_country)| {
        let ((estimate, lo, hi), (earlier, earlier_lo, earlier_hi)) =
            now.estimate.known().zip(then.estimate.known())?;
        let halves = ((hi - lo) / 2.0, (earlier_hi - earlier_lo) / 2.0);
        let is_direct = now.method == "direct" && then.method == "direct";
        let half = if is_direct { halves.0.hypot(halves.1) } else { halves.0 + halves.1 };
        let at_least = (estimate - earlier).abs() - widening * half;
        (at_least > 0.0).then_some(Change { now, then, at_least, is_country })
    });
    changes.max_by(|one, other| one.at_least.total_cmp(&other.at_least))
}

/// The places that could be judged in both weeks.
fn pairs([now, then]: [&[Place]; 2]) -> impl Iterator<Item = (&Place, &Place)> {
    let earlier: BTreeMap<&str, &Place> = then.iter().map(|place| (place.name.as_str(), place)).collect();
    let both = now.iter().filter_map(move |place| Some((place, *earlier.get(place.name.as_str())?)));
    both.filter(|(now, then)| now.estimate.known().is_some() && then.estimate.known().is_some())
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Estimate, Verdict};
    use super::*;

    fn place(name: &str, estimate: f64, half: f64, method: &str) -> Place {
        let verdict = if estimate > half { Verdict::Loss } else { Verdict::NotDistinguishable };
        let (lo, hi) = (Some(estimate - half), Some(estimate + half));
        let estimate = Estimate { est_lost: Some(estimate), lo, hi, est_lost_revenue: None, verdict };
        Place { name: name.to_owned(), estimate, method: method.to_owned(), views: 1.0, lcp_p75_ms: None }
    }

    #[test]
    fn one_comparison_is_sure_beyond_its_widened_interval_and_not_at_it() {
        // (2 ln 20)^0.5 / 1.96 of a half-width of 5, made of 3 and 4.
        let limit = 5.0 * (2.0 * 20_f64.ln()).sqrt() / 1.96;
        let then = [place("BR", 10.0, 4.0, "direct")];
        for (change, is_sure) in
            [(limit - 0.01, false), (limit + 0.01, true), (-limit + 0.01, false), (-limit - 0.01, true)]
        {
            let now = [place("BR", 10.0 + change, 3.0, "direct")];
            assert_eq!(largest([&now, &then], [&[], &[]]).is_some(), is_sure, "{change}");
        }
        let now = [place("BR", 10.0 + limit + 0.01, 3.0, "pooled")];
        assert!(largest([&now, &then], [&[], &[]]).is_none(), "pooled half-widths add as they are");
    }

    #[test]
    fn many_comparisons_widen_each_and_the_surest_is_picked() {
        let then: Vec<Place> = (0..50).map(|number| place(&number.to_string(), 10.0, 4.0, "direct")).collect();
        let mut now = then.clone();
        now[7] = place("7", 30.0, 4.0, "direct");
        now[8] = place("8", -20.0, 4.0, "direct");
        now[9] = place("9", 100.0, 60.0, "direct");
        now[10] = place("10", 18.5, 3.0, "direct");
        let found = largest([&now, &then], [&now[..5], &then[..5]]).unwrap();
        assert_eq!((found.now.name.as_str(), found.is_country), ("8", true));
        assert!(largest([&now[10..], &then[10..]], [&[], &[]]).is_none(), "alone it would be sure");
        assert!(largest([&now[10..11], &then[10..11]], [&[], &[]]).is_some());
    }

    #[test]
    fn what_is_judged_in_one_week_alone_is_not_compared() {
        let mut little = place("BR", 10.0, 1.0, "direct");
        little.estimate.verdict = Verdict::Insufficient;
        let now = [place("BR", 100.0, 1.0, "direct"), place("DE", 100.0, 1.0, "direct")];
        assert!(largest([&now, &[little]], [&[], &[]]).is_none());
    }
}
