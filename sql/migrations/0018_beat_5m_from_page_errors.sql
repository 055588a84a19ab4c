-- Errors into beat_5m, as before but once per distinct error of a view: only the first row that tells of it (counted = 0). A stream cannot know whether
-- a view had another error before, so this counts the distinct errors of views, not the views with one.
ALTER TABLE beat_5m_from_page_errors MODIFY QUERY
SELECT
    site,
    toStartOfFiveMinutes(toDateTime(ts)) AS slot,
    country,
    toInt64(0) AS views,
    toInt64(weight) AS errors,
    toInt64(0) AS orders,
    toInt64(0) AS slow
FROM page_errors
WHERE NOT is_bot AND counted = 0
