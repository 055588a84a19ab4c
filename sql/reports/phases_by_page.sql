-- Where the time of a document request goes in each page group, most viewed first: phases_by_page, and how fast it is. Milliseconds; means can be stacked, percentiles not. Days are in
-- [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date. Cost: phases_by_page and vitals_by.
SELECT
    phases.*,
    vitals.ttfb_p75_ms AS ttfb_p75_ms,
    vitals.lcp_p75_ms AS lcp_p75_ms
FROM phases_by_page(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS phases
LEFT JOIN vitals_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'page_group') AS vitals
    ON phases.page_group = vitals.value
ORDER BY phases.views DESC, phases.page_group
LIMIT 500
