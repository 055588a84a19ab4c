-- What failures cost, by the quarter in which they began and their cause, the latest quarter first and in it what cost most: incident_totals, whose figures that begin with year_ are what the
-- cause cost in the 365 days before to_day. So much was observed; it is no promise. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date. Cost: incident_totals.
SELECT *
FROM incident_totals(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY quarter DESC, net_lost DESC NULLS LAST, incidents DESC, cause
LIMIT 2000
