-- Page views into the loss cube: n, exits and t_ms. Each snapshot makes up to three signed movements, and no state is looked up:
--   own       it counts the view with the LCP that it tells;
--   taken back  it takes back what an earlier snapshot of the view counted (counted_lcp_ms), so that a view counts once, soon, and in the end
--             with its final LCP;
--   went on   the measured view before it in the session was counted as an exit and turns out to be none (previous_*, told once per view). That
--             holds whatever becomes of this view's own measurement, so only bots are left out.
-- The view sees the rows of an INSERT before ReplacingMergeTree folds them: two snapshots in one INSERT both count. A snapshot inserted twice would
-- count twice; the collector refuses repeats, and an INSERT retried with its token is dropped here as in page_views.
CREATE MATERIALIZED VIEW loss_cube_from_page_views TO loss_cube AS
WITH
    toInt64(weight) AS w,
    http_status < 400 AND navigation_type NOT IN ('prerender', 'back_forward_cache') AND NOT hidden_at_start AS may_be_unit,
    [
        (may_be_unit AND lcp_ms IS NOT NULL, toDate(ts), page_group, nav, ifNull(lcp_ms, 0), w, w),
        (may_be_unit AND counted_lcp_ms IS NOT NULL, toDate(ts), page_group, nav, ifNull(counted_lcp_ms, 0), -w, -w),
        (previous_ts IS NOT NULL, toDate(ifNull(previous_ts, ts)), previous_page_group, previous_nav, previous_lcp_ms, toInt64(0), -w)
    ]
        ::Array(Tuple(holds Bool, day Date, page_group LowCardinality(String), nav Enum8('entry' = 1, 'inner' = 2), lcp_ms UInt32, n Int64, exits Int64))
        AS movements
SELECT
    site,
    movement.day AS day,
    country,
    movement.page_group AS page_group,
    device,
    movement.nav AS nav,
    toUInt8(arrayCount(edge -> edge < movement.lcp_ms, [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000])) AS bucket,
    movement.n AS n,
    toInt64(0) AS k,
    movement.exits AS exits,
    movement.n * least(movement.lcp_ms, 60000) AS t_ms
FROM page_views
ARRAY JOIN arrayFilter(candidate -> candidate.holds, movements) AS movement
WHERE NOT is_bot
