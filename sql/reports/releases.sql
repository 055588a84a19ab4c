-- The releases seen in [from_day, to_day), the latest first: when, what slowness costs in each (loss_by_release) and how fast it is. An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_by_release and lcp_by.
WITH
    seen AS
    (
        SELECT release, min(day) AS first_day, max(day) AS last_day
        FROM variant_cube
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date} AND release != '' AND n > 0
        GROUP BY release
    )
SELECT
    loss.release AS release,
    seen.first_day AS first_day,
    seen.last_day AS last_day,
    loss.views AS views,
    loss.k AS k,
    loss.method AS method,
    loss.est_lost AS est_lost,
    loss.lo AS lo,
    loss.hi AS hi,
    loss.est_lost_revenue AS est_lost_revenue,
    loss.verdict AS verdict,
    vitals.lcp_p75_ms AS lcp_p75_ms,
    vitals.lcp_good_share AS lcp_good_share
FROM loss_by_release(
    site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}
) AS loss
INNER JOIN seen ON loss.release = seen.release
LEFT JOIN lcp_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'release') AS vitals
    ON loss.release = vitals.value
ORDER BY first_day DESC, release DESC
LIMIT 200
