-- Where the time of a document request goes in each country, most viewed first: phases_by_country, and how fast it is, in milliseconds; means can be stacked, percentiles not. Days are in
-- [from_day, to_day).
-- Asked by the report, it looks at the latest days that together have two million views; since_day is the first of them.
--
-- Parameters: site String, from_day Date, to_day Date. Cost: phases_by_country.
SELECT *, {{ since() }} AS since_day
FROM phases_by_country(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY views DESC, country
LIMIT 500
