-- The pulse of a site in slots of 5 minutes, for whoever asks whether a country still arrives. Always sum() it. A slot without traffic has no row.
CREATE TABLE beat_5m
(
    site LowCardinality(String) COMMENT 'Site key',
    slot DateTime('UTC') COMMENT 'Start of the 5 minutes; of a view, the slot in which it began' CODEC(DoubleDelta, ZSTD(1)),
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    views SimpleAggregateFunction(sum, Int64) COMMENT 'Page views, measured or not, by weight: counted with their first snapshot' CODEC(T64, ZSTD(1)),
    errors SimpleAggregateFunction(sum, Int64) COMMENT 'Distinct errors of views, by weight: one per row of page_errors, however often the view met it' CODEC(T64, ZSTD(1)),
    orders SimpleAggregateFunction(sum, Int64) COMMENT 'Conversions, by weight' CODEC(T64, ZSTD(1)),
    slow SimpleAggregateFunction(sum, Int64) COMMENT 'Measured views with an LCP over 2500 ms, by weight; signed like loss_cube.n' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(slot)
ORDER BY (site, country, slot)
TTL slot + INTERVAL 70 DAY
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Views, errors, conversions and slow views by 5 minutes and country'
