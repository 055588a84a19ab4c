-- Web vitals of each page group: quantiles, and the shares of good, middling and poor views by the thresholds of web.dev/vitals. Days are in
-- [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out. A vital that is not known (a page that was
-- hidden when it began has no paints, one without interaction has no INP) counts in `views` but not in `*_measured`, quantiles and shares, and where
-- none was measured these are NULL. Shares are 0 to 1 of the measured views. Quantiles are exact: the values are whole milliseconds (CLS:
-- ten-thousandths), so that there are few distinct ones to count.
--
--   SELECT page_group, views, lcp_p75_ms, lcp_good_share FROM slowtax.web_vitals_by_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW web_vitals_by_page AS
SELECT
    page_group,
    views,
    lcp_measured,
    if(lcp_measured > 0, lcp_quantiles[1], NULL) AS lcp_p50_ms,
    if(lcp_measured > 0, lcp_quantiles[2], NULL) AS lcp_p75_ms,
    if(lcp_measured > 0, lcp_quantiles[3], NULL) AS lcp_p95_ms,
    lcp_good / nullIf(lcp_measured, 0) AS lcp_good_share,
    (lcp_measured - lcp_good - lcp_poor) / nullIf(lcp_measured, 0) AS lcp_needs_improvement_share,
    lcp_poor / nullIf(lcp_measured, 0) AS lcp_poor_share,
    fcp_measured,
    if(fcp_measured > 0, fcp_quantiles[1], NULL) AS fcp_p50_ms,
    if(fcp_measured > 0, fcp_quantiles[2], NULL) AS fcp_p75_ms,
    if(fcp_measured > 0, fcp_quantiles[3], NULL) AS fcp_p95_ms,
    fcp_good / nullIf(fcp_measured, 0) AS fcp_good_share,
    (fcp_measured - fcp_good - fcp_poor) / nullIf(fcp_measured, 0) AS fcp_needs_improvement_share,
    fcp_poor / nullIf(fcp_measured, 0) AS fcp_poor_share,
    ttfb_measured,
    if(ttfb_measured > 0, ttfb_quantiles[1], NULL) AS ttfb_p50_ms,
    if(ttfb_measured > 0, ttfb_quantiles[2], NULL) AS ttfb_p75_ms,
    if(ttfb_measured > 0, ttfb_quantiles[3], NULL) AS ttfb_p95_ms,
    ttfb_good / nullIf(ttfb_measured, 0) AS ttfb_good_share,
    (ttfb_measured - ttfb_good - ttfb_poor) / nullIf(ttfb_measured, 0) AS ttfb_needs_improvement_share,
    ttfb_poor / nullIf(ttfb_measured, 0) AS ttfb_poor_share,
    inp_measured,
    if(inp_measured > 0, inp_quantiles[1], NULL) AS inp_p50_ms,
    if(inp_measured > 0, inp_quantiles[2], NULL) AS inp_p75_ms,
    if(inp_measured > 0, inp_quantiles[3], NULL) AS inp_p95_ms,
    inp_good / nullIf(inp_measured, 0) AS inp_good_share,
    (inp_measured - inp_good - inp_poor) / nullIf(inp_measured, 0) AS inp_needs_improvement_share,
    inp_poor / nullIf(inp_measured, 0) AS inp_poor_share,
    cls_measured,
    if(cls_measured > 0, round(toFloat64(cls_quantiles[1]), 4), NULL) AS cls_p50,
    if(cls_measured > 0, round(toFloat64(cls_quantiles[2]), 4), NULL) AS cls_p75,
    if(cls_measured > 0, round(toFloat64(cls_quantiles[3]), 4), NULL) AS cls_p95,
    cls_good / nullIf(cls_measured, 0) AS cls_good_share,
    (cls_measured - cls_good - cls_poor) / nullIf(cls_measured, 0) AS cls_needs_improvement_share,
    cls_poor / nullIf(cls_measured, 0) AS cls_poor_share
FROM
(
    SELECT
        page_group,
        sum(weight) AS views,
        sumIf(weight, lcp_ms IS NOT NULL) AS lcp_measured,
        sumIf(weight, lcp_ms <= 2500) AS lcp_good,
        sumIf(weight, lcp_ms > 4000) AS lcp_poor,
        quantilesExactWeighted(0.5, 0.75, 0.95)(lcp_ms, weight) AS lcp_quantiles,
        sumIf(weight, fcp_ms IS NOT NULL) AS fcp_measured,
        sumIf(weight, fcp_ms <= 1800) AS fcp_good,
        sumIf(weight, fcp_ms > 3000) AS fcp_poor,
        quantilesExactWeighted(0.5, 0.75, 0.95)(fcp_ms, weight) AS fcp_quantiles,
        sumIf(weight, ttfb_ms IS NOT NULL) AS ttfb_measured,
        sumIf(weight, ttfb_ms <= 800) AS ttfb_good,
        sumIf(weight, ttfb_ms > 1800) AS ttfb_poor,
        quantilesExactWeighted(0.5, 0.75, 0.95)(ttfb_ms, weight) AS ttfb_quantiles,
        sumIf(weight, inp_ms IS NOT NULL) AS inp_measured,
        sumIf(weight, inp_ms <= 200) AS inp_good,
        sumIf(weight, inp_ms > 500) AS inp_poor,
        quantilesExactWeighted(0.5, 0.75, 0.95)(inp_ms, weight) AS inp_quantiles,
        sumIf(weight, cls IS NOT NULL) AS cls_measured,
        sumIf(weight, cls <= toFloat32(0.1)) AS cls_good,
        sumIf(weight, cls > toFloat32(0.25)) AS cls_poor,
        quantilesExactWeighted(0.5, 0.75, 0.95)(cls, weight) AS cls_quantiles
    FROM page_views FINAL
    WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
    GROUP BY page_group
)
