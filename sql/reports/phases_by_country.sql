-- Where the time of a document request goes in each country, most viewed first: phases_by_country, and how fast it is. Milliseconds; means can be stacked, percentiles not. Days are in
-- [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date. Cost: phases_by_country and vitals_by.
SELECT
    phases.*,
    vitals.ttfb_p75_ms AS ttfb_p75_ms,
    vitals.lcp_p75_ms AS lcp_p75_ms
FROM phases_by_country(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS phases
LEFT JOIN vitals_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'country') AS vitals
    ON phases.country = vitals.value
ORDER BY phases.views DESC, phases.country
LIMIT 500
