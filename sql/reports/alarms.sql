-- The alarms that are open, and those that were over within the last 7 days: firing ones first, then those that something holds back (pending), the latest first. What the columns mean
-- stands at the table alarms.
--
-- Parameters: site String. Cost: reads the site's alarms, at most 25 months of them.
SELECT * EXCEPT (site, version)
FROM alarms FINAL
WHERE site = {site:String} AND (state != 'resolved' OR resolved_at >= now() - INTERVAL 7 DAY)
ORDER BY state = 'firing' DESC, state = 'pending' DESC, opened_at DESC, fingerprint
LIMIT 2000
