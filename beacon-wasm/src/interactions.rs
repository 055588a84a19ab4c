//! Interaction to Next Paint: the ten longest interactions are kept, and of every fifty one of them is passed over (web.dev/articles/inp). Its parts are
//! those of the frame that presented it, in which all events count (web-vitals does the same).

#![expect(clippy::float_cmp, reason = "what is compared comes from the browser as it is, never out of a sum")]

use beacon_format::Encoder;

use crate::fields::{Fields, option};
use crate::observed::Selector;

const LONGEST_MAX: usize = 10;
const FRAMES_MAX: usize = 10;
const PASSED_OVER_EVERY: f64 = 50.0;
/// Durations are rounded to that: events that end as near to each other were presented by one frame.
const FRAME_MS: f64 = 8.0;

/// Events that were presented together: when, and from when to when their handlers ran.
#[derive(Clone, Copy)]
struct Frame {
    at: f64,
    handled_from: f64,
    handled_to: f64,
}

impl Frame {
    const NONE: Self = Self { at: 0.0, handled_from: 0.0, handled_to: 0.0 };

    fn holds(&self, other: &Self) -> bool {
        (self.at - other.at).abs() <= FRAME_MS
    }

    fn merge(&mut self, other: &Self) {
        self.handled_from = self.handled_from.min(other.handled_from);
        self.handled_to = self.handled_to.max(other.handled_to);
    }
}

#[derive(Clone, Copy)]
struct Interaction {
    id: f64,
    start: f64,
    duration: f64,
    kind: u64,
    frame: Frame,
    element: Selector,
}

impl Interaction {
    const NONE: Self =
        Self { id: 0.0, start: 0.0, duration: 0.0, kind: 0, frame: Frame::NONE, element: Selector::NONE };
}

/// The longest interactions, longest first, and the latest frames.
#[derive(Clone, Copy)]
pub(crate) struct Interactions {
    longest: [Interaction; LONGEST_MAX],
    frames: [Frame; FRAMES_MAX],
    next_frame: usize,
}

impl Interactions {
    pub(crate) const NONE: Self =
        Self { longest: [Interaction::NONE; LONGEST_MAX], frames: [Frame::NONE; FRAMES_MAX], next_frame: 0 };

    /// Adds an event: its interaction (0 for none), start, duration, when its handlers began and were done, kind, target.
    pub(crate) fn add(&mut self, fields: &mut Fields) {
        let (id, start, duration) = (fields.number(), fields.number(), fields.number());
        let own = Frame { at: start + duration, handled_from: fields.number(), handled_to: fields.number() };
        let frame = self.presented(&own);
        if id == 0.0 {
            return;
        }
        let new =
            Interaction { id, start, duration, kind: fields.whole(), frame, element: Selector::new(fields.text()) };
        self.rank(&new);
    }

    /// The frame that presented the event, with all that it presented so far.
    fn presented(&mut self, own: &Frame) -> Frame {
        for interaction in &mut self.longest {
            if interaction.frame.holds(own) {
                interaction.frame.merge(own);
            }
        }
        for frame in &mut self.frames {
            if frame.holds(own) {
                frame.merge(own);
                return *frame;
            }
        }
        if let Some(frame) = self.frames.get_mut(self.next_frame) {
            *frame = *own;
        }
        self.next_frame = (self.next_frame + 1) % FRAMES_MAX;
        *own
    }

    fn rank(&mut self, new: &Interaction) {
        // Its own place, or a free one, or that of the shortest.
        let mut place = LONGEST_MAX - 1;
        for (index, interaction) in self.longest.iter().enumerate() {
            if interaction.id == new.id || interaction.id == 0.0 {
                place = index;
                break;
            }
        }
        let Some(slot) = self.longest.get_mut(place) else { return };
        let is_longer = new.duration > slot.duration;
        if slot.id != new.id {
            // A free place is for anything, even for what took no time that could be measured.
            if slot.id != 0.0 && !is_longer {
                return;
            }
            *slot = *new;
        } else if is_longer {
            // The first target that was known stays: the element of a later event may be gone.
            let element = if slot.element.is_empty() { new.element } else { slot.element };
            *slot = Interaction { element, ..*new };
        } else if slot.element.is_empty() && new.duration == slot.duration && new.start == slot.start {
            slot.element = new.element;
        }
        while place > 0 && self.longest[place - 1].duration < self.longest[place].duration {
            self.longest.swap(place - 1, place);
            place -= 1;
        }
    }

    /// The interaction that is INP, of `count` that there were; those too short for an entry are only counted.
    fn chosen(&self, count: f64) -> Interaction {
        let known = self.longest.iter().take_while(|interaction| interaction.id != 0.0).count();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
        let passed_over = (count / PASSED_OVER_EVERY) as usize;
        self.longest.get(passed_over.min(known.saturating_sub(1))).copied().unwrap_or(Interaction::NONE)
    }

    /// Writes INP.
    pub(crate) fn write_latency(&self, count: f64, to: &mut Encoder) {
        let chosen = self.chosen(count);
        option(to, if chosen.id == 0.0 { f64::NAN } else { chosen.duration });
    }

    /// Writes when it began, its three parts, its kind, its element, and how many there were.
    pub(crate) fn write_parts(&self, count: f64, to: &mut Encoder) {
        let Interaction { id, start, duration, kind, frame, element } = self.chosen(count);
        // Another event's handler may have begun before the interaction; durations are rounded, and handlers may go on after the paint.
        let from = frame.handled_from.max(start);
        let painted = (start + duration).max(from);
        let until = frame.handled_to.min(painted);
        for time in [start, from - start, until - from, painted - until] {
            option(to, if id == 0.0 { f64::NAN } else { time });
        }
        #[expect(clippy::cast_possible_truncation, reason = "0, 1 or 2")]
        to.byte(kind as u8);
        element.write(to);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
        to.number(count as u64);
    }
}
