-- What jumps: the element that the largest shift of a view moved, how far CLS goes in these views, how much of it is that one shift, and when it
-- happens. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out. Views in which nothing
-- shifted are left out. CLS has no unit.
--
--   SELECT * FROM slowtax.cls_elements(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--   ORDER BY views * cls_p75 DESC LIMIT 20
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW cls_elements AS
SELECT
    cls_element AS element,
    sum(weight) AS views,
    round(toFloat64(quantileExactWeighted(0.75)(cls, weight)), 4) AS cls_p75,
    round(toFloat64(quantileExactWeighted(0.75)(cls_largest, weight)), 4) AS largest_p75,
    quantileExactWeighted(0.5)(cls_largest_at_ms, weight) AS largest_at_p50_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot AND cls_largest IS NOT NULL
GROUP BY element
