-- Conversions and their value per day and country, so that the loss can be stated as a share of orders and in money. Always sum() it.
CREATE TABLE goals_daily
(
    site LowCardinality(String) COMMENT 'Site key',
    day Date COMMENT 'UTC day on which the goal was reached',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    orders SimpleAggregateFunction(sum, Int64) COMMENT 'Conversions, by weight' CODEC(T64, ZSTD(1)),
    revenue SimpleAggregateFunction(sum, Float64) COMMENT 'Their value, by weight, in the currency of the site' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, country)
TTL day + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Conversions and revenue by day and country'
