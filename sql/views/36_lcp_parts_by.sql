-- Where the time of LCP goes, by one dimension (country or page_group): mean and 75th percentile of its four parts: the first byte, the wait until its
-- resource begins to load, the loading, and the wait until it is painted (for text the middle two are 0). Days are in [from_day, to_day). Every view
-- counts once, with its last snapshot and its weight; bots are left out. `measured` are the views that know LCP and all four parts, and all figures are
-- of these, so that the means add up to lcp_avg_ms (within rounding): of them a stacked bar can be made, of percentiles not. Views that were restored or
-- are within a document have no first byte. Milliseconds; NULL where nothing was measured. lcp_parts_by_country and lcp_parts_by_page ask this one.
--
--   SELECT value, ttfb_avg_ms, render_delay_avg_ms FROM slowtax.lcp_parts_by(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', dimension = 'country')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW lcp_parts_by AS
WITH
    lcp_ms IS NOT NULL AND ttfb_ms IS NOT NULL AND lcp_load_delay_ms IS NOT NULL AND lcp_load_duration_ms IS NOT NULL AND lcp_render_delay_ms IS NOT NULL AS is_measured,
    if(is_measured, weight, 0) AS n
SELECT
    if({dimension:String} = 'country', country, if({dimension:String} = 'page_group', page_group, CAST(throwIf(true, 'dimension is country or page_group'), 'String'))) AS value,
    sum(weight) AS views,
    sum(n) AS measured,
    if(measured > 0, sum(assumeNotNull(lcp_ms) * n) / measured, NULL) AS lcp_avg_ms,
    if(measured > 0, quantileExactWeighted(0.75)(assumeNotNull(lcp_ms), n), NULL) AS lcp_p75_ms,
    if(measured > 0, sum(assumeNotNull(ttfb_ms) * n) / measured, NULL) AS ttfb_avg_ms,
    if(measured > 0, quantileExactWeighted(0.75)(assumeNotNull(ttfb_ms), n), NULL) AS ttfb_p75_ms,
    if(measured > 0, sum(assumeNotNull(lcp_load_delay_ms) * n) / measured, NULL) AS load_delay_avg_ms,
    if(measured > 0, quantileExactWeighted(0.75)(assumeNotNull(lcp_load_delay_ms), n), NULL) AS load_delay_p75_ms,
    if(measured > 0, sum(assumeNotNull(lcp_load_duration_ms) * n) / measured, NULL) AS load_duration_avg_ms,
    if(measured > 0, quantileExactWeighted(0.75)(assumeNotNull(lcp_load_duration_ms), n), NULL) AS load_duration_p75_ms,
    if(measured > 0, sum(assumeNotNull(lcp_render_delay_ms) * n) / measured, NULL) AS render_delay_avg_ms,
    if(measured > 0, quantileExactWeighted(0.75)(assumeNotNull(lcp_render_delay_ms), n), NULL) AS render_delay_p75_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
GROUP BY value
