-- From day to day: what slowness costs (loss_by_day, by the rates of the whole window), how fast pages are, and which releases were first seen. views are the units of the
-- loss (LCP known), k the conversions that followed views of the day. Days are in [from_day, to_day). An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_by_day, lcp_by, and the site's rows of variant_cube.
WITH
    begun AS
    (
        SELECT first_day, arraySort(groupArray(20)(release)) AS releases
        FROM
        (
            SELECT release, min(day) AS first_day
            FROM variant_cube
            WHERE site = {site:String} AND release != '' AND n > 0
            GROUP BY release
        )
        WHERE first_day >= {from_day:Date} AND first_day < {to_day:Date}
        GROUP BY first_day
    )
SELECT
    loss.day AS day,
    loss.views AS views,
    loss.k AS k,
    loss.est_lost AS est_lost,
    loss.lo AS lo,
    loss.hi AS hi,
    vitals.lcp_p75_ms AS lcp_p75_ms,
    vitals.lcp_good_share AS lcp_good_share,
    begun.releases AS releases
FROM loss_by_day(
    site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}
) AS loss
LEFT JOIN lcp_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'day') AS vitals
    ON toString(loss.day) = vitals.value
LEFT JOIN begun ON loss.day = begun.first_day
-- Of a country or a page, days may have no views.
WHERE loss.views > 0
ORDER BY day
