-- The alarms of one incident, in the order in which they began. What the columns mean stands at the table alarms.
--
-- Parameters: site String, incident String. Cost: reads the site's alarms, at most 25 months of them.
SELECT
    fingerprint,
    opened_at,
    rule,
    country,
    page_group,
    urgency,
    state,
    fired_at,
    resolved_at,
    judged_at,
    observed,
    expected,
    lo,
    hi,
    z,
    summary,
    incident_id,
    held_back_by,
    notified_at,
    notifications
FROM alarms FINAL
WHERE site = {site:String} AND incident_id = {incident:String}
ORDER BY opened_at, rule, country, page_group, fingerprint
LIMIT 1000
