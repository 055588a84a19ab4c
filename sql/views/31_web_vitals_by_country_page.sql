-- LCP of each page group in each country: see vitals_by, which this asks, for what each column says. Days are in [from_day, to_day).
--
--   SELECT country, page_group, views, lcp_p75_ms FROM slowtax.web_vitals_by_country_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: that of vitals_by; with a condition on country, of that country alone.
CREATE OR REPLACE VIEW web_vitals_by_country_page AS
SELECT
    value AS country,
    page_group,
    views,
    lcp_measured,
    lcp_p50_ms,
    lcp_p75_ms,
    lcp_p95_ms,
    lcp_good_share,
    lcp_needs_improvement_share,
    lcp_poor_share
FROM {{database}}.vitals_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'country_page')
