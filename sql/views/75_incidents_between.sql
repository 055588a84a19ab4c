-- Incidents that were open at some time of the days in [from_day, to_day), with what people have said of them and how long it took. One row is an incident. Times are UTC.
--
-- discover_s is from its start to the first alarm that fired, respond_s from there until somebody acknowledged it, recover_s from its start to its end; NULL where
-- that has not happened. mitigated_at is when somebody said that the harm had stopped. The loss is in orders and in the currency of the site, NULL until it has been computed (priced_at); net is less what came
-- back in the 24 hours after. version names the state of what people said, 0 being nothing yet: whoever changes it may say which one he has seen.
--
--   SELECT * FROM slowtax.incidents_between(site = 'shop', from_day = '2026-10-01', to_day = '2027-01-01') ORDER BY is_open DESC, net_lost DESC NULLS LAST
--
-- Cost: reads the site's incidents and edits, which are few: some milliseconds.
CREATE OR REPLACE VIEW incidents_between AS
SELECT
    incident.incident_id AS incident_id,
    incident.kind AS kind,
    incident.title AS title,
    toBool(incident.resolved_at IS NULL) AS is_open,
    incident.started_at AS started_at,
    incident.detected_at AS detected_at,
    edit.acknowledged_at AS acknowledged_at,
    edit.mitigated_at AS mitigated_at,
    incident.resolved_at AS resolved_at,
    dateDiff('second', started_at, detected_at) AS discover_s,
    dateDiff('second', detected_at, acknowledged_at) AS respond_s,
    dateDiff('second', started_at, resolved_at) AS recover_s,
    incident.rules AS rules,
    incident.countries AS countries,
    incident.page_groups AS page_groups,
    incident.alarms AS alarms,
    incident.loss_method AS loss_method,
    incident.expected_orders AS expected_orders,
    incident.actual_orders AS actual_orders,
    incident.gross_lost AS gross_lost,
    incident.gross_lo AS gross_lo,
    incident.gross_hi AS gross_hi,
    incident.net_lost AS net_lost,
    incident.net_lo AS net_lo,
    incident.net_hi AS net_hi,
    incident.gross_lost_revenue AS gross_lost_revenue,
    incident.net_lost_revenue AS net_lost_revenue,
    incident.priced_at AS priced_at,
    edit.cause AS cause,
    edit.notes AS notes,
    edit.edited_by AS edited_by,
    edit.version AS version
FROM
(
    SELECT *
    FROM incidents FINAL
    WHERE site = {site:String}
        AND started_at < toDateTime({to_day:Date}, 'UTC')
        AND (resolved_at IS NULL OR resolved_at >= toDateTime({from_day:Date}, 'UTC'))
) AS incident
LEFT JOIN
(
    SELECT * FROM incident_edits FINAL WHERE site = {site:String}
) AS edit ON incident.incident_id = edit.incident_id
