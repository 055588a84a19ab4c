-- Incidents: alarms of a site that began within 15 minutes, and what they cost. Written by the collector that watches alone; what people say of an incident is in
-- incident_edits. The last version counts.
CREATE TABLE incidents
(
    site LowCardinality(String) COMMENT 'Site key',
    incident_id String COMMENT 'Its start in UTC and four hexadecimal digits, such as 20261127-1405-9f3a' CODEC(ZSTD(1)),
    kind Enum8('outage' = 1, 'errors' = 2, 'slowness' = 3, 'network' = 4, 'self' = 5) COMMENT 'The gravest of what its alarms say; self: the collector could not be reached',
    started_at DateTime('UTC') COMMENT 'Begin of the window in which its first alarm saw it' CODEC(Delta, ZSTD(1)),
    detected_at DateTime('UTC') COMMENT 'When its first alarm was told' CODEC(Delta, ZSTD(1)),
    resolved_at Nullable(DateTime('UTC')) COMMENT 'When the last of its alarms was over; NULL while one is not' CODEC(ZSTD(1)),
    title String COMMENT 'What it is, plain text' CODEC(ZSTD(1)),
    rules Array(LowCardinality(String)) COMMENT 'Rules of its alarms' CODEC(ZSTD(1)),
    countries Array(LowCardinality(String)) COMMENT 'Countries of its alarms, an empty one for all together' CODEC(ZSTD(1)),
    page_groups Array(String) COMMENT 'Page groups of its alarms' CODEC(ZSTD(1)),
    alarms UInt32 COMMENT 'How many alarms it has had' CODEC(T64, ZSTD(1)),
    loss_method LowCardinality(String) COMMENT 'orders: expected less actual; views of the page: those missing, by orders per view; slowness: by the curve of the 28 days before; empty: not computed yet',
    expected_orders Nullable(Float64) COMMENT 'Orders that were expected while it lasted' CODEC(ZSTD(1)),
    actual_orders Nullable(Float64) COMMENT 'Orders that came' CODEC(ZSTD(1)),
    gross_lost Nullable(Float64) COMMENT 'Orders lost while it lasted' CODEC(ZSTD(1)),
    gross_lo Nullable(Float64) COMMENT 'Lower end of the interval' CODEC(ZSTD(1)),
    gross_hi Nullable(Float64) COMMENT 'Upper end' CODEC(ZSTD(1)),
    net_lost Nullable(Float64) COMMENT 'Orders lost, less those that came later, within 24 hours' CODEC(ZSTD(1)),
    net_lo Nullable(Float64) COMMENT 'Lower end of the interval' CODEC(ZSTD(1)),
    net_hi Nullable(Float64) COMMENT 'Upper end' CODEC(ZSTD(1)),
    gross_lost_revenue Nullable(Float64) COMMENT 'gross_lost in the site''s currency' CODEC(ZSTD(1)),
    net_lost_revenue Nullable(Float64) COMMENT 'net_lost in the site''s currency' CODEC(ZSTD(1)),
    priced_at Nullable(DateTime('UTC')) COMMENT 'When the loss was computed last; final a day after its end' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'Unix milliseconds of the writer, or one more than before' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(started_at)
ORDER BY (site, started_at, incident_id)
TTL started_at + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Incidents and what they cost; read with FINAL'
