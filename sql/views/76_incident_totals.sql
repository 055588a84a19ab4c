-- What failures cost: the incidents that began on the days in [from_day, to_day), added up by the quarter in which they began and the cause that people have given; '' is those
-- of which nobody has said one. One row is a quarter and a cause.
--
-- hours is how long they lasted, until now where one is open. net_lost and net_lost_revenue (orders, currency of the site) are of those that have been computed, priced says how
-- many these are, and NULL is none. The figures that begin with year_ are of all quarters together: what incidents of that cause cost in the 365 days before to_day. So much was observed.
-- What preventing the class would be worth a year is that, if the next year is as the last: no promise, and of a few incidents little more than chance.
--
--   SELECT * FROM slowtax.incident_totals(site = 'shop', from_day = '2026-01-01', to_day = '2027-01-01') ORDER BY quarter DESC, net_lost DESC NULLS LAST
--
-- Cost: reads the site's incidents and edits, which are few: some milliseconds.
CREATE OR REPLACE VIEW incident_totals AS
WITH
    told AS
    (
        SELECT
            incident.started_at AS started_at,
            toDate(incident.started_at) AS day,
            greatest(dateDiff('second', incident.started_at, ifNull(incident.resolved_at, toDateTime(now(), 'UTC'))), 0) / 3600 AS lasted_h,
            incident.net_lost AS lost,
            incident.net_lost_revenue AS lost_revenue,
            edit.cause AS cause
        FROM
        (
            SELECT * FROM incidents FINAL
            WHERE site = {site:String}
                AND started_at >= toDateTime(least({from_day:Date}, {to_day:Date} - 365), 'UTC')
                AND started_at < toDateTime({to_day:Date}, 'UTC')
        ) AS incident
        LEFT JOIN
        (
            SELECT * FROM incident_edits FINAL WHERE site = {site:String}
        ) AS edit ON incident.incident_id = edit.incident_id
    )
SELECT
    total.quarter AS quarter,
    total.cause AS cause,
    total.incidents AS incidents,
    total.hours AS hours,
    total.priced AS priced,
    total.net_lost AS net_lost,
    total.net_lost_revenue AS net_lost_revenue,
    of_year.incidents AS year_incidents,
    of_year.net_lost AS year_net_lost,
    of_year.net_lost_revenue AS year_net_lost_revenue
FROM
(
    SELECT
        toStartOfQuarter(day) AS quarter,
        cause,
        count() AS incidents,
        sum(lasted_h) AS hours,
        count(lost) AS priced,
        sumOrNull(lost) AS net_lost,
        sumOrNull(lost_revenue) AS net_lost_revenue
    FROM told
    WHERE day >= {from_day:Date}
    GROUP BY quarter, cause
) AS total
LEFT JOIN
(
    SELECT cause, count() AS incidents, sumOrNull(lost) AS net_lost, sumOrNull(lost_revenue) AS net_lost_revenue
    FROM told
    WHERE day >= {to_day:Date} - 365
    GROUP BY cause
) AS of_year ON total.cause = of_year.cause
