//! Resources added up, by what asked for them and by host: every one of them, also those that are not told one by one.

use beacon_format::{Encoder, Tag, limits};

use crate::fields::Fields;
use crate::layout;

const NUMBERS: usize = 9;
/// Of [`beacon_format::ResourceTotal`]'s numbers the one that is a maximum.
const SLOWEST: usize = 5;
/// Of them, the last two are bytes.
const BYTES: usize = 7;

type Total = [u64; NUMBERS];

#[derive(Clone, Copy)]
struct Host {
    length: usize,
    name: [u8; limits::HOST_BYTES_MAX],
    total: Total,
}

impl Host {
    const NONE: Self = Self { length: 0, name: [0; limits::HOST_BYTES_MAX], total: [0; NUMBERS] };

    fn name(&self) -> &[u8] {
        self.name.get(..self.length).unwrap_or_default()
    }
}

/// Totals, in fixed space.
#[derive(Clone, Copy)]
pub(crate) struct Totals {
    types: [Total; limits::TYPE_TOTALS_MAX],
    /// The last one is of all hosts for which there was no more room.
    hosts: [Host; limits::HOST_TOTALS_MAX],
}

impl Totals {
    pub(crate) const NONE: Self =
        Self { types: [[0; NUMBERS]; limits::TYPE_TOTALS_MAX], hosts: [Host::NONE; limits::HOST_TOTALS_MAX] };

    /// Adds a resource: what asked for it, its host, and its own numbers.
    pub(crate) fn add(&mut self, fields: &mut Fields) {
        let initiator = layout::initiator(fields.text());
        let host = fields.text();
        let mut numbers = [0; NUMBERS];
        for number in &mut numbers {
            *number = fields.whole();
        }
        if let Some(total) = self.types.get_mut(usize::from(initiator)) {
            add(total, &numbers);
        }
        let last = limits::HOST_TOTALS_MAX - 1;
        for (index, known) in self.hosts.iter_mut().enumerate() {
            let is_free = known.total[0] == 0 && index < last && !host.is_empty();
            if is_free && let Some(name) = known.name.get_mut(..host.len()) {
                name.copy_from_slice(host);
                known.length = host.len();
            }
            if index == last || (known.total[0] > 0 || is_free) && known.name() == host {
                add(&mut known.total, &numbers);
                break;
            }
        }
    }

    pub(crate) fn write_types(&self, to: &mut Encoder) {
        for (initiator, total) in (0_u8..).zip(&self.types) {
            if total[0] > 0 {
                to.section(Tag::TypeTotal, |to| {
                    to.byte(initiator);
                    write(total, to);
                });
            }
        }
    }

    pub(crate) fn write_hosts(&self, to: &mut Encoder) {
        for host in &self.hosts {
            if host.total[0] > 0 {
                to.section(Tag::HostTotal, |to| {
                    to.text(host.name(), limits::HOST_BYTES_MAX);
                    write(&host.total, to);
                });
            }
        }
    }
}

#[inline(never)]
fn add(total: &mut Total, numbers: &Total) {
    for (index, (sum, number)) in total.iter_mut().zip(numbers).enumerate() {
        *sum = if index == SLOWEST { (*sum).max(*number) } else { *sum + number };
    }
}

#[inline(never)]
fn write(total: &Total, to: &mut Encoder) {
    for (index, number) in total.iter().enumerate() {
        to.number(if index < BYTES { (*number).min(u64::from(u32::MAX)) } else { *number });
    }
}
