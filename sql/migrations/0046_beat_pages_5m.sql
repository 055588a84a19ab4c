-- The pulse of a site's pages in slots of 5 minutes, beside that of its countries (beat_5m). Always sum() it. A slot without traffic has no row.
CREATE TABLE beat_pages_5m
(
    site LowCardinality(String) COMMENT 'Site key',
    slot DateTime('UTC') COMMENT 'Start of the 5 minutes in which the views began' CODEC(DoubleDelta, ZSTD(1)),
    page_group LowCardinality(String) COMMENT 'Page group',
    views SimpleAggregateFunction(sum, Int64) COMMENT 'Page views, measured or not, by weight: counted with their first snapshot' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(slot)
ORDER BY (site, page_group, slot)
TTL slot + INTERVAL 70 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Views by 5 minutes and page group'
