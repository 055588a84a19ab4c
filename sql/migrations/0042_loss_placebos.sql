-- What the estimate says where there is nothing to find: the band of loss_placebo of each night, appended by loss_placebos_refresh. Two years, like the cube.
CREATE TABLE loss_placebos
(
    site LowCardinality(String) COMMENT 'Site key',
    from_day Date COMMENT 'First day of the window',
    to_day Date COMMENT 'Day after its last',
    target_ms UInt32 COMMENT 'Target LCP',
    draws UInt32 COMMENT 'How often the buckets were permuted',
    conversions Int64 COMMENT 'Views with a conversion later in the session',
    placebo_mean Float64 COMMENT 'Mean of the conversions said to be lost, over the draws' CODEC(ZSTD(1)),
    placebo_sd Float64 COMMENT 'Their standard deviation' CODEC(ZSTD(1)),
    placebo_lo Float64 COMMENT 'Lower end of the band of 95 %' CODEC(ZSTD(1)),
    placebo_hi Float64 COMMENT 'Upper end' CODEC(ZSTD(1)),
    holds Bool COMMENT 'The band contains 0, as it must',
    computed_at DateTime('UTC') COMMENT 'When this was computed' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(to_day)
ORDER BY (site, target_ms, to_day, computed_at)
TTL to_day + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Nightly placebo of the loss: its band must contain 0'
