-- What arrived while an incident lasted: views in each 5 minutes from from_at to to_at against what this time of the week was used to, of the first 12 countries that the incident is about
-- ('' is all together; all together where it is about none): the windows of 5 minutes of volume_alarms_between. Asked by the report, from_at and to_at are 3 hours before the incident's start and 3
-- hours after its end, at most 2 days apart. beat_5m has five weeks of history for the last five weeks (retention.beat_days): of an older incident nothing is expected, and of one that
-- is older still nothing is there.
--
-- Parameters: site String, incident String, from_at String, to_at String (RFC 3339). Cost: volume_alarms_between over that time.
WITH
    (
        -- Of an incident that is not there: none.
        SELECT multiIf(count() = 0, [], empty(any(countries)), [''], arraySlice(arrayDistinct(any(countries)), 1, 12))
        FROM incidents FINAL
        WHERE site = {site:String} AND incident_id = {incident:String}
    ) AS named
SELECT country, at, observed, expected, lo, hi, state
FROM volume_alarms_between(
    site = {site:String}, from_at = parseDateTimeBestEffort({from_at:String}, 'UTC'), to_at = parseDateTimeBestEffort({to_at:String}, 'UTC')
)
WHERE window_min = 5 AND has(named, country)
ORDER BY indexOf(named, country), at
LIMIT 7000
