-- The largest elements, those of most views first, and where the time goes until they are painted: lcp_elements. Milliseconds. Days are in [from_day, to_day).
-- Asked by the report, it looks at the latest days that together have two million views; since_day is the first of them.
--
-- Parameters: site String, from_day Date, to_day Date. Cost: lcp_elements.
SELECT *, {{ since() }} AS since_day
FROM lcp_elements(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY views DESC, element, url
LIMIT 50
