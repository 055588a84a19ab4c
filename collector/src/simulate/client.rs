//! The browsers of the simulated visitors. Within a kind of device nothing depends on which one it is, so that the kind, which the
//! loss model knows, explains all that devices differ in.

use super::random::Random;

/// Kind of device, as the loss model tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    Mobile,
    Desktop,
    Tablet,
}

impl Device {
    /// Its LCP against the country's median.
    pub(super) fn lcp_factor(self) -> f64 {
        match self {
            Self::Mobile => 1.18,
            Self::Desktop => 0.80,
            Self::Tablet => 1.0,
        }
    }

    /// How readily its users buy.
    pub(super) fn buying(self) -> f64 {
        match self {
            Self::Mobile => 0.78,
            Self::Desktop => 1.15,
            Self::Tablet => 0.95,
        }
    }

    /// Median of INP, milliseconds.
    pub(super) fn inp_median_ms(self) -> f64 {
        match self {
            Self::Mobile => 130.0,
            Self::Desktop => 56.0,
            Self::Tablet => 95.0,
        }
    }
}

/// One browser.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) device: Device,
    pub(super) user_agent: &'static str,
    /// Share among the clients of its device.
    share: f64,
    pub(super) viewport: (u32, u32),
    pub(super) pixel_ratio_e2: u32,
    pub(super) cores: u16,
    /// It tells the connection class and the memory class (Chromium does, others do not).
    pub(super) tells_connection: bool,
}

const MOBILE: &[Client] = &[
    Client {
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
        share: 0.56,
        viewport: (412, 839),
        pixel_ratio_e2: 263,
        cores: 8,
        tells_connection: true,
    },
    Client {
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
        share: 0.34,
        viewport: (393, 659),
        pixel_ratio_e2: 300,
        cores: 4,
        tells_connection: false,
    },
    Client {
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/146.0.0.0 Mobile Safari/537.36",
        share: 0.10,
        viewport: (384, 732),
        pixel_ratio_e2: 281,
        cores: 8,
        tells_connection: true,
    },
];

const DESKTOP: &[Client] = &[
    Client {
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
        share: 0.55,
        viewport: (1536, 730),
        pixel_ratio_e2: 125,
        cores: 8,
        tells_connection: true,
    },
    Client {
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
        share: 0.18,
        viewport: (1470, 837),
        pixel_ratio_e2: 200,
        cores: 8,
        tells_connection: false,
    },
    Client {
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
        share: 0.18,
        viewport: (1920, 945),
        pixel_ratio_e2: 100,
        cores: 12,
        tells_connection: true,
    },
    Client {
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0",
        share: 0.09,
        viewport: (1920, 963),
        pixel_ratio_e2: 100,
        cores: 16,
        tells_connection: false,
    },
];

const TABLET: &[Client] = &[Client {
    device: Device::Tablet,
    user_agent: "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    share: 1.0,
    viewport: (810, 1080),
    pixel_ratio_e2: 200,
    cores: 6,
    tells_connection: false,
}];

/// Share of tablets among all.
const TABLET_SHARE: f64 = 0.04;

/// A client for a visitor of a country with this share of mobile.
pub(super) fn pick(random: &mut Random, mobile_share: f64) -> &'static Client {
    let kind = random.unit();
    let clients = if kind < TABLET_SHARE {
        TABLET
    } else if kind < TABLET_SHARE + (1.0 - TABLET_SHARE) * mobile_share {
        MOBILE
    } else {
        DESKTOP
    };
    random.pick(clients, |client| client.share).unwrap_or(&DESKTOP[0])
}
