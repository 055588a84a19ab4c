-- Where visitors struggle: clicks repeated in anger and clicks that nothing followed, per 1,000 views, how far down each page group is seen (median,
-- percent of the height) and for how long it is looked at (median). Days are in [from_day, to_day). Every view counts once, with its last snapshot and
-- its weight; bots are left out. Views that were never visible, or whose beacon does not tell, are in `views` and not in `measured`, on which all else
-- stands.
--
--   SELECT * FROM slowtax.frustration_by_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW frustration_by_page AS
SELECT
    page_group,
    sum(weight) AS views,
    sumIf(weight, visible_ms > 0) AS measured,
    sumIf(page_views.rage_clicks * weight, visible_ms > 0) AS rage_clicks,
    sumIf(page_views.dead_clicks * weight, visible_ms > 0) AS dead_clicks,
    1000 * rage_clicks / nullIf(measured, 0) AS rage_clicks_per_1000,
    1000 * dead_clicks / nullIf(measured, 0) AS dead_clicks_per_1000,
    if(measured > 0, quantileExactWeightedIf(0.5)(scroll_depth_pct, weight, visible_ms > 0), NULL) AS scroll_depth_p50_pct,
    if(measured > 0, quantileExactWeightedIf(0.5)(visible_ms, weight, visible_ms > 0), NULL) AS visible_p50_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
GROUP BY page_group
