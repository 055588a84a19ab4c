-- The web vitals of busy days by every dimension, as weighted histograms, so that questions about 100 million views read some megabytes. Days with
-- fewer than 100,000 views have no rows here: the views on vitals read those from page_views, exactly. 0044 fills it, vitals_by reads it.
-- Values are rounded to the nearest of 8 significant bits (exact up to 256), so a percentile is off by 1/256 (0.39 %) at most, of any distribution:
-- rounding keeps the order, so it is the exact percentile, rounded. Counts, and so all shares, are exact.
-- Why arrays: of 28 days of 3.6 million views in 60 countries, `quantilesExactWeightedArray` over them took 20 ms of a processor where merging
-- quantilesExactWeighted states took 40, and they took a tenth of the room; T-Digest states have no bound of their error.
-- Not replaced at once: `generation` is in the key, so that the version before the last stays until the one after it is there, and a question that has
-- found out the latest version still finds its rows. Few rows to a granule, since a row is kilobytes.
CREATE TABLE vitals_daily
(
    site LowCardinality(String) COMMENT 'Site key',
    day Date COMMENT 'Day (UTC) on which the views began' CODEC(ZSTD(1)),
    dimension Enum8('site' = 0, 'country' = 1, 'page_group' = 2, 'device' = 3, 'browser' = 4, 'connection' = 5, 'release' = 6, 'country_page' = 7) COMMENT 'What value is one of; of country_page only LCP is there',
    value LowCardinality(String) COMMENT 'Country, page group, device, ...; of country_page the country, of site empty',
    page_group LowCardinality(String) COMMENT 'Of country_page the page group, else empty',
    version UInt64 COMMENT 'When the day was computed, Unix milliseconds: of a day only the rows of the latest version count' CODEC(ZSTD(1)),
    generation UInt8 MATERIALIZED intDiv(version + 150000, 300000) % 2 COMMENT 'Of two refreshes in a row one is 0 and one 1' CODEC(ZSTD(1)),
    covered_view_id UInt64 COMMENT 'Views of the day with a lower view_id are in, later ones are to be read from page_views' CODEC(ZSTD(1)),
    begun_views Int64 COMMENT 'Views of the day in beat_5m when it was computed' CODEC(ZSTD(1)),
    views UInt64 COMMENT 'Page views by weight, without bots' CODEC(T64, ZSTD(1)),
    simulated_views UInt64 COMMENT 'Of these, simulated ones' CODEC(T64, ZSTD(1)),
    waiting_views UInt64 COMMENT 'Of these, those that fetched a document and were visible when they began: somebody waited' CODEC(T64, ZSTD(1)),
    abandoned_views UInt64 COMMENT 'Of those, the ones that were hidden before their load event had ended' CODEC(T64, ZSTD(1)),
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the last of their snapshots was received' CODEC(ZSTD(1)),
    lcp_good UInt64 COMMENT 'Views with an LCP up to 2500 ms, by weight' CODEC(T64, ZSTD(1)),
    lcp_poor UInt64 COMMENT 'Views with an LCP over 4000 ms, by weight' CODEC(T64, ZSTD(1)),
    lcp_values Array(UInt32) COMMENT 'LCP that occurs, ms to 8 significant bits, ascending' CODEC(T64, ZSTD(1)),
    lcp_counts Array(UInt64) COMMENT '... how many views by weight have each' CODEC(T64, ZSTD(1)),
    fcp_good UInt64 COMMENT 'Views with an FCP up to 1800 ms, by weight' CODEC(T64, ZSTD(1)),
    fcp_poor UInt64 COMMENT 'Views with an FCP over 3000 ms, by weight' CODEC(T64, ZSTD(1)),
    fcp_values Array(UInt32) COMMENT 'FCP that occurs, ms to 8 significant bits, ascending' CODEC(T64, ZSTD(1)),
    fcp_counts Array(UInt64) COMMENT '... how many views by weight have each' CODEC(T64, ZSTD(1)),
    ttfb_good UInt64 COMMENT 'Views with a TTFB up to 800 ms, by weight' CODEC(T64, ZSTD(1)),
    ttfb_poor UInt64 COMMENT 'Views with a TTFB over 1800 ms, by weight' CODEC(T64, ZSTD(1)),
    ttfb_values Array(UInt32) COMMENT 'TTFB that occurs, ms to 8 significant bits, ascending' CODEC(T64, ZSTD(1)),
    ttfb_counts Array(UInt64) COMMENT '... how many views by weight have each' CODEC(T64, ZSTD(1)),
    inp_good UInt64 COMMENT 'Views with an INP up to 200 ms, by weight' CODEC(T64, ZSTD(1)),
    inp_poor UInt64 COMMENT 'Views with an INP over 500 ms, by weight' CODEC(T64, ZSTD(1)),
    inp_values Array(UInt32) COMMENT 'INP that occurs, ms to 8 significant bits, ascending' CODEC(T64, ZSTD(1)),
    inp_counts Array(UInt64) COMMENT '... how many views by weight have each' CODEC(T64, ZSTD(1)),
    cls_good UInt64 COMMENT 'Views with a CLS up to 0.1, by weight' CODEC(T64, ZSTD(1)),
    cls_poor UInt64 COMMENT 'Views with a CLS over 0.25, by weight' CODEC(T64, ZSTD(1)),
    cls_values Array(UInt32) COMMENT 'CLS that occurs, in ten-thousandths to 8 significant bits, ascending' CODEC(T64, ZSTD(1)),
    cls_counts Array(UInt64) COMMENT '... how many views by weight have each' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (site, dimension, value, page_group, day, generation)
TTL day + INTERVAL 90 DAY
SETTINGS index_granularity = 64, non_replicated_deduplication_window = 0
COMMENT 'Web vitals of days with 100,000 views or more, by dimension, as histograms'
