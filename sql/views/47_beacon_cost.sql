-- What measuring costs the pages, by kind of device: main-thread time of the beacon per view (median and 95th percentile, milliseconds), weight of its
-- files per view (from a cache 0), and what it could not tell: performance entries that browsers dropped, things left out for the limits of a beacon,
-- and views whose last snapshot had to be kept before it could be sent. Days are in [from_day, to_day). Every view counts once, with its last snapshot
-- and its weight; bots are left out. `measured` are the views that tell their cost, on which the figures per view stand.
--
--   SELECT * FROM slowtax.beacon_cost(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW beacon_cost AS
SELECT
    device,
    sum(weight) AS views,
    sumIf(weight, own_cpu_us > 0) AS measured,
    if(measured > 0, quantileExactWeightedIf(0.5)(own_cpu_us, weight, own_cpu_us > 0) / 1000, NULL) AS own_cpu_p50_ms,
    if(measured > 0, quantileExactWeightedIf(0.95)(own_cpu_us, weight, own_cpu_us > 0) / 1000, NULL) AS own_cpu_p95_ms,
    sumIf(own_bytes * weight, own_cpu_us > 0) / nullIf(measured, 0) AS own_bytes_avg,
    sum(page_views.truncated * weight) AS truncated,
    sum(page_views.dropped_entries * weight) AS dropped_entries,
    sumIf(weight, kept_ms > 0) AS kept_views
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
GROUP BY device
