-- Page views into beat_pages_5m: a view once, with its snapshot 0. Views from before this migration are not in it: page groups are learned from here on.
CREATE MATERIALIZED VIEW beat_pages_5m_from_page_views TO beat_pages_5m AS
SELECT
    site,
    toStartOfFiveMinutes(toDateTime(ts)) AS slot,
    page_group,
    toInt64(weight) AS views
FROM page_views
WHERE NOT is_bot AND seq = 0
