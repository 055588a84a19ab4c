-- Page views into variant_cube: the movements of loss_cube_from_page_views (0007, which says what each is). A view keeps its release and arm from snapshot
-- to snapshot, and the view before it is taken to have had the same.
CREATE MATERIALIZED VIEW variant_cube_from_page_views TO variant_cube AS
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
    release,
    experiment_arm,
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
WHERE NOT is_bot AND (release != '' OR experiment_arm != '')
