-- How many views of each page group were given up: hidden before the load event had ended, or before any LCP was known. Shares are 0 to 1. Days are in
-- [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out. Counted are views that fetched a document and
-- were visible when they began. Of LCP only those in a browser and version that told some LCP to the site in these days (lcp_views): the others never
-- tell one, and would all seem given up. Whoever leaves before the beacon's stub runs is in no figure.
--
--   SELECT * FROM slowtax.abandonment_by_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW abandonment_by_page AS
SELECT
    page_group,
    sum(some_views) AS views,
    sum(some_before_load) AS abandoned_before_load,
    abandoned_before_load / views AS abandoned_before_load_share,
    sumIf(some_views, tells_lcp) AS lcp_views,
    sumIf(some_before_lcp, tells_lcp) AS abandoned_before_lcp,
    abandoned_before_lcp / nullIf(lcp_views, 0) AS abandoned_before_lcp_share
FROM
(
    SELECT
        page_group,
        sum(weight) AS some_views,
        sumIf(weight, abandoned_before_load) AS some_before_load,
        sumIf(weight, abandoned_before_lcp) AS some_before_lcp,
        max(max(lcp_ms IS NOT NULL)) OVER (PARTITION BY browser, browser_version) AS tells_lcp
    FROM page_views FINAL
    WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
        AND NOT hidden_at_start AND navigation_type NOT IN ('back_forward_cache', 'soft')
    GROUP BY page_group, browser, browser_version
)
GROUP BY page_group
