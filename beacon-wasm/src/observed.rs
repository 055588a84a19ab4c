//! What a view has shown so far, kept in fixed space: the browser's entries are taken in one by one, and none is kept alive.

use beacon_format::{Encoder, Tag, limits};

use crate::fields::Fields;
use crate::interactions::Interactions;
use crate::layout;
use crate::ranked::{Costliest, FRAMES, RESOURCES, TIMINGS};
use crate::shifts::Shifts;
use crate::totals::Totals;

/// Everything of a view. All zeros when it begins.
#[derive(Clone, Copy)]
pub(crate) struct Observed {
    pub(crate) shifts: Shifts,
    pub(crate) interactions: Interactions,
    totals: Totals,
    costliest: Costliest,
    /// [`beacon_format::LongFrames`]: count, blocking, longest, whether they are tasks.
    frames: [u64; 4],
}

impl Observed {
    pub(crate) const NONE: Self = Self {
        shifts: Shifts::NONE,
        interactions: Interactions::NONE,
        totals: Totals::NONE,
        costliest: Costliest::NONE,
        frames: [0; 4],
    };

    /// Takes in what `fields` tell, whose first number says what it is; `core.js` has the same numbers. True for a layout shift that is the
    /// largest of its window: its element is asked for.
    pub(crate) fn take(&mut self, fields: &mut Fields) -> bool {
        match fields.whole() {
            0 => {
                let cost = fields.whole();
                self.totals.add(fields);
                self.costliest.offer(RESOURCES, cost, Tag::Resource, layout::RESOURCE, fields);
            }
            1 => return self.shifts.add(fields.number(), fields.number()),
            2 => self.shifts.moved(fields.text()),
            3 => self.interactions.add(fields),
            4 => {
                let (cost, duration, blocking, is_task) =
                    (fields.whole(), fields.whole(), fields.whole(), fields.whole());
                let [count, all_blocking, longest, _] = self.frames;
                self.frames = [count + 1, all_blocking + blocking, longest.max(duration), is_task];
                self.costliest.offer(FRAMES, cost, Tag::Frame, layout::FRAME, fields);
            }
            // Marks and measures cost nothing: the first ones stay.
            _ => self.costliest.offer(TIMINGS, 1, Tag::Timing, layout::TIMING, fields),
        }
        false
    }

    /// What was left out so far.
    pub(crate) fn truncated(&self) -> u64 {
        self.costliest.left_out
    }

    /// Writes what is told in sections of its own, in the order of importance. Resources are told once, the rest again and again.
    pub(crate) fn write(&mut self, to: &mut Encoder) {
        if self.frames[0] > 0 {
            to.section(Tag::Frames, |to| self.frames.iter().for_each(|number| to.number(*number)));
        }
        self.totals.write_types(to);
        self.costliest.write(TIMINGS, to);
        self.costliest.write(FRAMES, to);
        self.totals.write_hosts(to);
        self.costliest.write(RESOURCES, to);
        self.costliest.clear(RESOURCES);
    }
}

/// A text of at most [`limits::SELECTOR_BYTES_MAX`] bytes, as the format writes one: behind a byte that the encoder begins with.
#[derive(Clone, Copy)]
pub(crate) struct Selector([u8; limits::SELECTOR_BYTES_MAX + 2]);

impl Selector {
    pub(crate) const NONE: Self = Self([0; limits::SELECTOR_BYTES_MAX + 2]);

    pub(crate) fn new(text: &[u8]) -> Self {
        let mut selector = Self::NONE;
        Encoder::new(&mut selector.0).text(text, limits::SELECTOR_BYTES_MAX);
        selector
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0[1] == 0
    }

    pub(crate) fn write(&self, to: &mut Encoder) {
        to.bytes(self.0.get(1..2 + usize::from(self.0[1])).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
