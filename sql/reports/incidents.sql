-- The incidents that were open at some time of the days in [from_day, to_day), open ones first, then those that cost most orders, net of what came back: incidents_between. Those whose loss is
-- not computed come last.
--
-- Parameters: site String, from_day Date, to_day Date. Cost: incidents_between.
SELECT *
FROM incidents_between(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY is_open DESC, net_lost DESC NULLS LAST, started_at DESC, incident_id
LIMIT 1000
