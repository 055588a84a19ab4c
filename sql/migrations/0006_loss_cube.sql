-- The loss cube: all that the loss figures need, one row per site, day, stratum and LCP bucket once parts are merged. Always sum() it.
-- Fed by loss_cube_from_page_views and loss_cube_from_goals. The counts are signed, because a later snapshot of a view takes back what an earlier
-- one counted; a cell that nets to zero stays as a row of zeros.
CREATE TABLE loss_cube
(
    site LowCardinality(String) COMMENT 'Site key',
    day Date COMMENT 'UTC day on which the view began',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    page_group LowCardinality(String) COMMENT 'Group of pages, such as /item/*',
    device Enum8('mobile' = 1, 'desktop' = 2, 'tablet' = 3, 'other' = 4) COMMENT 'Kind of device',
    nav Enum8('entry' = 1, 'inner' = 2) COMMENT 'First view of its session, or a later one',
    bucket UInt8 COMMENT 'LCP: 0-based index of the first of 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000 ms that is not below it; 13 for longer ones',
    n SimpleAggregateFunction(sum, Int64) COMMENT 'Measured views, by weight' CODEC(T64, ZSTD(1)),
    k SimpleAggregateFunction(sum, Int64) COMMENT 'Of these, those with a conversion later in the session' CODEC(T64, ZSTD(1)),
    exits SimpleAggregateFunction(sum, Int64) COMMENT 'Of these, those that were the last measured view of the session so far' CODEC(T64, ZSTD(1)),
    t_ms SimpleAggregateFunction(sum, Int64) COMMENT 'Sum of LCP in milliseconds, each at most 60000' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, country, page_group, device, nav, bucket)
TTL day + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Views, conversions after them, exits and LCP time by day, stratum and LCP bucket'
