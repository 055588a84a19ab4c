-- The scripts that hold up pages, those that block longest in all first: slow_scripts. Milliseconds. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date. Cost: slow_scripts.
SELECT *
FROM slow_scripts(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY blocking_ms DESC, script_url, function, invoker
LIMIT 50
