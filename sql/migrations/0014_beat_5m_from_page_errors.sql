-- Errors into beat_5m. A stream cannot know whether a view had an error before, so this counts the distinct errors of views, not the views with one.
CREATE MATERIALIZED VIEW beat_5m_from_page_errors TO beat_5m AS
SELECT
    site,
    toStartOfFiveMinutes(toDateTime(ts)) AS slot,
    country,
    toInt64(0) AS views,
    toInt64(weight) AS errors,
    toInt64(0) AS orders,
    toInt64(0) AS slow
FROM page_errors
WHERE NOT is_bot
