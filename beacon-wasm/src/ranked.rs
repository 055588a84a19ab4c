//! The resources that are worth telling: of those that no beacon carried yet, the ones that took longest.
//!
//! A resource is encoded as soon as it is seen, into a slot of fixed size, so that a page may load any number of them, no entry of
//! the browser's is kept alive, and little is left to do when the page is hidden.

use beacon_format::Encoder;

use crate::fields::Fields;
use crate::layout;

/// How many go into one beacon.
const COSTLIEST_MAX: usize = 20;
/// What one takes at most: URL and protocol at their limits (512 and 32 bytes), 14 numbers of at most 10 bytes, four flags and
/// words, and what stands around them.
const SLOT_BYTES: usize = 768;

#[derive(Clone, Copy)]
struct Slot {
    /// In milliseconds, plus one; 0 for a free slot.
    cost: u64,
    length: usize,
    bytes: [u8; SLOT_BYTES],
}

/// The costliest resources so far.
pub(crate) struct Costliest {
    slots: [Slot; COSTLIEST_MAX],
}

impl Costliest {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self { slots: [Slot { cost: 0, length: 0, bytes: [0; SLOT_BYTES] }; COSTLIEST_MAX] }
    }

    /// Keeps the resource that `fields` tell, after its duration, if it is among the costliest. Of two that took equally long the
    /// earlier stays.
    pub(crate) fn offer(&mut self, fields: &mut Fields) {
        let cost = fields.whole() + 1;
        let Some(cheapest) = self.slots.iter_mut().min_by_key(|slot| slot.cost) else { return };
        if cheapest.cost < cost {
            cheapest.cost = cost;
            let mut encoder = Encoder::new(&mut cheapest.bytes);
            layout::resource(fields, &mut encoder);
            cheapest.length = encoder.finish();
        }
    }

    /// Writes them into a beacon, and forgets them.
    pub(crate) fn drain(&mut self, encoder: &mut Encoder) {
        for slot in self.slots.iter_mut().filter(|slot| slot.cost > 0) {
            slot.cost = 0;
            encoder.sections(slot.bytes.get(..slot.length).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use beacon_format::{Head, decode};

    use super::*;
    use crate::told::Told;

    fn offer(costliest: &mut Costliest, url: &str, duration: f64) {
        let start = [duration.into(), url.into(), "img".into(), 5.0.into(), duration.into()];
        let rest = vec![Told::from(0.0); 13];
        costliest.offer(&mut Told::top(&[&start[..], &rest, &["".into(), "".into()]].concat()).fields());
    }

    fn drained(costliest: &mut Costliest) -> Vec<(String, u32)> {
        let mut buffer = [0; 16 * 1024];
        let mut encoder = Encoder::new(&mut buffer);
        encoder.head(&Head { site: "s".into(), time_origin_ms: 1_795_432_825_113, weight: 1, ..Head::default() });
        costliest.drain(&mut encoder);
        let length = encoder.finish();
        let beacon = decode(&buffer[..length]).expect("a beacon");
        let mut told: Vec<_> =
            beacon.resources.entries.iter().map(|entry| (entry.url.clone().into_owned(), entry.duration)).collect();
        told.sort_by_key(|(_, duration)| *duration);
        told
    }

    #[test]
    fn the_costliest_are_kept_in_whatever_order_they_come() {
        let mut costliest = Costliest::new();
        for index in 0..1000_u32 {
            let duration = (index * 7919) % 1000;
            offer(&mut costliest, &format!("/{duration}"), f64::from(duration));
        }
        let expected: Vec<_> = (980..1000).map(|duration| (format!("/{duration}"), duration)).collect();
        assert_eq!(drained(&mut costliest), expected);
        assert_eq!(drained(&mut costliest), [], "they are told once");
    }

    #[test]
    fn one_that_took_no_time_is_told_while_there_is_room() {
        let mut costliest = Costliest::new();
        offer(&mut costliest, "/cached", 0.0);
        assert_eq!(drained(&mut costliest), [("/cached".to_owned(), 0)]);
    }

    #[test]
    fn the_longest_texts_fit_into_their_slot() {
        let mut costliest = Costliest::new();
        for _ in 0..COSTLIEST_MAX {
            offer(&mut costliest, &"x".repeat(5000), 2e9);
        }
        assert_eq!(drained(&mut costliest).len(), COSTLIEST_MAX);
    }
}
