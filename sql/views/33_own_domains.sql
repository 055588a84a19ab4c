-- The site's own domains, as far as its visits tell them. No row says what host its document came from; but a view that is not its session's first
-- was mostly reached from a page of the site, and names its host as the referrer. Own are the registrable domains that a tenth or more of such views
-- come from: less is a return from a payment or login page of somebody else. Days are in [from_day, to_day). No rows where pages tell no referrer
-- (Referrer-Policy: no-referrer) or no session had a second view. The registrable domain is by ClickHouse's list of public
-- suffixes (co.uk, github.io, ...). What has none (localhost, an address) stands for itself, without port.
--
--   SELECT * FROM slowtax.own_domains(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: reads the window's days of page_views with FINAL, of which referrers and places in the session alone.
CREATE OR REPLACE VIEW own_domains AS
WITH replaceRegexpOne(referrer_host, ':[0-9]+$', '') AS bare
SELECT
    if(isIPv4String(bare) OR cutToFirstSignificantSubdomain(bare) = '', bare, cutToFirstSignificantSubdomain(bare)) AS domain,
    sum(weight) AS views,
    views / sum(views) OVER () AS views_share
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }} AND nav = 'inner' AND referrer_host != ''
GROUP BY domain
QUALIFY views_share >= 0.1
