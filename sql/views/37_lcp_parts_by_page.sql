-- Where the time of LCP goes in each page group: see lcp_parts_by, which this asks. Days are in [from_day, to_day).
--
--   SELECT page_group, ttfb_avg_ms, load_delay_avg_ms, load_duration_avg_ms, render_delay_avg_ms
--   FROM slowtax.lcp_parts_by_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: that of lcp_parts_by.
CREATE OR REPLACE VIEW lcp_parts_by_page AS
SELECT value AS page_group, * EXCEPT value
FROM {{database}}.lcp_parts_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'page_group')
