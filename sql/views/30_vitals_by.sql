-- Web vitals by one dimension: quantiles, and the shares of good, middling and poor views by the thresholds of web.dev/vitals. The views
-- web_vitals_by_... and the report ask this one. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are
-- left out. A vital that is not known (a page that was hidden when it began has no paints, one without interaction has no INP) counts in `views` but
-- not in `*_measured`, quantiles and shares, and where none was measured these are NULL. Shares are 0 to 1 of the measured views.
--
-- dimension is one of: site (one value, empty), day, country, page_group, device, browser, connection (effective_type, as browsers tell it), release, and
-- country_page, where value is the country and page_group the page group; elsewhere page_group is empty.
--
-- Days with 100,000 views or more are read from vitals_daily as far as they have been computed there (see 0044); all other days, and views that have
-- begun since, from page_views. Out of page_views quantiles are exact: values are whole milliseconds (CLS: ten-thousandths). Where days of
-- vitals_daily are among them, quantiles are exact ones of values rounded to 8 significant bits (within 0.39 %); of country_page that has LCP only.
-- All counts and shares are exact. simulated_views are those of `views` that are simulated, waiting_views those that fetched a document and were visible when they
-- began, abandoned_share the share of these that were hidden before their load event had ended, days how many days have views, last_received_at when the
-- last snapshot was received: of views in vitals_daily up to its last refresh.
--
--   SELECT value, views, lcp_p75_ms FROM slowtax.vitals_by(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', dimension = 'device')
--
-- Cost: of busy days one row of vitals_daily for each value, of which only the vitals asked for are read; of other days, page_views with FINAL.
{% set vitals = ['lcp', 'fcp', 'ttfb', 'inp', 'cls'] %}
CREATE OR REPLACE VIEW vitals_by AS
{% include 'parts/vitals.sql' %}
