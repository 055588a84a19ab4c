-- Reports that browsers send by themselves (Reporting API, Network Error Logging), also for pages that never loaded.
CREATE TABLE browser_reports
(
    site LowCardinality(String) COMMENT 'Site key',
    ts DateTime64(3, 'UTC') COMMENT 'When it happened: receive time minus the age that the report states' CODEC(DoubleDelta, ZSTD(1)),
    is_bot Bool COMMENT 'Of a bot',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    device Enum8('mobile' = 1, 'desktop' = 2, 'tablet' = 3, 'other' = 4) COMMENT 'Kind of device',
    browser LowCardinality(String) COMMENT 'Browser family',
    type LowCardinality(String) COMMENT 'Type of the report, such as network-error',
    url String COMMENT 'URL it is about, without query' CODEC(ZSTD(3)),
    phase LowCardinality(String) COMMENT 'Network errors: dns, connection or application; empty for others',
    error LowCardinality(String) COMMENT 'Network errors: such as tcp.timed_out; for others the reason or id',
    http_status UInt16 COMMENT 'HTTP status; 0 when there was none' CODEC(T64, ZSTD(1)),
    protocol LowCardinality(String) COMMENT 'Protocol; empty when not told',
    elapsed_ms UInt32 COMMENT 'From the start of the request to its failure' CODEC(T64, ZSTD(1)),
    sampling_fraction Float32 COMMENT 'Share of such events that browsers report; divide counts by it'
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (site, type, country, ts)
TTL toDateTime(ts) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Reports that browsers send by themselves';
