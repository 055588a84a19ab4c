-- Codecs by measuring (`cargo xtask bench query`, 600,000 merged rows with all columns filled; bytes a row, before and after): session_id 6.3 to 2.8, since neighbours by
-- view_id are of different sessions and Delta only makes noise of them; dimensions 5.1 to 1.5; previous_ts 3.0 to 1.7; received_at 3.5 to 2.3; types.duration_ms 7.7 to
-- 6.7; seq 0.7 to 0.1; and those that had the default codec, LZ4, about a third less with ZSTD (language 1.0 to 0.5, page_group 1.0 to 0.6). Parts take
-- them as they merge.
ALTER TABLE page_views
    MODIFY COLUMN session_id CODEC(ZSTD(1)),
    MODIFY COLUMN dimensions CODEC(ZSTD(3)),
    MODIFY COLUMN previous_ts CODEC(ZSTD(1)),
    MODIFY COLUMN received_at CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN `types.duration_ms` CODEC(ZSTD(3)),
    MODIFY COLUMN seq CODEC(T64, ZSTD(1)),
    MODIFY COLUMN reason CODEC(ZSTD(1)),
    MODIFY COLUMN country CODEC(ZSTD(1)),
    MODIFY COLUMN page_group CODEC(ZSTD(1)),
    MODIFY COLUMN page_name CODEC(ZSTD(1)),
    MODIFY COLUMN referrer_host CODEC(ZSTD(1)),
    MODIFY COLUMN device CODEC(ZSTD(1)),
    MODIFY COLUMN browser CODEC(ZSTD(1)),
    MODIFY COLUMN os CODEC(ZSTD(1)),
    MODIFY COLUMN nav CODEC(ZSTD(1)),
    MODIFY COLUMN navigation_type CODEC(ZSTD(1)),
    MODIFY COLUMN previous_page_group CODEC(ZSTD(1)),
    MODIFY COLUMN previous_nav CODEC(ZSTD(1)),
    MODIFY COLUMN lcp_element CODEC(ZSTD(1)),
    MODIFY COLUMN protocol CODEC(ZSTD(1)),
    MODIFY COLUMN delivery_type CODEC(ZSTD(1)),
    MODIFY COLUMN effective_type CODEC(ZSTD(1)),
    MODIFY COLUMN language CODEC(ZSTD(1)),
    MODIFY COLUMN release CODEC(ZSTD(1)),
    MODIFY COLUMN experiment_arm CODEC(ZSTD(1))
