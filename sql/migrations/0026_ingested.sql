-- How many rows of page_views each segment of a collector's spool has brought: snapshots replace each other there, so that they cannot be counted
-- afterwards. `slowtax audit` holds this, and the rows of the other raw tables by their segment, against the collector's ledger. About 30 bytes a segment,
-- one a second and collector at most while nothing is in the way.
CREATE TABLE ingested
(
    segment String COMMENT 'Segment of a collector''s spool: node, run and number' CODEC(ZSTD(1)),
    day SimpleAggregateFunction(max, Date) COMMENT 'Day (UTC) on which the collector received the last of them' CODEC(ZSTD(1)),
    rows SimpleAggregateFunction(sum, UInt64) COMMENT 'Rows that the segment brought' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY segment
TTL day + INTERVAL 35 DAY
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Rows of page_views that each segment brought; see slowtax audit'
