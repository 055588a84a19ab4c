-- Where the time of a document request goes in each country: mean and 75th percentile of each phase of Navigation Timing, in milliseconds. Days are
-- in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out, and prerendered pages too, for whose
-- phases nobody waited. Of the means a stacked bar can be made, of percentiles not: they do not add up. A phase that did not happen is 0 (a reused
-- connection has no dns, tcp and tls); one that is not known is left out, and NULL where no view knows it.
-- Beside them the 75th percentiles of TTFB and LCP of the same views.
--
--   SELECT country, dns_avg_ms, tcp_avg_ms, tls_avg_ms, request_avg_ms FROM slowtax.phases_by_country(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
{% set by = 'country' %}
CREATE OR REPLACE VIEW phases_by_country AS
{% include 'parts/phases.sql' %}
