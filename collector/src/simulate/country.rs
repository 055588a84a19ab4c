//! The countries of the simulated visitors: how many, how fast, how they buy, and from which addresses they come.
//!
//! Slow countries differ from fast ones in more than speed: most buy less, Australia buys more. That is what makes a comparison
//! pooled over countries wrong, and a stratified one needed. The figures are plausible, not measured.

use std::net::Ipv4Addr;

use super::random::Random;

/// One country of the simulation.
#[derive(Debug)]
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(super) code: &'static str,
    /// Share of the sessions, in thousandths of all.
    pub(super) share: f64,
    /// Local time minus UTC, hours.
    pub(super) utc_offset_hours: i32,
    /// Median LCP of the first view of a session on the home page, desktop and mobile between them, milliseconds.
    pub(super) lcp_median_ms: f64,
    /// How readily its visitors buy, against 1.0.
    pub(super) buying: f64,
    /// Median value of an order.
    pub(super) order_value: f64,
    /// Share of mobile among its visitors.
    pub(super) mobile_share: f64,
    /// `navigator.language`.
    pub(super) language: &'static str,
    /// First two bytes of an IPv4 network of 65,536 addresses that is all within the country.
    network: [u8; 2],
}

impl Country {
    /// How busy its visitors are at this moment, between 0.25 and 1.75: least at 6 in the morning, most at 6 in the evening.
    pub(super) fn activity(&self, unix_ms: u64) -> f64 {
        let hour = unix_ms as f64 / 3_600_000.0 + f64::from(self.utc_offset_hours);
        1.0 + 0.75 * (std::f64::consts::TAU * (hour - 18.0) / 24.0).cos()
    }

    /// A moment of the day that begins at `day_ms`, as likely as the country's visitors are busy then.
    pub(super) fn moment(&self, day_ms: u64, random: &mut Random) -> u64 {
        const DRAWS_MAX: usize = 64;
        let mut at_ms = day_ms;
        for _ in 0..DRAWS_MAX {
            at_ms = day_ms + u64::from(random.below(DAY_MS));
            if random.chance(self.activity(at_ms) / 1.75) {
                break;
            }
        }
        at_ms
    }

    /// A random address of the country.
    pub(super) fn address(&self, random: &mut Random) -> Ipv4Addr {
        let [high, low] = self.network;
        let [_, _, third, fourth] = random.bits().to_be_bytes();
        Ipv4Addr::new(high, low, third, fourth)
    }
}

/// A day.
pub(super) const DAY_MS: u32 = 86_400_000;

/// The country of a visitor, on average over a day.
pub(super) fn pick(random: &mut Random) -> &'static Country {
    random.pick(&COUNTRIES, |country| country.share).unwrap_or(&COUNTRIES[0])
}

/// The country of a visitor at this moment.
pub(super) fn pick_at(unix_ms: u64, random: &mut Random) -> &'static Country {
    random.pick(&COUNTRIES, |country| country.share * country.activity(unix_ms)).unwrap_or(&COUNTRIES[0])
}

