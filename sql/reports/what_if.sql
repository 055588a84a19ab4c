-- What slowness costs in each country at each of the fourteen targets, without intervals: loss_what_if. Of a page over all countries, one row with an empty country, without
-- revenue. Days are in [from_day, to_day). An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date. Cost: loss_what_if.
SELECT country, target_ms, method, est_lost, est_lost_revenue, est_lost_pct, time_lost_s
FROM loss_what_if(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY country, target_ms
LIMIT 5000
