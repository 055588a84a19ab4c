-- What the server says of its own work on documents (Server-Timing), by name and description: how many views, and percentiles of the duration in
-- milliseconds. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out. One without a
-- duration counts as 0 ms; a name that a document has twice counts twice.
--
--   SELECT name, description, views, p75_ms FROM slowtax.server_timings(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW server_timings AS
SELECT
    name,
    description,
    views,
    quantiles[1] AS p50_ms,
    quantiles[2] AS p75_ms,
    quantiles[3] AS p95_ms
FROM
(
    SELECT
        timing.name AS name,
        timing.description AS description,
        sum(weight) AS views,
        quantilesExactWeighted(0.5, 0.75, 0.95)(timing.duration_ms, weight) AS quantiles
    FROM page_views FINAL
    ARRAY JOIN server_timings AS timing
    WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
    GROUP BY name, description
)
