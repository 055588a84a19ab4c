-- What asks for the resources of pages: scripts, style sheets, pictures, ... All resources are in these sums, not only those told in full in
-- resource_timings. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out. Requests run
-- side by side, so total_duration_s ranks and is not time that anybody waited. Bytes and status of opaque ones (another origin without Timing-Allow-
-- Origin) are not told and count as 0. slowest_ms is the slowest single request of all.
--
--   SELECT initiator, requests, bytes, failed FROM slowtax.resource_types(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW resource_types AS
SELECT
    total.initiator AS initiator,
    sum(weight) AS views,
    sum(total.count * weight) AS requests,
    sum(total.transfer_bytes * weight) AS bytes,
    sum(total.decoded_bytes * weight) AS decoded_bytes,
    sum(total.cached * weight) AS cached,
    sum(total.blocking * weight) AS blocking,
    sum(total.opaque * weight) AS opaque,
    sum(total.failed * weight) AS failed,
    max(total.slowest_ms) AS slowest_ms,
    sum(total.duration_ms * weight) / 1000 AS total_duration_s
FROM page_views FINAL
ARRAY JOIN types AS total
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ only('page_views', 'country', 'page_group', 'device', 'nav') }}
GROUP BY initiator
