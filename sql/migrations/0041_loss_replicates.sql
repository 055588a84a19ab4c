-- What the jackknife needs, made ready for the windows that the report shows: parts/loss_cells.sql with resample = 'days' takes seconds on a cube of millions of rows.
-- Filled by loss_replicates_refresh, whole each time. window_orders says of how much data it was made: see parts/loss_cells.sql.
CREATE TABLE loss_replicates
(
    site LowCardinality(String) COMMENT 'Site key',
    from_day Date COMMENT 'First day of the window',
    to_day Date COMMENT 'Day after its last',
    target_ms UInt32 COMMENT 'Target LCP',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    page_group LowCardinality(String) COMMENT 'Group of pages',
    conversions_jk Array(Float64) COMMENT 'Views with a conversion later: of the window, then without each of its days that have data' CODEC(ZSTD(1)),
    lost_pooled_jk Array(Float64) COMMENT 'Pooled loss: of the window, then without each of these days' CODEC(ZSTD(1)),
    days Array(Date) COMMENT 'The days that have data' CODEC(ZSTD(1)),
    direct_days Array(Float64) COMMENT 'Direct loss of each of these days' CODEC(ZSTD(1)),
    direct_var_days Array(Float64) COMMENT '... its variance' CODEC(ZSTD(1)),
    pooled_days Array(Float64) COMMENT 'Pooled loss of each of these days' CODEC(ZSTD(1)),
    pooled_var_days Array(Float64) COMMENT '... its variance by the conversions of the day alone' CODEC(ZSTD(1)),
    window_orders Int64 COMMENT 'Conversions of the site in the window when this was computed' CODEC(ZSTD(1)),
    computed_at DateTime('UTC') COMMENT 'When this was computed' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (site, target_ms, to_day, from_day)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Leave-one-day-out figures of the windows that the report shows, for intervals'
