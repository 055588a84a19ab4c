-- As 0021 for page_views.
ALTER TABLE page_errors
    ADD COLUMN IF NOT EXISTS segment LowCardinality(String) DEFAULT getSetting('log_comment') COMMENT 'Segment of the collector''s spool that brought this row; empty when none did' CODEC(ZSTD(1))
