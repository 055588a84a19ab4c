-- Where a row came from. `segment` is filled by ClickHouse itself: the collector names the segment in the setting log_comment of its INSERT, which
-- query_log shows as well, so that rows are the same bytes whichever segment they are in. With neighbours of the same segment it takes next to nothing.
ALTER TABLE page_views
    ADD COLUMN IF NOT EXISTS geo_built Date COMMENT 'When the GeoIP database was built that country is from; 1970-01-01 without one' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS segment LowCardinality(String) DEFAULT getSetting('log_comment') COMMENT 'Segment of the collector''s spool that brought this row; empty when none did' CODEC(ZSTD(1))
