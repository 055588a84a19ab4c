//! The web vitals of a simulated view, with what they are made of: the parts of LCP and of INP add up, the largest shift is part of CLS.

use beacon_format::{InteractionKind, WebVitals};

use super::beacon::{Milestones, Snapshot};
use super::client::Device;
use super::random::{Random, whole};
use super::session::{Session, View};

/// Largest share of the first paint that goes before the first contentful one.
const PAINT_BEFORE_CONTENT: f64 = 0.06;
/// Share of the interactions that are made with a keyboard, where there is one.
const BY_KEYBOARD: f64 = 0.22;

/// `random` draws what was drawn of old, `more` what came later, so that old figures stay what they were.
pub(super) fn vitals<'a>(
    session: &Session,
    view: &View,
    snapshot: Snapshot,
    milestones: &Milestones,
    (random, more): (&mut Random, &mut Random),
) -> WebVitals<'a> {
    let is_painted = !view.hidden_at_start && milestones.first_paint <= view.hidden_at_ms;
    let fp_ms = whole(f64::from(milestones.first_paint) * (1.0 - PAINT_BEFORE_CONTENT * more.unit()));
    let inp = random.log_normal(session.client.device.inp_median_ms(), 0.6).clamp(8.0, 3_000.0);
    let (interacts, shifts) = (random.chance(0.8), random.log_normal(250.0, 1.1).min(20_000.0));
    let mut vitals = WebVitals {
        ttfb_ms: (milestones.first_byte <= view.hidden_at_ms).then_some(milestones.first_byte),
        fp_ms: is_painted.then_some(fp_ms),
        fcp_ms: is_painted.then_some(milestones.first_paint),
        lcp_ms: view.lcp_ms,
        cls_e4: Some(whole(shifts)),
        ..WebVitals::default()
    };
    fill_lcp(&mut vitals, view, milestones);
    // Interactions come after the page has settled. The browser rounds them to 8 ms.
    let (inp_ms, kind) = (whole(inp / 8.0) * 8, interaction_kind(session, more));
    if snapshot != Snapshot::Settled && interacts {
        vitals.inp_ms = Some(inp_ms);
        vitals.inp_kind = kind;
        // From a stream of its own: the snapshots before it draw nothing of it, and agree on all else.
        fill_inp(&mut vitals, inp_ms, view, milestones, &mut Random::new(view.seed, 3));
    }
    if whole(shifts) > 0 {
        fill_cls(&mut vitals, whole(shifts), view, milestones, more);
    }
    vitals
}

/// A picture waits for the document, loads and is painted; a text is painted when the page gets to it.
fn fill_lcp(vitals: &mut WebVitals, view: &View, milestones: &Milestones) {
    let Some(lcp_ms) = view.lcp_ms else { return };
    let (element, url) = view.page.lcp_element();
    vitals.lcp_element = element.into();
    vitals.lcp_url = url.into();
    let (start, end) =
        if url.is_empty() { (milestones.first_byte, milestones.first_byte) } else { milestones.picture() };
    let (start, end) = (start.min(lcp_ms), end.min(lcp_ms));
    vitals.lcp_load_delay_ms = Some(start.saturating_sub(milestones.first_byte));
    vitals.lcp_load_duration_ms = Some(end - start);
    vitals.lcp_render_delay_ms = Some(lcp_ms - end);
}

fn interaction_kind(session: &Session, random: &mut Random) -> InteractionKind {
    let by_keyboard = random.chance(BY_KEYBOARD);
    match session.client.device {
        Device::Desktop if by_keyboard => InteractionKind::Keyboard,
        _ => InteractionKind::Pointer,
    }
}

fn fill_inp(vitals: &mut WebVitals, inp_ms: u32, view: &View, milestones: &Milestones, random: &mut Random) {
    let input_delay = whole(f64::from(inp_ms) * random.between(0.02, 0.3));
    let processing = whole(f64::from(inp_ms) * random.between(0.2, 0.6));
    vitals.inp_at_ms = Some(between(milestones.load, view.hidden_at_ms, random));
    vitals.inp_input_delay_ms = Some(input_delay);
    vitals.inp_processing_ms = Some(processing);
    vitals.inp_presentation_ms = Some(inp_ms - input_delay - processing);
    vitals.inp_element = view.page.used_element(random.unit()).into();
    vitals.interactions = 1 + random.below(9);
}

fn fill_cls(vitals: &mut WebVitals, cls_e4: u32, view: &View, milestones: &Milestones, random: &mut Random) {
    vitals.cls_largest_e4 = Some(whole(f64::from(cls_e4) * random.between(0.4, 1.0)).max(1));
    vitals.cls_largest_at_ms = Some(between(milestones.last_byte, milestones.load.min(view.hidden_at_ms), random));
    vitals.cls_element = view.page.shifting_element(random.unit()).into();
}

/// A moment between two; the first when they are not in order.
fn between(from_ms: u32, to_ms: u32, random: &mut Random) -> u32 {
    from_ms.min(to_ms) + whole(random.unit() * f64::from(to_ms.saturating_sub(from_ms)))
}

#[cfg(test)]
mod tests {
    use super::super::beacon::{Setting, beacon};
    use super::super::country;
    use super::*;

    #[test]
    fn parts_add_up_and_snapshots_agree() {
        let mut random = Random::new(12, 0);
        let setting = Setting { site: "shop", history: "", resources: true };
        for _ in 0..500 {
            let session = Session::draw(country::pick(&mut random), 1_790_000_000_000, 1.0, &mut random);
            for view in &session.views {
                let [whole, settled, hidden] = [Snapshot::Whole, Snapshot::Settled, Snapshot::Hidden]
                    .map(|snapshot| beacon(&session, view, snapshot, setting));
                assert_eq!(whole.vitals, hidden.vitals);
                assert_eq!((&whole.frames, whole.life), (&hidden.frames, hidden.life));
                assert_eq!(
                    (&settled.vitals.cls_element, &settled.frames),
                    (&hidden.vitals.cls_element, &hidden.frames)
                );
                let vitals = whole.vitals;
                let sum = |parts: [Option<u32>; 4]| parts.into_iter().sum::<Option<u32>>();
                let of_lcp = [vitals.lcp_load_delay_ms, vitals.lcp_load_duration_ms, vitals.lcp_render_delay_ms];
                assert_eq!(
                    sum([vitals.ttfb_ms.filter(|_| vitals.lcp_ms.is_some()), of_lcp[0], of_lcp[1], of_lcp[2]]),
                    vitals.lcp_ms
                );
                let of_inp = [vitals.inp_input_delay_ms, vitals.inp_processing_ms, vitals.inp_presentation_ms];
                assert_eq!(sum([Some(0), of_inp[0], of_inp[1], of_inp[2]]), vitals.inp_ms);
                assert!(vitals.fp_ms <= vitals.fcp_ms && vitals.cls_largest_e4 <= vitals.cls_e4);
            }
        }
    }
}
