-- One row per goal reached. It carries the measured views of its session that came before, so that loss_cube is fed without a join.
CREATE TABLE goals
(
    site LowCardinality(String) COMMENT 'Site key',
    ts DateTime64(3, 'UTC') COMMENT 'When the goal was reached' CODEC(DoubleDelta, ZSTD(1)),
    session_id UInt64 COMMENT 'The session' CODEC(Delta, ZSTD(1)),
    view_id UInt64 COMMENT 'The page view that reached it' CODEC(Delta, ZSTD(1)),
    weight UInt32 COMMENT 'How many sessions this one stands for' CODEC(T64, ZSTD(1)),
    is_simulated Bool COMMENT 'Of a simulated visit',
    is_bot Bool COMMENT 'Of a bot',
    name LowCardinality(String) COMMENT 'Name of the goal, such as order',
    is_conversion Bool COMMENT 'It is the goal by which the site measures loss',
    value Float64 COMMENT 'Value in the currency of the site; 0 when it has none' CODEC(ZSTD(1)),
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    page_group LowCardinality(String) COMMENT 'Page group of the view that reached it; empty when told without a view',
    device Enum8('mobile' = 1, 'desktop' = 2, 'tablet' = 3, 'other' = 4) COMMENT 'Kind of device',
    earlier_ts Array(DateTime64(3, 'UTC')) COMMENT 'Earlier measured views that no earlier goal of this name carried: when each began',
    earlier_page_group Array(LowCardinality(String)) COMMENT '... their page groups',
    earlier_nav Array(Enum8('entry' = 1, 'inner' = 2)) COMMENT '... their places in the session',
    earlier_lcp_ms Array(UInt32) COMMENT '... their LCP'
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (site, country, ts)
TTL toDateTime(ts) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Goals reached, with the views that came before in the session';
