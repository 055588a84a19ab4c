//! What the benchmarks of one beacon run: beacons as they arrive, each decoded, enriched and encoded as `accept` does it, with everything
//! on that a collector in service has on. Caches are warm, and every beacon is received the moment it was sent.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use beacon_format::{
    Beacon, Context as PageContext, EarlierView, FORMAT_VERSION, Goal, HostTotal, Initiator, LongFrame, LongFrames,
    Nav, NavigationTiming, PageError, PageName, ResourceTiming, ResourceTotal, Resources, ServerTiming, TypeTotal,
    UserTiming, decode, encode, encode_json, limits,
};
use collector::Config;
use collector::enrich::address::ClientAddress;
use collector::enrich::client_hints::ClientHints;
use collector::enrich::geo::GeoDatabase;
use collector::enrich::user_agent::UserAgents;
use collector::enrich::{RequestFacts, Rows, Tools, enrich};
use collector::metrics::Metrics;
use collector::site::Site;
use collector::store::rows::{EncodedRows, Tables};

/// The GeoIP database, as npm installs it.
const GEO: &str = "../node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb";
/// Names another one.
const GEO_VARIABLE: &str = "SLOWTAX_BENCH_GEO";

/// A site with rules, as a shop has them; the beacons' own pages are of none.
const SITE: &str = "[sites.shop]\npage_groups = [{ pattern = '/help/**', group = 'help' }, { pattern = '/account/*', group = 'account' }]";

/// A browser, by the headers that it sends.
#[derive(Clone, Copy)]
struct Browser {
    user_agent: &'static str,
    hints: ClientHints<'static>,
}

const CHROME: Browser = Browser {
    user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    hints: ClientHints {
        brands: r#""Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99""#,
        mobile: "?0",
        platform: r#""Windows""#,
        form_factors: "",
    },
};

const SAFARI: Browser = Browser {
    user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    hints: ClientHints { brands: "", mobile: "", platform: "", form_factors: "" },
};

/// Part of the work on a beacon, or all of it: its name, and the work.
pub(crate) type Part<'w> = (&'static str, Box<dyn Fn() + 'w>);

/// A beacon, and who sends it.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    body: Vec<u8>,
    client: ClientAddress,
    browser: Browser,
    received_ms: i64,
}

impl Kind {
    fn new(name: &'static str, body: Vec<u8>, client: &str, browser: Browser) -> Result<Self> {
        let client = ClientAddress::find(client.parse()?, std::iter::empty(), &[]);
        let head = decode(&body).with_context(|| format!("the beacon `{name}` does not decode"))?.head;
        let sent_after_ms = i64::from(head.sent_after_ms) + i64::from(head.kept_ms);
        let received_ms = i64::try_from(head.time_origin_ms)? + sent_after_ms;
        Ok(Self { name, body, client, browser, received_ms })
    }
}

/// The beacons, and what enriching needs.
pub(crate) struct Workload {
    pub(crate) kinds: Vec<Kind>,
    site: Site,
    tools: Tools,
}

impl Workload {
    /// Makes all of it. Takes a second: the rules for user agents are compiled, and the GeoIP database is checked.
    pub(crate) fn load() -> Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let tools = Tools { geo: Some(geo()?), user_agents: UserAgents::new()?, metrics };
        let site = Site::new(0, "shop", &Config::parse(SITE, [])?.sites["shop"]);
        Ok(Self { kinds: kinds()?, site, tools })
    }

    /// The parts of the work on one beacon, and last the whole of it. Each gives back the memory that it took.
    pub(crate) fn parts<'w>(&'w self, kind: &'w Kind) -> Result<[Part<'w>; 4]> {
        let beacon = decode(&kind.body)?;
        let tables: Tables = self.enrich(kind, &beacon)?.into();
        let (view_id, seq) = (beacon.head.view_id.0, beacon.head.seq);
        let encoded = move |tables: &Tables| tables.encode_snapshot(&self.site.key, view_id, seq);
        ensure!(encoded(&tables)?.rows > 0, "the beacon `{}` becomes no row", kind.name);
        Ok([
            ("decode", Box::new(|| drop(black_box(decode(black_box(&kind.body)))))),
            ("enrich", Box::new(move || drop(black_box(self.enrich(kind, black_box(&beacon)))))),
            ("encode", Box::new(move || drop(black_box(encoded(black_box(&tables)))))),
            ("whole", Box::new(|| drop(black_box(self.whole(kind))))),
        ])
    }

    fn enrich(&self, kind: &Kind, beacon: &Beacon) -> Result<Rows> {
        let Kind { client, browser: Browser { user_agent, hints }, received_ms, .. } = *kind;
        let facts = RequestFacts { client: Some(client), user_agent, hints, received_ms };
        enrich(beacon, &facts, &self.site, &self.tools).map_err(|reject| anyhow!("refused: {}", reject.reason()))
    }

    fn whole(&self, kind: &Kind) -> Result<EncodedRows> {
        let beacon = decode(black_box(&kind.body))?;
        let tables = Tables::from(self.enrich(kind, &beacon)?);
        Ok(tables.encode_snapshot(&self.site.key, beacon.head.view_id.0, beacon.head.seq)?)
    }
}

