-- Silences: for how long which alarms are not told, at most 30 days. One that is ended early is a new version whose until_at has come.
CREATE TABLE silences
(
    site LowCardinality(String) COMMENT 'Site key',
    silence_id String COMMENT 'Its name, unique in the site' CODEC(ZSTD(1)),
    rule LowCardinality(String) COMMENT 'Rule whose alarms are not told; empty: any',
    country LowCardinality(String) COMMENT 'Country; empty: any',
    page_group LowCardinality(String) COMMENT 'Page group; empty: any',
    from_at DateTime('UTC') COMMENT 'From when on' CODEC(ZSTD(1)),
    until_at DateTime('UTC') COMMENT 'Until when, itself left out' CODEC(ZSTD(1)),
    reason String COMMENT 'Why, plain text' CODEC(ZSTD(1)),
    made_by String COMMENT 'Who made it' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'Unix milliseconds of the writer, or one more than before' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (site, silence_id)
TTL from_at + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'For how long which alarms are not told; read with FINAL'
