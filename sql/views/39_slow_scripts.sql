-- The scripts that hold up pages: of each long animation frame the one that ran longest, with its function and what called it. Days are in [from_day,
-- to_day). Every view counts once, with its last snapshot and its weight; bots are left out. A view tells its five frames that blocked longest, so
-- these sums are the least that it was; frames_blocking_ms of page_views is all. Empty texts are frames without a script, and long tasks, which name
-- none. blocking_ms is time in which the page could not answer, script_ms that of the script, forced_layout_ms the layout within it that the script
-- forced.
--
--   SELECT * FROM slowtax.slow_scripts(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--   ORDER BY blocking_ms DESC LIMIT 20
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW slow_scripts AS
SELECT
    frame.script_url AS script_url,
    frame.function AS function,
    frame.invoker AS invoker,
    sum(weight) AS frames,
    sum(frame.blocking_ms * weight) AS blocking_ms,
    sum(frame.script_ms * weight) AS script_ms,
    sum(frame.forced_layout_ms * weight) AS forced_layout_ms,
    quantileExactWeighted(0.75)(frame.script_ms, weight) AS script_p75_ms
FROM page_views FINAL
ARRAY JOIN page_views.frames AS frame
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }}{{ only('page_views', 'country', 'page_group', 'device', 'nav') }}
GROUP BY script_url, function, invoker
