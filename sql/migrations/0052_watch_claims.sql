-- Which of several collectors watches: claims to do so, by ClickHouse's own time. The earliest claim that holds wins. A claim holds until the latest until of its rows, and
-- no longer from the moment that it has a row whose until is not after claimed_at: its holder let go of it. See collector/src/alarms/lease.rs.
CREATE TABLE watch_claims
(
    claim String COMMENT 'Name of the claim, unique: node, start and number' CODEC(ZSTD(1)),
    holder String COMMENT 'Collector that claims: node and start' CODEC(ZSTD(1)),
    claimed_at DateTime64(3, 'UTC') COMMENT 'When the claim was made; the same in all of its rows' CODEC(ZSTD(1)),
    until DateTime64(3, 'UTC') COMMENT 'Until when it holds, unless a later row says more' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (claimed_at, claim)
TTL toDateTime(until) + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Which of several collectors watches for alarms'
