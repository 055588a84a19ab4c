-- The alarms of one incident, in the order in which they began. What the columns mean stands at the table alarms.
--
-- Parameters: site String, incident String. Cost: reads the site's alarms, at most 25 months of them.
SELECT * EXCEPT (site, version)
FROM alarms FINAL
WHERE site = {site:String} AND incident_id = {incident:String}
ORDER BY opened_at, rule, country, page_group, fingerprint
LIMIT 1000
