-- The hosts that pages load from: how often, how much, how long, and how many requests fail. Days are in [from_day, to_day). Everything is counted by
-- weight; bots are left out. Requests run side by side, so total_duration_s is not time that anybody waited: it ranks hosts, it does not add up.
-- is_first_party says whether the host is of one of the site's own domains (own_domains), NULL where these are not known.
-- A resource of another origin without Timing-Allow-Origin is opaque: its bytes and status are not told and count as 0 here.
--
--   SELECT * FROM slowtax.slow_hosts(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01') ORDER BY total_duration_s DESC LIMIT 20
--
-- Cost: reads the window's days of resource_timings, and own_domains.
CREATE OR REPLACE VIEW slow_hosts AS
WITH
    (SELECT groupArray(domain) FROM {{database}}.own_domains(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})) AS own,
    replaceRegexpOne(host, ':[0-9]+$', '') AS bare,
    if(isIPv4String(bare) OR cutToFirstSignificantSubdomain(bare) = '', bare, cutToFirstSignificantSubdomain(bare)) AS host_domain
SELECT
    host,
    sum(weight) AS requests,
    sum(transfer_bytes * weight) AS bytes,
    sum(duration_ms * weight) / 1000 AS total_duration_s,
    quantileExactWeighted(0.75)(duration_ms, weight) AS p75_duration_ms,
    sumIf(weight, http_status >= 400) AS failed,
    sumIf(weight, is_opaque) AS opaque,
    if(empty(own), NULL, has(own, host_domain)) AS is_first_party
FROM resource_timings
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }}{{ only('resource_timings', 'country', 'page_group', 'device') }}
GROUP BY host
