-- The scripts that hold up pages, those that block longest in all first: slow_scripts. Milliseconds. Days are in [from_day, to_day).
-- Asked by the report, it looks at the latest days that together have two million views; since_day is the first of them.
--
-- Parameters: site String, from_day Date, to_day Date. Cost: slow_scripts.
SELECT *, {{ since() }} AS since_day
FROM slow_scripts(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY blocking_ms DESC, script_url, function, invoker
LIMIT 50
