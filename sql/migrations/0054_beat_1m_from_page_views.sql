-- Page views into beat_1m, as into beat_5m: a view once, with its snapshot 0. Views from before this migration are not in it; `volume_alarms` looks at slots until it has three hours.
CREATE MATERIALIZED VIEW beat_1m_from_page_views TO beat_1m AS
SELECT
    site,
    toStartOfMinute(toDateTime(ts)) AS minute,
    country,
    toInt64(weight) AS views,
    toInt64(0) AS errors,
    toInt64(0) AS orders
FROM page_views
WHERE NOT is_bot AND seq = 0
