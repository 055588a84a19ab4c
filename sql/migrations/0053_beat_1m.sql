-- The pulse of a site by minute, for the last days: what began between two slots of beat_5m is found sooner in windows that end with any minute. Always sum() it. A
-- minute without traffic has no row. Sorted by time before country: what is asked is all countries in a few hours.
CREATE TABLE beat_1m
(
    site LowCardinality(String) COMMENT 'Site key',
    minute DateTime('UTC') COMMENT 'Start of the minute; of a view, the one in which it began' CODEC(DoubleDelta, ZSTD(1)),
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    views SimpleAggregateFunction(sum, Int64) COMMENT 'Page views, measured or not, by weight: counted with their first snapshot' CODEC(T64, ZSTD(1)),
    errors SimpleAggregateFunction(sum, Int64) COMMENT 'Distinct errors of views, by weight: each once, with the first row that tells of it' CODEC(T64, ZSTD(1)),
    orders SimpleAggregateFunction(sum, Int64) COMMENT 'Conversions, by weight' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(minute)
ORDER BY (site, minute, country)
TTL minute + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Views, errors and conversions by minute and country, of the last days'
