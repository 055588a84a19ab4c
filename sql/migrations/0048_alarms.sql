-- Alarms: what the collector that watches makes of the rows of the alarm views. One row is an alarm from its beginning to its end; the last version counts, so read it
-- with FINAL. A fingerprint has one open alarm at a time.
CREATE TABLE alarms
(
    site LowCardinality(String) COMMENT 'Site key',
    fingerprint String COMMENT 'What is watched, as 16 hexadecimal digits: of site, rule, country and page group' CODEC(ZSTD(1)),
    opened_at DateTime('UTC') COMMENT 'Judged instant at which it began, the end of a slot' CODEC(Delta, ZSTD(1)),
    rule LowCardinality(String) COMMENT 'volume, volume_pages, orders, errors, speed, drift, network or probe',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; empty: all together',
    page_group LowCardinality(String) COMMENT 'Page group; empty: all together',
    urgency LowCardinality(String) COMMENT 'page or ticket',
    state Enum8('pending' = 1, 'firing' = 2, 'resolved' = 3) COMMENT 'pending: it holds, and something holds it back; firing: it was told; resolved: it is over',
    fired_at Nullable(DateTime('UTC')) COMMENT 'When it was first told; NULL where it never was' CODEC(ZSTD(1)),
    resolved_at Nullable(DateTime('UTC')) COMMENT 'When it was over: the first of the instants that were judged well; NULL while it is not' CODEC(ZSTD(1)),
    judged_at DateTime('UTC') COMMENT 'Last instant that was judged' CODEC(Delta, ZSTD(1)),
    observed Float64 COMMENT 'What was observed then: views, orders, errors or failures, or a share of slow views' CODEC(ZSTD(1)),
    expected Float64 COMMENT 'What was expected' CODEC(ZSTD(1)),
    lo Float64 COMMENT 'Lower end of what was expected; 0 where a rule has no band' CODEC(ZSTD(1)),
    hi Float64 COMMENT 'Upper end' CODEC(ZSTD(1)),
    z Float64 COMMENT 'How far from expected, in standard deviations; of errors the burn rate, of a drift its sum; 0 where a rule has none' CODEC(ZSTD(1)),
    summary String COMMENT 'All of it in one sentence, plain text' CODEC(ZSTD(1)),
    incident_id String COMMENT 'Incident that it belongs to; empty: none, as of tickets' CODEC(ZSTD(1)),
    held_back_by String COMMENT 'Why it is not told: the fingerprint of an alarm above it, silence:ID or maintenance; empty: nothing does' CODEC(ZSTD(1)),
    notified_at Nullable(DateTime('UTC')) COMMENT 'When it was told last' CODEC(ZSTD(1)),
    notifications UInt32 COMMENT 'How often it was told, its end left out' CODEC(T64, ZSTD(1)),
    version UInt64 COMMENT 'Unix milliseconds of the writer, or one more than before' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(opened_at)
ORDER BY (site, opened_at, fingerprint)
TTL opened_at + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Alarms from their beginning to their end; read with FINAL'
