-- Web vitals of each connection class that browsers estimate: see vitals_by, which this asks, for what each column says. Days are in [from_day, to_day).
-- Browsers without the Network
-- Information API (Safari, Firefox) are 'unknown'. The class is of round trips and bandwidth: a slow 5G is '3g'.
--
--   SELECT effective_type, views, lcp_p75_ms, lcp_good_share FROM slowtax.web_vitals_by_connection(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: that of vitals_by.
CREATE OR REPLACE VIEW web_vitals_by_connection AS
SELECT value AS effective_type, * EXCEPT (value, page_group, simulated_views, waiting_views, abandoned_share, days, last_received_at)
FROM {{database}}.vitals_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'connection')
