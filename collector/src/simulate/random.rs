//! Randomness that is the same everywhere and for good: one stated generator (xoshiro256++), and every draw made here from its raw
//! 64-bit numbers, so that no other crate's sampling can change what a seed means. (Logarithm and cosine may differ in the last bit
//! between platforms; whole milliseconds hide that.)

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// The whole part of a number, kept within what a `u32` holds; what is not a number is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "this cast saturates, which is what is wanted"
)]
pub(super) fn whole(value: f64) -> u32 {
    value as u32
}

/// The item of a list that an arbitrary number selects.
pub(super) fn select<T: Copy, const N: usize>(items: &[T; N], number: u64) -> T {
    // The remainder is below the length.
    items[usize::try_from(number % N as u64).unwrap_or(0)]
}

fn upper_half(bits: u64) -> u32 {
    // The shift leaves 32 bits.
    u32::try_from(bits >> 32).unwrap_or(0)
}

/// A stream of random numbers, named by its seed.
#[derive(Clone, Debug)]
pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The stream of `seed` and `stream`: different pairs give unrelated streams.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        // The seeding function of the generator spreads neighbouring numbers; an odd factor keeps the pairs apart.
        Self(Xoshiro256PlusPlus::seed_from_u64(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// Uniform in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0; // 2^-53
        (self.0.next_u64() >> 11) as f64 * UNIT
    }

    /// Uniform in [low, high).
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0..bound; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // The upper half of a 64-bit product: uniform to within 2^-32.
        let product = (self.0.next_u64() >> 32) * u64::from(bound);
        upper_half(product)
    }

    /// 32 random bits.
    pub(super) fn bits(&mut self) -> u32 {
        upper_half(self.0.next_u64())
    }

    /// True with the given probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Log-normal: `median` times e to a normal deviate of standard deviation `sigma` (Box-Muller; its second half is not kept).
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * normal).exp()
    }

    /// Exponential with the given mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// One item, each as likely as its weight says; the last one when rounding leaves nothing. `None` only of nothing.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> f64) -> Option<&'a T> {
        let total: f64 = items.iter().map(&weight).sum();
        let mut left = self.unit() * total;
        for item in items {
            left -= weight(item);
            if left < 0.0 {
                return Some(item);
            }
        }
        items.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_numbers_for_good() {
        let mut random = Random::new(1, 20_000);
        let first: Vec<u32> = (0..4).map(|_| random.bits()).collect();
        assert_eq!(first, [2_559_676_180, 1_712_350_939, 1_940_201_859, 12_194_080]);
        let other = Random::new(1, 20_001).bits();
        assert_ne!(first[0], other);
    }

    #[test]
    fn log_normal_has_the_stated_median_and_spread() {
        let mut random = Random::new(7, 7);
        let mut draws: Vec<f64> = (0..20_000).map(|_| random.log_normal(1000.0, 0.5)).collect();
        draws.sort_by(f64::total_cmp);
        assert!((draws[10_000] / 1000.0 - 1.0).abs() < 0.02, "median {}", draws[10_000]);
        // e^0.5, one standard deviation up.
        assert!((draws[16_827] / 1648.7 - 1.0).abs() < 0.03, "84th percentile {}", draws[16_827]);
    }

    #[test]
    fn picking_follows_the_weights_and_below_stays_below() {
        let mut random = Random::new(3, 3);
        let heavy = (0..10_000).filter(|_| random.pick(&[1.0, 3.0], |weight| *weight) == Some(&3.0)).count();
        assert!((7_300..7_700).contains(&heavy), "{heavy}");
        assert!((0..10_000).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
    }
}
