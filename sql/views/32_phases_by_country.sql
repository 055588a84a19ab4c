-- Where the time of a document request goes in each country: mean and 75th percentile of each phase of Navigation Timing, in milliseconds. Days are
-- in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out, and prerendered pages too, for whose
-- phases nobody waited. Of the means a stacked bar can be made, of percentiles not: they do not add up. A phase that did not happen is 0 (a reused
-- connection has no dns, tcp and tls); one that is not known is left out, and NULL where no view knows it.
--
--   SELECT country, dns_avg_ms, tcp_avg_ms, tls_avg_ms, request_avg_ms FROM slowtax.phases_by_country(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW phases_by_country AS
SELECT
    country,
    sum(weight) AS views,
    sumIf(weight, request_ms IS NOT NULL) AS measured,
    avgWeighted(redirect_ms, weight) AS redirect_avg_ms,
    quantileExactWeighted(0.75)(redirect_ms, weight) AS redirect_p75_ms,
    avgWeighted(worker_ms, weight) AS worker_avg_ms,
    quantileExactWeighted(0.75)(worker_ms, weight) AS worker_p75_ms,
    avgWeighted(dns_ms, weight) AS dns_avg_ms,
    quantileExactWeighted(0.75)(dns_ms, weight) AS dns_p75_ms,
    avgWeighted(tcp_ms, weight) AS tcp_avg_ms,
    quantileExactWeighted(0.75)(tcp_ms, weight) AS tcp_p75_ms,
    avgWeighted(tls_ms, weight) AS tls_avg_ms,
    quantileExactWeighted(0.75)(tls_ms, weight) AS tls_p75_ms,
    avgWeighted(request_ms, weight) AS request_avg_ms,
    quantileExactWeighted(0.75)(request_ms, weight) AS request_p75_ms,
    avgWeighted(response_ms, weight) AS response_avg_ms,
    quantileExactWeighted(0.75)(response_ms, weight) AS response_p75_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot AND navigation_type != 'prerender'
GROUP BY country
