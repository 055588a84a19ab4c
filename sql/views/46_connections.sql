-- What visitors are connected by, as far as their browsers tell (Chromium's on phones tell both, on desktops only the effective type): views, and LCP
-- at the 75th percentile in milliseconds, NULL where none was measured. Days are in [from_day, to_day). Every view counts once, with its last snapshot
-- and its weight; bots are left out.
--
--   SELECT * FROM slowtax.connections(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW connections AS
SELECT
    connection,
    effective_type,
    sum(weight) AS views,
    sumIf(weight, lcp_ms IS NOT NULL) AS lcp_measured,
    quantileExactWeighted(0.75)(lcp_ms, weight) AS lcp_p75_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
GROUP BY connection, effective_type
