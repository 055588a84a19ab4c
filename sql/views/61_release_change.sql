-- Whether the web vitals of one release differ from those of another, over the days in [from_day, to_day): see change_between, which this asks, for the
-- columns and what the intervals hold. Releases that ran at the same time are compared best: days of one alone differ by more than the release.
--
--   SELECT page_group, vital, p75_before, p75_after, p75_change_lo, p75_change_hi, verdict
--   FROM slowtax.release_change(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', before_release = '2026.11.2', after_release = '2026.11.3')
--   ORDER BY page_group, vital
--
-- Cost: that of change_between.
CREATE OR REPLACE VIEW release_change AS
SELECT *
FROM {{database}}.change_between(
    site = {site:String},
    before_from = {from_day:Date}, before_to = {to_day:Date}, after_from = {from_day:Date}, after_to = {to_day:Date},
    by_release = true, before_release = {before_release:String}, after_release = {after_release:String}
)
