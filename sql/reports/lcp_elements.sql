-- The largest elements, those of most views first, and where the time goes until they are painted: lcp_elements. Milliseconds. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date. Cost: lcp_elements.
SELECT *
FROM lcp_elements(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY views DESC, element, url
LIMIT 50
