-- The hosts that pages load from, by all of their requests, where slow_hosts knows those told in full: how many, how much, how slow, and which share
-- of the site's views uses them. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out. A
-- view names at most 30 hosts; all further ones of it are the row with an empty host, which is more than one host. Requests run side by side, so
-- total_duration_s ranks and is not time that anybody waited. is_first_party says whether the host is of one of the site's own domains (own_domains),
-- NULL where these are not known, and for the row of further hosts. Bytes and status of opaque ones are not told and count as 0.
--
--   SELECT host, views_share, requests, bytes, slowest_ms FROM slowtax.resource_hosts(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--   ORDER BY total_duration_s DESC LIMIT 20
--
-- Cost: reads the window's days of page_views with FINAL twice, the second time for the number of views alone, and own_domains.
CREATE OR REPLACE VIEW resource_hosts AS
WITH
    (SELECT groupArray(domain) FROM {{database}}.own_domains(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})) AS own,
    replaceRegexpOne(host, ':[0-9]+$', '') AS bare,
    if(isIPv4String(bare) OR cutToFirstSignificantSubdomain(bare) = '', bare, cutToFirstSignificantSubdomain(bare)) AS host_domain
SELECT
    total.host AS host,
    sum(weight) AS views,
    views / (SELECT sum(weight) FROM page_views FINAL WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }}{{ only('page_views', 'country', 'page_group', 'device', 'nav') }}) AS views_share,
    sum(total.count * weight) AS requests,
    sum(total.transfer_bytes * weight) AS bytes,
    sum(total.decoded_bytes * weight) AS decoded_bytes,
    sum(total.cached * weight) AS cached,
    sum(total.blocking * weight) AS blocking,
    sum(total.opaque * weight) AS opaque,
    sum(total.failed * weight) AS failed,
    max(total.slowest_ms) AS slowest_ms,
    sum(total.duration_ms * weight) / 1000 AS total_duration_s,
    if(empty(own) OR host = '', NULL, has(own, host_domain)) AS is_first_party
FROM page_views FINAL
ARRAY JOIN hosts AS total
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }}{{ only('page_views', 'country', 'page_group', 'device', 'nav') }}
GROUP BY host
