-- What browsers report of requests that failed in the network (Network Error Logging), also of pages that never loaded: by country, host of the site, kind of failure (dns, tcp, tls, http, abandoned,
-- other), phase (dns, connection, application), error, such as tcp.timed_out, and http_status (0: no answer). Days are in [from_day, to_day), by when it happened; bots are left out. failures are reports by the
-- share that browsers report, each at most 100. is_failure says whether network_alarms counts it: 'abandoned' and statuses 400 to 499 are told here and are no failure there. share is
-- of failures and of the country's views together, 0 to 1. Browsers tell late: a report of an outage comes when there is a network again.
--
--   SELECT * FROM slowtax.network_errors(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01') ORDER BY failures DESC
--
-- Cost: reads the window's reports of network errors, and its days of the site's beat_5m.
CREATE OR REPLACE VIEW network_errors AS
SELECT
    reports.country AS country,
    host,
    type,
    phase,
    error,
    http_status,
    reports.is_failure AS is_failure,
    reports,
    failures,
    failures / (failures + ifNull(views, 0)) AS share,
    elapsed_p50_ms,
    first_seen,
    last_seen
FROM
(
    SELECT
        country,
        host,
        failure AS type,
        phase,
        error,
        http_status,
        toBool(is_failure) AS is_failure,
        count() AS reports,
        sum(stands_for) AS failures,
        quantileExact(0.5)(elapsed_ms) AS elapsed_p50_ms,
        min(ts) AS first_seen,
        max(ts) AS last_seen
    FROM
    (
        SELECT country, domain(url) AS host, phase, error, http_status, elapsed_ms, ts,
{% include 'parts/network_failures.sql' %}
        FROM browser_reports
        WHERE site = {site:String} AND type = 'network-error' AND NOT is_bot AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date}
    )
    WHERE is_error
    GROUP BY country, host, type, phase, error, http_status, is_failure
) AS reports
LEFT JOIN
(
    SELECT country, toFloat64(sum(beat_5m.views)) AS views
    FROM beat_5m
    WHERE site = {site:String} AND toDate(slot) >= {from_day:Date} AND toDate(slot) < {to_day:Date}
    GROUP BY country
) AS beats ON reports.country = beats.country
