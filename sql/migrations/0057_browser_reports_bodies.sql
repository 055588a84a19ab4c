-- What bodies of browsers' reports say besides: which page asked for what failed, and what a policy kept from happening.
ALTER TABLE browser_reports
    ADD COLUMN IF NOT EXISTS method LowCardinality(String) COMMENT 'Network errors: the request''s method; empty for others',
    ADD COLUMN IF NOT EXISTS referrer String COMMENT 'Referrer of the request or page, without query; empty when not told' CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS blocked String COMMENT 'Policies: what was kept from being loaded, a URL without query or a word such as inline' CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS source String COMMENT 'URL of the script that it is about, without query; empty when not told' CODEC(ZSTD(3)),
    ADD COLUMN IF NOT EXISTS line UInt32 COMMENT 'Its line; 0 when not told' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS disposition LowCardinality(String) COMMENT 'Policies: enforce, or report where it was only told',
    ADD COLUMN IF NOT EXISTS message String COMMENT 'Deprecations and interventions: what the browser says, one line' CODEC(ZSTD(3))
