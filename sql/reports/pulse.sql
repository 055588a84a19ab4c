-- Whether visitors arrive: views in each 5 minutes of the 3 hours before an instant, of all countries together ('') and of the 11 with most views in the 7 days before it,
-- against what this time of the week is used to: the windows of 5 minutes of volume_alarms_between. at is the end of the 5 minutes, of which the last ended a minute or more before the
-- instant. lo and hi are the band that is expected. state is 'firing', 'ok' or 'learning', and of these 5 minutes alone: an alarm may fire for what lasts longer.
--
-- Parameters: site String, at String (RFC 3339). Cost: volume_alarms_between over 3 hours, half of which is ClickHouse's analysis of the question. The report's API
-- gives an answer again for 10 seconds, so that it does not matter how many pages are open.
WITH
    parseDateTimeBestEffort({at:String}, 'UTC') AS until_at,
    (
        SELECT groupArray(name)
        FROM
        (
            SELECT toString(country) AS name
            FROM beat_5m
            WHERE site = {site:String} AND slot >= until_at - INTERVAL 7 DAY AND slot < until_at
            GROUP BY name
            ORDER BY sum(views) DESC, name
            LIMIT 11
        )
    ) AS largest
SELECT country, at, observed, expected, lo, hi, state
FROM volume_alarms_between(
    site = {site:String}, from_at = parseDateTimeBestEffort({at:String}, 'UTC') - INTERVAL 175 MINUTE, to_at = parseDateTimeBestEffort({at:String}, 'UTC')
)
WHERE window_min = 5 AND (country = '' OR has(largest, country))
-- The total, which has no place in the list, comes first.
ORDER BY indexOf(largest, country), at
LIMIT 432
