-- Whether one release is faster than another, by page group and vital, with intervals: release_change. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date, before_release String, after_release String. Cost: release_change.
SELECT *
FROM release_change(
    site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date},
    before_release = {before_release:String}, after_release = {after_release:String}
)
ORDER BY measured_before + measured_after DESC, page_group, vital
LIMIT 2000
