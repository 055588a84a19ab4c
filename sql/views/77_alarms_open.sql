-- The alarms of a site that are not over: firing, or pending, which something holds back (held_back_by). One row is an alarm; what its columns mean stands at the table alarms.
--
--   SELECT * FROM slowtax.alarms_open(site = 'shop') WHERE state = 'firing'
--
-- Cost: reads the site's alarms, at most 25 months of them: some milliseconds.
CREATE OR REPLACE VIEW alarms_open AS
SELECT * EXCEPT (site, version)
FROM alarms FINAL
WHERE site = {site:String} AND state != 'resolved'
