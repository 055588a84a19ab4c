-- When whoever watches judged last, so that the report can tell that nothing is wrong from that nobody looks.
ALTER TABLE watch_claims
    ADD COLUMN IF NOT EXISTS judged_at DateTime64(3, 'UTC') COMMENT 'When its holder last judged all sites, as of until; 1970 before it has' CODEC(ZSTD(1))
