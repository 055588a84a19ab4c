-- Whether the web vitals have changed from the days in [before_from, before_to) to those in [after_from, after_to): see change_between, which this asks,
-- for the columns and what the intervals hold. Windows that overlap are refused (code 395). Take whole weeks on both sides where you can.
--
--   SELECT page_group, vital, p75_before, p75_after, p75_change_lo, p75_change_hi, verdict
--   FROM slowtax.vitals_change(site = 'shop', before_from = '2026-11-01', before_to = '2026-11-15', after_from = '2026-11-15', after_to = '2026-11-29')
--   ORDER BY page_group, vital
--
-- Cost: that of change_between.
CREATE OR REPLACE VIEW vitals_change AS
SELECT *
FROM {{database}}.change_between(
    site = {site:String},
    before_from = {before_from:Date}, before_to = {before_to:Date}, after_from = {after_from:Date}, after_to = {after_to:Date},
    by_release = false, before_release = '', after_release = ''
)
