-- One row per distinct error of a page view.
CREATE TABLE page_errors
(
    site LowCardinality(String) COMMENT 'Site key',
    ts DateTime64(3, 'UTC') COMMENT 'When the error was first met' CODEC(DoubleDelta, ZSTD(1)),
    session_id UInt64 COMMENT 'The session' CODEC(Delta, ZSTD(1)),
    view_id UInt64 COMMENT 'The page view' CODEC(Delta, ZSTD(1)),
    weight UInt32 COMMENT 'How many sessions this one stands for' CODEC(T64, ZSTD(1)),
    is_simulated Bool COMMENT 'Of a simulated visit',
    is_bot Bool COMMENT 'Of a bot',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    page_group LowCardinality(String) COMMENT 'Page group of the view; empty when told without a view',
    device Enum8('mobile' = 1, 'desktop' = 2, 'tablet' = 3, 'other' = 4) COMMENT 'Kind of device',
    browser LowCardinality(String) COMMENT 'Browser family',
    release LowCardinality(String) COMMENT 'Release of the site; empty when not told',
    kind Enum8('uncaught' = 0, 'rejection' = 1, 'resource' = 2, 'csp' = 3, 'reported' = 4) COMMENT 'What kind of error',
    message String COMMENT 'Its message, one line, at most 500 bytes' CODEC(ZSTD(3)),
    source String COMMENT 'URL of the script or resource without query' CODEC(ZSTD(3)),
    line UInt32 COMMENT 'Line, from 1; 0 unknown' CODEC(T64, ZSTD(1)),
    column UInt32 COMMENT 'Column, from 1; 0 unknown' CODEC(T64, ZSTD(1)),
    count UInt32 COMMENT 'How often the view met it' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (site, kind, country, ts)
TTL toDateTime(ts) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Errors that pages met';
