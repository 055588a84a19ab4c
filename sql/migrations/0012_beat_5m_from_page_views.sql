-- Page views into beat_5m. A view counts with its snapshot 0, whatever it measured; `slow` follows the snapshots as loss_cube.n does: what an earlier
-- snapshot counted is taken back.
CREATE MATERIALIZED VIEW beat_5m_from_page_views TO beat_5m AS
WITH
    http_status < 400 AND navigation_type NOT IN ('prerender', 'back_forward_cache') AND NOT hidden_at_start AS may_be_unit,
    toInt64(ifNull(lcp_ms > 2500, false)) - toInt64(ifNull(counted_lcp_ms > 2500, false)) AS slow_movement
SELECT
    site,
    toStartOfFiveMinutes(toDateTime(ts)) AS slot,
    country,
    if(seq = 0, toInt64(weight), 0) AS views,
    toInt64(0) AS errors,
    toInt64(0) AS orders,
    if(may_be_unit, weight * slow_movement, 0) AS slow
FROM page_views
WHERE NOT is_bot AND (views != 0 OR slow != 0)
