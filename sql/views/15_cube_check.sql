-- Whether loss_cube, which is added up as beacons arrive, says what the raw tables say: n and LCP time of every stratum and bucket counted again from page_views, and
-- k by looking for each view's conversions in goals by session. One row for each cell that differs; none means that they agree. Days are in
-- [from_day, to_day).
--
-- k is counted again without what the goals carry: a measured view converts when a conversion of its session comes later, in another view. What may rightly differ, by a few views: a
-- session of more than 50 measured views before a goal, one whose conversion came after to_day (goals are looked for 2 days further), a view whose LCP grew between the goal
-- and its end, one of two conversions that share a millisecond with a view, and what is not in both (views whose last snapshot is still to come; parts of
-- raw tables that retention has dropped: only ask for days that they still have).
--
--   SELECT sum(abs(n_streamed - n_recounted)), sum(abs(k_streamed - k_recounted)) FROM slowtax.cube_check(site = 'shop', from_day = '2026-11-01', to_day = '2026-11-08')
--
-- Cost: reads the window's page_views with FINAL and its goals, and holds the goals' sessions in memory (about 100 bytes each).
CREATE OR REPLACE VIEW cube_check AS
WITH
    recounted AS
    (
        SELECT
            toDate(ts) AS day, cell.1 AS country, page_group, cell.2 AS device, nav,
            toUInt8(arrayCount(edge -> edge < lcp, [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000])) AS bucket,
            sum(cell.3) AS n, sum(cell.4) AS k, sum(cell.3 * least(lcp, 60000)) AS t_ms
        FROM
        (
            SELECT
                views.ts AS ts, page_group, nav, assumeNotNull(lcp_ms) AS lcp, toInt64(weight) AS w,
                -- The first conversion after the view counts it, with its own country and device; not one that the view itself reached.
                arrayFirst(conversion -> conversion.1 > views.ts AND conversion.2 != views.view_id, conversions) AS next,
                [(views.country, views.device, w, toInt64(0)), (next.3, next.4, toInt64(0), if(next.3 != '', w, 0))] AS cells
            FROM
            (
                SELECT ts, session_id, view_id, country, page_group, device, nav, lcp_ms, weight
                FROM page_views FINAL
                WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot AND lcp_ms IS NOT NULL
                    AND http_status < 400 AND navigation_type NOT IN ('prerender', 'back_forward_cache') AND NOT hidden_at_start
            ) AS views
            LEFT JOIN
            (
                SELECT session_id, arraySort(groupArray((ts, view_id, country, device))) AS conversions
                FROM goals
                WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} + 2 AND is_conversion AND NOT is_bot
                GROUP BY session_id
            ) AS sessions ON views.session_id = sessions.session_id
        )
        ARRAY JOIN cells AS cell
        WHERE cell.3 != 0 OR cell.4 != 0
        GROUP BY day, country, page_group, device, nav, bucket
    )
SELECT
    day, country, page_group, device, nav, bucket,
    sum(streamed_n) AS n_streamed, sum(recounted_n) AS n_recounted,
    sum(streamed_k) AS k_streamed, sum(recounted_k) AS k_recounted,
    sum(streamed_t_ms) AS t_ms_streamed, sum(recounted_t_ms) AS t_ms_recounted
FROM
(
    SELECT
        day, country, page_group, device, nav, bucket,
        n AS streamed_n, k AS streamed_k, t_ms AS streamed_t_ms, toInt64(0) AS recounted_n, toInt64(0) AS recounted_k, toInt64(0) AS recounted_t_ms
    FROM loss_cube
    WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}

    UNION ALL

    SELECT
        day, country, page_group, device, nav, bucket,
        toInt64(0) AS streamed_n, toInt64(0) AS streamed_k, toInt64(0) AS streamed_t_ms, n AS recounted_n, k AS recounted_k, t_ms AS recounted_t_ms
    FROM recounted
)
GROUP BY day, country, page_group, device, nav, bucket
HAVING n_streamed != n_recounted OR k_streamed != k_recounted OR t_ms_streamed != t_ms_recounted