#[rustfmt::skip] // a table reads better with one row per country
/// All of them.
static COUNTRIES: [Country; 24] = [
    Country { code: "US", share: 210.0, utc_offset_hours: -6, lcp_median_ms: 1750.0, buying: 1.10, order_value: 62.0, mobile_share: 0.52, language: "en-US", network: [12, 20] },
    Country { code: "IN", share: 115.0, utc_offset_hours:  5, lcp_median_ms: 3000.0, buying: 0.50, order_value: 21.0, mobile_share: 0.84, language: "en-IN", network: [117, 200] },
    Country { code: "BR", share: 100.0, utc_offset_hours: -3, lcp_median_ms: 2750.0, buying: 0.74, order_value: 34.0, mobile_share: 0.71, language: "pt-BR", network: [179, 130] },
    Country { code: "DE", share:  80.0, utc_offset_hours:  1, lcp_median_ms: 1500.0, buying: 1.05, order_value: 58.0, mobile_share: 0.48, language: "de-DE", network: [79, 200] },
    Country { code: "GB", share:  70.0, utc_offset_hours:  0, lcp_median_ms: 1550.0, buying: 1.08, order_value: 55.0, mobile_share: 0.53, language: "en-GB", network: [86, 130] },
    Country { code: "FR", share:  60.0, utc_offset_hours:  1, lcp_median_ms: 1650.0, buying: 0.98, order_value: 52.0, mobile_share: 0.50, language: "fr-FR", network: [90, 10] },
    Country { code: "ID", share:  55.0, utc_offset_hours:  7, lcp_median_ms: 3300.0, buying: 0.46, order_value: 18.0, mobile_share: 0.88, language: "id-ID", network: [39, 200] },
    Country { code: "JP", share:  50.0, utc_offset_hours:  9, lcp_median_ms: 1350.0, buying: 0.92, order_value: 60.0, mobile_share: 0.58, language: "ja-JP", network: [126, 70] },
    Country { code: "MX", share:  45.0, utc_offset_hours: -6, lcp_median_ms: 2600.0, buying: 0.70, order_value: 31.0, mobile_share: 0.72, language: "es-MX", network: [189, 130] },
    Country { code: "ES", share:  35.0, utc_offset_hours:  1, lcp_median_ms: 1800.0, buying: 0.88, order_value: 46.0, mobile_share: 0.57, language: "es-ES", network: [88, 10] },
    Country { code: "IT", share:  35.0, utc_offset_hours:  1, lcp_median_ms: 1950.0, buying: 0.86, order_value: 47.0, mobile_share: 0.59, language: "it-IT", network: [79, 10] },
    Country { code: "PL", share:  28.0, utc_offset_hours:  1, lcp_median_ms: 1850.0, buying: 0.90, order_value: 36.0, mobile_share: 0.55, language: "pl-PL", network: [83, 10] },
    Country { code: "CA", share:  26.0, utc_offset_hours: -5, lcp_median_ms: 1800.0, buying: 1.04, order_value: 60.0, mobile_share: 0.50, language: "en-CA", network: [99, 230] },
    Country { code: "AU", share:  24.0, utc_offset_hours: 10, lcp_median_ms: 2650.0, buying: 1.25, order_value: 68.0, mobile_share: 0.51, language: "en-AU", network: [1, 130] },
    Country { code: "TR", share:  22.0, utc_offset_hours:  3, lcp_median_ms: 2350.0, buying: 0.72, order_value: 29.0, mobile_share: 0.75, language: "tr-TR", network: [78, 170] },
    Country { code: "NL", share:  20.0, utc_offset_hours:  1, lcp_median_ms: 1350.0, buying: 1.02, order_value: 56.0, mobile_share: 0.49, language: "nl-NL", network: [145, 100] },
    Country { code: "KR", share:  18.0, utc_offset_hours:  9, lcp_median_ms: 1250.0, buying: 0.95, order_value: 57.0, mobile_share: 0.63, language: "ko-KR", network: [121, 130] },
    Country { code: "PH", share:  15.0, utc_offset_hours:  8, lcp_median_ms: 3350.0, buying: 0.48, order_value: 19.0, mobile_share: 0.86, language: "en-PH", network: [112, 201] },
    Country { code: "ZA", share:  14.0, utc_offset_hours:  2, lcp_median_ms: 2950.0, buying: 0.66, order_value: 33.0, mobile_share: 0.74, language: "en-ZA", network: [197, 70] },
    Country { code: "AR", share:  13.0, utc_offset_hours: -3, lcp_median_ms: 2850.0, buying: 0.64, order_value: 27.0, mobile_share: 0.68, language: "es-AR", network: [186, 130] },
    Country { code: "VN", share:  12.0, utc_offset_hours:  7, lcp_median_ms: 2900.0, buying: 0.52, order_value: 20.0, mobile_share: 0.80, language: "vi-VN", network: [113, 170] },
    Country { code: "NG", share:  10.0, utc_offset_hours:  1, lcp_median_ms: 4100.0, buying: 0.40, order_value: 22.0, mobile_share: 0.87, language: "en-NG", network: [105, 115] },
    Country { code: "EG", share:   9.0, utc_offset_hours:  2, lcp_median_ms: 3450.0, buying: 0.45, order_value: 20.0, mobile_share: 0.83, language: "ar-EG", network: [156, 200] },
    Country { code: "IS", share:   1.5, utc_offset_hours:  0, lcp_median_ms: 1450.0, buying: 1.00, order_value: 64.0, mobile_share: 0.47, language: "is-IS", network: [130, 208] },
];
