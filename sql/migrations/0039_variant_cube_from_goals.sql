-- Conversions into variant_cube, as loss_cube_from_goals (0008) does. The goal decides the release and the arm, as it decides country and device: of a session
-- that met two releases the views before count for the later one.
CREATE MATERIALIZED VIEW variant_cube_from_goals TO variant_cube AS
SELECT
    site,
    toDate(view_ts) AS day,
    release,
    experiment_arm,
    country,
    view_page_group AS page_group,
    device,
    view_nav AS nav,
    toUInt8(arrayCount(edge -> edge < view_lcp_ms, [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000])) AS bucket,
    toInt64(0) AS n,
    toInt64(weight) AS k,
    toInt64(0) AS exits,
    toInt64(0) AS t_ms
FROM goals
ARRAY JOIN earlier_ts AS view_ts, earlier_page_group AS view_page_group, earlier_nav AS view_nav, earlier_lcp_ms AS view_lcp_ms
WHERE is_conversion AND NOT is_bot AND (release != '' OR experiment_arm != '')
