-- What nobody is told of for a while: the silences that hold (is_active), which end soonest first, and those that have ended within the last 30 days, the latest first. '' is any rule, country or
-- page group.
--
-- Parameters: site String. Cost: reads the site's silences.
SELECT
    silence_id,
    rule,
    country,
    page_group,
    from_at,
    until_at,
    toBool(until_at > now()) AS is_active,
    reason,
    made_by
FROM silences FINAL
WHERE site = {site:String} AND until_at > now() - INTERVAL 30 DAY
ORDER BY is_active DESC, if(is_active, until_at, NULL), until_at DESC, silence_id
LIMIT 1000
