-- Web vitals of each release of the site: see vitals_by, which this asks, for what each column says. Days are in [from_day, to_day).
-- Empty where pages tell none.
-- For whether one is faster than another see release_change, which says how sure that is.
--
--   SELECT release, views, lcp_p75_ms, lcp_good_share FROM slowtax.web_vitals_by_release(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: that of vitals_by.
CREATE OR REPLACE VIEW web_vitals_by_release AS
SELECT value AS release, * EXCEPT (value, page_group, simulated_views, waiting_views, abandoned_share, days, last_received_at)
FROM {{database}}.vitals_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'release')