fn geo() -> Result<GeoDatabase> {
    let path =
        std::env::var_os(GEO_VARIABLE).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(GEO), PathBuf::from);
    let bytes = std::fs::read(&path).with_context(|| {
        format!(
            "the GeoIP database {} is not there. Type `cargo xtask build`, which installs it, or name another in {GEO_VARIABLE}",
            path.display()
        )
    })?;
    Ok(GeoDatabase::new(&path, bytes)?)
}

/// Two that browsers have sent, one of them as a server would tell it, one as the stub tells it, and the largest that is taken.
fn kinds() -> Result<Vec<Kind>> {
    let view = hexadecimal(include_str!("../../../beacon-format/tests/golden/capture.hex"))?;
    let order = hexadecimal(include_str!("../../../beacon-format/tests/golden/order.hex"))?;
    let json = encode_json(&decode(&view)?);
    let stub = include_str!("stub.json").trim_end().as_bytes().to_vec();
    let largest = largest(&decode(&view)?)?;
    Ok(vec![
        Kind::new("view", view, "194.25.0.1", CHROME)?,
        Kind::new("order", order, "2003::1", SAFARI)?,
        Kind::new("json", json, "194.25.0.1", CHROME)?,
        Kind::new("stub", stub, "202.12.27.33", SAFARI)?,
        Kind::new("largest", largest, "200.160.2.3", CHROME)?,
    ])
}

fn hexadecimal(digits: &str) -> Result<Vec<u8>> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?)).collect()
}

/// An image that a content network has, with the longest URL.
fn resource(number: usize) -> ResourceTiming<'static> {
    let mut url = format!("https://cdn{}.shop.example/assets/{number}/", number % limits::HOST_TOTALS_MAX);
    url.extend("picture-of-a-lamp/".chars().cycle().take(limits::URL_BYTES_MAX - url.len()));
    ResourceTiming {
        url: url.into(),
        initiator: Initiator::Image,
        start: 120,
        duration: 340,
        domain_lookup_start: 121,
        domain_lookup_end: 130,
        connect_start: 130,
        secure_connection_start: 141,
        connect_end: 160,
        request_start: 160,
        response_start: 400,
        response_end: 460,
        transfer_bytes: 45_678,
        encoded_bytes: 45_378,
        decoded_bytes: 45_378,
        http_status: 200,
        protocol: "h2".into(),
        ..ResourceTiming::default()
    }
}

/// As many of everything as a beacon may have, and URLs so long that they fill it.
fn largest(view: &Beacon) -> Result<Vec<u8>> {
    let total = ResourceTotal { count: 12, duration_ms: 3400, transfer_bytes: 1_234_567, ..ResourceTotal::default() };
    let host = |number: usize| HostTotal { host: format!("cdn{number}.shop.example").into(), total };
    let earlier = |number: usize| EarlierView {
        started_ms: view.head.time_origin_ms - 10_000 * (number as u64 + 1),
        page: PageName::Path(format!("/item/{number}").into()),
        nav: Nav::Inner,
        lcp_ms: 1500,
    };
    let goal = |number: usize| Goal {
        name: format!("goal {number}").into(),
        value: 49.9,
        at_ms: 900,
        earlier_views: vec![earlier(number)],
    };
    let error = |number: usize| PageError {
        at_ms: 90,
        message: format!("TypeError: {number} is not a function").into(),
        count: 1,
        ..PageError::default()
    };
    let frame = LongFrame {
        start: 104,
        duration: 97,
        script_url: "https://shop.example/app.js".into(),
        function: "render".into(),
        invoker: "BUTTON#buy.onclick".into(),
        ..LongFrame::default()
    };
    let timing = UserTiming { is_measure: true, start: 100, duration: 40, name: "hydrate".into() };
    let server = ServerTiming { name: "db".into(), duration_ms: 13, description: "a query".into() };
    let dimension = |number: usize| (format!("dimension {number}").into(), "blue".into());
    let navigation = view.navigation.clone().context("the view has a navigation")?;
    let beacon = Beacon {
        navigation: Some(NavigationTiming { server_timings: vec![server; limits::SERVER_TIMINGS_MAX], ..navigation }),
        context: PageContext {
            dimensions: (0..limits::DIMENSIONS_MAX).map(dimension).collect(),
            ..view.context.clone()
        },
        frames: LongFrames { worst: vec![frame; limits::LONG_FRAMES_MAX], ..view.frames.clone() },
        timings: vec![timing; limits::USER_TIMINGS_MAX],
        resources: Resources {
            seen: 300,
            entries: (0..limits::RESOURCES_MAX).map(resource).collect(),
            types: Initiator::ALL.iter().map(|initiator| TypeTotal { initiator: *initiator, total }).collect(),
            hosts: (0..limits::HOST_TOTALS_MAX).map(host).collect(),
        },
        errors: (0..limits::ERRORS_MAX).map(error).collect(),
        goals: (0..limits::GOALS_MAX).map(goal).collect(),
        ..view.clone()
    };
    let mut body = vec![0; limits::BEACON_BYTES_MAX];
    let length = encode(&beacon, &mut body);
    body.truncate(length);
    ensure!(
        decode(&body).as_ref() == Ok(&beacon),
        "the largest beacon does not fit into {} bytes",
        limits::BEACON_BYTES_MAX
    );
    ensure!(
        body.first() == Some(&FORMAT_VERSION) && length > limits::BEACON_BYTES_MAX * 9 / 10,
        "it has only {length} bytes"
    );
    Ok(body)
}
