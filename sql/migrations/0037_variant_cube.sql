-- loss_cube once more, of the views alone that tell a release or an experiment's arm, apart by these. Not columns of loss_cube: most questions do not ask
-- for them, and would read a cube several times as large. Signed like loss_cube; always sum() it.
CREATE TABLE variant_cube
(
    site LowCardinality(String) COMMENT 'Site key',
    day Date COMMENT 'UTC day on which the view began',
    release LowCardinality(String) COMMENT 'Release of the site; empty when not told',
    experiment_arm LowCardinality(String) COMMENT 'Arm of a randomised experiment; empty when none',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    page_group LowCardinality(String) COMMENT 'Group of pages, such as /item/*',
    device Enum8('mobile' = 1, 'desktop' = 2, 'tablet' = 3, 'other' = 4) COMMENT 'Kind of device',
    nav Enum8('entry' = 1, 'inner' = 2) COMMENT 'First view of its session, or a later one',
    bucket UInt8 COMMENT 'LCP, as in loss_cube',
    n SimpleAggregateFunction(sum, Int64) COMMENT 'Measured views, by weight' CODEC(T64, ZSTD(1)),
    k SimpleAggregateFunction(sum, Int64) COMMENT 'Of these, those with a conversion later in the session' CODEC(T64, ZSTD(1)),
    exits SimpleAggregateFunction(sum, Int64) COMMENT 'Of these, those that were the last measured view of the session so far' CODEC(T64, ZSTD(1)),
    t_ms SimpleAggregateFunction(sum, Int64) COMMENT 'Sum of LCP in milliseconds, each at most 60000' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, release, experiment_arm, country, page_group, device, nav, bucket)
TTL day + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'loss_cube of the views that tell a release or an experiment arm, apart by these'
