-- The page's own marks and measures (User Timing): how many views have them, and their percentiles in milliseconds, of a measure its duration, of a
-- mark when it was set after the view began. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are
-- left out. A name that a view has more than once is one view and several timings.
--
--   SELECT name, views, p75_ms FROM slowtax.user_timings(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW user_timings AS
SELECT
    name,
    is_measure,
    views,
    some_timings AS timings,
    quantiles[1] AS p50_ms,
    quantiles[2] AS p75_ms,
    quantiles[3] AS p95_ms
FROM
(
    SELECT
        timing.name AS name,
        timing.is_measure AS is_measure,
        sumIf(weight, nth = 1) AS views,
        sum(weight) AS some_timings,
        quantilesExactWeighted(0.5, 0.75, 0.95)(if(timing.is_measure, timing.duration_ms, timing.start_ms), weight) AS quantiles
    FROM page_views FINAL
    ARRAY JOIN timings AS timing, arrayEnumerateUniq(timings.name, timings.is_measure) AS nth
    WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
    GROUP BY name, is_measure
)
