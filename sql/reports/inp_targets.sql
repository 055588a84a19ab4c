-- What visitors touch when the page is slow to answer, the slowest first of those that at least a hundredth of the views with interactions touch: inp_targets. Milliseconds.
-- Days are in [from_day, to_day).
-- Asked by the report, it looks at the latest days that together have two million views; since_day is the first of them.
--
-- Parameters: site String, from_day Date, to_day Date. Cost: inp_targets.
SELECT *, {{ since() }} AS since_day
FROM inp_targets(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
QUALIFY views >= sum(views) OVER () / 100
ORDER BY inp_p75_ms DESC, views DESC, element, kind
LIMIT 50
