//! What is worth telling one by one: of many entries of a kind the costliest.
//!
//! An entry is encoded as soon as it is seen, into a slot of fixed size, so that a page may have any number of them, no entry of
//! the browser's is kept alive, and little is left to do when the page is hidden.

use core::ops::Range;

use beacon_format::{Encoder, Tag, limits};

use crate::fields::Fields;
use crate::layout::{Field, section};

/// The slots of resources: how many go into one beacon.
pub(crate) const RESOURCES: Range<usize> = 0..20;
/// The slots of long frames.
pub(crate) const FRAMES: Range<usize> = RESOURCES.end..RESOURCES.end + limits::LONG_FRAMES_MAX;
/// The slots of marks and measures.
pub(crate) const TIMINGS: Range<usize> = FRAMES.end..FRAMES.end + limits::USER_TIMINGS_MAX;
/// What one takes at most: a resource with URL and protocol at their limits (512 and 32 bytes), 14 numbers of at most 10 bytes, four flags
/// and words, and what stands around them; or a frame with a URL, two names (100 bytes each) and 6 numbers of 5 bytes.
const SLOT_BYTES: usize = 768;

#[derive(Clone, Copy)]
struct Slot {
    /// Plus one; 0 for a free slot.
    cost: u64,
    length: usize,
    bytes: [u8; SLOT_BYTES],
}

/// The costliest entries so far.
#[derive(Clone, Copy)]
pub(crate) struct Costliest {
    slots: [Slot; TIMINGS.end],
    /// How many there was no slot for.
    pub(crate) left_out: u64,
}

impl Costliest {
    #[expect(clippy::large_stack_arrays, reason = "a constant, which is written into the static state")]
    pub(crate) const NONE: Self =
        Self { slots: [Slot { cost: 0, length: 0, bytes: [0; SLOT_BYTES] }; TIMINGS.end], left_out: 0 };

    fn slots(&mut self, of: Range<usize>) -> &mut [Slot] {
        self.slots.get_mut(of).unwrap_or_default()
    }

    /// Keeps the entry that `fields` tell if it is among the costliest of its kind. Of two that cost the same the earlier stays.
    pub(crate) fn offer(&mut self, of: Range<usize>, cost: u64, tag: Tag, layout: &[Field], fields: &mut Fields) {
        let Some(cheapest) = self.slots(of).iter_mut().min_by_key(|slot| slot.cost) else { return };
        let was_free = cheapest.cost == 0;
        if cheapest.cost <= cost {
            cheapest.cost = cost + 1;
            let mut encoder = Encoder::new(&mut cheapest.bytes);
            section(tag, layout, fields, &mut encoder);
            cheapest.length = encoder.finish();
        }
        self.left_out += u64::from(!was_free);
    }

    /// Writes those of a kind.
    pub(crate) fn write(&mut self, of: Range<usize>, to: &mut Encoder) {
        let mut cut = 0;
        for slot in self.slots(of).iter().filter(|slot| slot.cost > 0) {
            cut += u64::from(!to.sections(slot.bytes.get(..slot.length).unwrap_or_default()));
        }
        self.left_out += cut;
    }

    /// Forgets those of a kind.
    pub(crate) fn clear(&mut self, of: Range<usize>) {
        self.slots(of).iter_mut().for_each(|slot| slot.cost = 0);
    }
}

#[cfg(test)]
mod tests {
    use beacon_format::{Head, decode};

    use super::*;
    use crate::layout::RESOURCE;
    use crate::told::Told;

    fn offer(costliest: &mut Costliest, url: &str, duration: f64) {
        let start = [url.into(), "img".into(), 5.0.into(), duration.into()];
        let rest = vec![Told::from(0.0); 13];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and not negative")]
        let cost = duration as u64;
        let told = Told::top(&[&start[..], &rest, &["".into(), "".into()]].concat());
        costliest.offer(RESOURCES, cost, Tag::Resource, RESOURCE, &mut told.fields());
    }

    fn drained(costliest: &mut Costliest) -> Vec<(String, u32)> {
        let mut buffer = [0; 16 * 1024];
        let mut encoder = Encoder::new(&mut buffer);
        encoder.head(&Head { site: "s".into(), time_origin_ms: 1_795_432_825_113, weight: 1, ..Head::default() });
        costliest.write(RESOURCES, &mut encoder);
        costliest.clear(RESOURCES);
        let length = encoder.finish();
        let beacon = decode(&buffer[..length]).expect("a beacon");
        let mut told: Vec<_> =
            beacon.resources.entries.iter().map(|entry| (entry.url.clone().into_owned(), entry.duration)).collect();
        told.sort_by_key(|(_, duration)| *duration);
        told
    }

    #[test]
    fn the_costliest_are_kept_in_whatever_order_they_come() {
        let mut costliest = Costliest::NONE;
        for index in 0..1000_u32 {
            let duration = (index * 7919) % 1000;
            offer(&mut costliest, &format!("/{duration}"), f64::from(duration));
        }
        let expected: Vec<_> = (980..1000).map(|duration| (format!("/{duration}"), duration)).collect();
        assert_eq!(drained(&mut costliest), expected);
        assert_eq!(drained(&mut costliest), [], "they are told once");
        assert_eq!(costliest.left_out, 980);
    }

    #[test]
    fn one_that_took_no_time_is_told_while_there_is_room() {
        let mut costliest = Costliest::NONE;
        offer(&mut costliest, "/cached", 0.0);
        assert_eq!(drained(&mut costliest), [("/cached".to_owned(), 0)]);
    }

    #[test]
    fn the_longest_texts_fit_into_their_slot() {
        let mut costliest = Costliest::NONE;
        for _ in 0..RESOURCES.len() {
            offer(&mut costliest, &"x".repeat(5000), 2e9);
        }
        assert_eq!(drained(&mut costliest).len(), RESOURCES.len());
    }
}
