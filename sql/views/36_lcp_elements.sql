-- What is painted last of the large things, and where its time goes: the four parts of LCP are the first byte, the wait until its resource begins to
-- load, the loading, and the wait until it is painted (loading is 0 for text). Days are in [from_day, to_day). Every view counts once, with its last
-- snapshot and its weight; bots are left out. Views whose LCP is not known are left out. Milliseconds; percentiles of parts do not add up to that of
-- the whole. A part that is not known is left out of its percentile, and NULL where no view knows it: a restored view or one within the document has
-- no first byte. Told are the thousand elements and URLs that most views have: of pictures of goods there can be very many.
--
--   SELECT * FROM slowtax.lcp_elements(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--   ORDER BY views DESC LIMIT 20
--
-- Cost: reads the window's days of page_views with FINAL twice, the first time for element and URL alone.
CREATE OR REPLACE VIEW lcp_elements AS
SELECT
    lcp_element AS element,
    lcp_url AS url,
    sum(weight) AS views,
    quantileExactWeighted(0.75)(lcp_ms, weight) AS lcp_p75_ms,
    quantileExactWeighted(0.75)(ttfb_ms, weight) AS ttfb_p75_ms,
    quantileExactWeighted(0.75)(lcp_load_delay_ms, weight) AS load_delay_p75_ms,
    quantileExactWeighted(0.75)(lcp_load_duration_ms, weight) AS load_duration_p75_ms,
    quantileExactWeighted(0.75)(lcp_render_delay_ms, weight) AS render_delay_p75_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }}{{ only('page_views', 'country', 'page_group', 'device', 'nav') }} AND lcp_ms IS NOT NULL
    AND (lcp_element, lcp_url) IN (
        SELECT lcp_element, lcp_url
        FROM page_views FINAL
        WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }}{{ only('page_views', 'country', 'page_group', 'device', 'nav') }} AND lcp_ms IS NOT NULL
        GROUP BY lcp_element, lcp_url
        ORDER BY sum(weight) DESC, lcp_element, lcp_url
        LIMIT 1000
    )
GROUP BY element, url
