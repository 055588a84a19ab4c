-- Errors into beat_1m, as into beat_5m: once per distinct error of a view, with the first row that tells of it.
CREATE MATERIALIZED VIEW beat_1m_from_page_errors TO beat_1m AS
SELECT
    site,
    toStartOfMinute(toDateTime(ts)) AS minute,
    country,
    toInt64(0) AS views,
    toInt64(weight) AS errors,
    toInt64(0) AS orders
FROM page_errors
WHERE NOT is_bot AND counted = 0
