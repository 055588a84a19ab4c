-- Whether somebody watches for alarms, this site's as all others: whether a collector's claim to do so holds, and when all sites were judged last, which is written down once a minute; NULL when
-- they were not within a day. One row.
--
-- Parameters: none. Cost: reads the claims of a day.
SELECT
    toBool(countIf(holds) > 0) AS is_watched,
    if(max(claim_judged_at) > toDateTime64(0, 3, 'UTC'), toNullable(toDateTime(max(claim_judged_at), 'UTC')), NULL) AS judged_at
FROM (
    SELECT
        max(until) > now64(3) AND min(until > claimed_at) AS holds,
        max(judged_at) AS claim_judged_at
    FROM watch_claims
    GROUP BY claim
)
