-- What visitors touch when the page is slowest to answer, and why: INP is the delay until the first handler runs, the handlers, and the wait until the
-- next paint. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are left out. A view counts with its
-- INP, so one target each; views without interaction are left out. Milliseconds; percentiles of parts do not add up to that of the whole.
--
--   SELECT * FROM slowtax.inp_targets(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--   ORDER BY inp_p75_ms DESC LIMIT 20
--
-- Cost: reads the window's days of page_views with FINAL.
CREATE OR REPLACE VIEW inp_targets AS
SELECT
    inp_element AS element,
    inp_kind AS kind,
    sum(weight) AS views,
    quantileExactWeighted(0.75)(inp_ms, weight) AS inp_p75_ms,
    quantileExactWeighted(0.75)(inp_input_delay_ms, weight) AS input_delay_p75_ms,
    quantileExactWeighted(0.75)(inp_processing_ms, weight) AS processing_p75_ms,
    quantileExactWeighted(0.75)(inp_presentation_ms, weight) AS presentation_p75_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot{{ recent() }}{{ only('page_views', 'country', 'page_group', 'device', 'nav') }} AND inp_ms IS NOT NULL
GROUP BY element, kind
