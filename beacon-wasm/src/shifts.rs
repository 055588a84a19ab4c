//! Cumulative Layout Shift: shifts are summed in windows of less than 5 s in which none comes a second or more after the one before it; the window
//! with the largest sum is CLS (web.dev/articles/cls, "session windows").

#![expect(clippy::float_cmp, reason = "a window is known by when it began, as the browser said")]

use beacon_format::Encoder;

use crate::fields::option;
use crate::observed::Selector;

const GAP_MS: f64 = 1000.0;
const SPAN_MS: f64 = 5000.0;

#[derive(Clone, Copy)]
struct Window {
    sum: f64,
    first: f64,
    last: f64,
    largest: f64,
    largest_at: f64,
    element: Selector,
}

/// The window that shifts still go to, and the one with the largest sum.
#[derive(Clone, Copy)]
pub(crate) struct Shifts {
    open: Window,
    worst: Window,
}

impl Shifts {
    pub(crate) const NONE: Self = Self { open: Window::NONE, worst: Window::NONE };

    /// Adds a shift: its score, and when it happened. True when it is the largest of its window; of equal ones the later.
    pub(crate) fn add(&mut self, value: f64, at: f64) -> bool {
        let open = &mut self.open;
        if !(open.sum > 0.0 && at - open.last < GAP_MS && at - open.first < SPAN_MS) {
            *open = Window { first: at, ..Window::NONE };
        }
        open.sum += value;
        open.last = at;
        let is_largest = value >= open.largest;
        if is_largest {
            (open.largest, open.largest_at, open.element) = (value, at, Selector::NONE);
        }
        self.settle();
        is_largest
    }

    /// The element that the last shift moved.
    pub(crate) fn moved(&mut self, element: &[u8]) {
        self.open.element = Selector::new(element);
        self.settle();
    }

    fn settle(&mut self) {
        if self.open.sum > self.worst.sum || self.open.first == self.worst.first {
            self.worst = self.open;
        }
    }

    /// Writes the score, in ten-thousandths.
    pub(crate) fn write_score(&self, to: &mut Encoder) {
        option(to, self.worst.sum * 1e4);
    }

    /// Writes the largest shift.
    pub(crate) fn write_largest(&self, to: &mut Encoder) {
        let Window { largest, largest_at, element, .. } = &self.worst;
        let is_known = *largest > 0.0;
        for number in [largest * 1e4, *largest_at] {
            option(to, if is_known { number } else { f64::NAN });
        }
        element.write(to);
    }
}

impl Window {
    const NONE: Self = Self { sum: 0.0, first: 0.0, last: 0.0, largest: 0.0, largest_at: 0.0, element: Selector::NONE };
}
