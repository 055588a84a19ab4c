-- LCP by one dimension: the columns of vitals_by up to lcp_poor_share, which see. For questions that are about LCP alone, whose other columns would take as long
-- to analyse as the answer takes. Days are in [from_day, to_day).
--
--   SELECT value, views, lcp_p75_ms FROM slowtax.lcp_by(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', dimension = 'device')
--
-- Cost: that of vitals_by.
{% set vitals = ['lcp'] %}
CREATE OR REPLACE VIEW lcp_by AS
{% include 'parts/vitals.sql' %}
