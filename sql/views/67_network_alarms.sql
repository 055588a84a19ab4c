-- Whether users fail to get a page at all: failures that browsers report (Network Error Logging) in the last 15 minutes that ended a minute or more before `at`, by country ('' is
-- all together; there is a row for each country that had views or failures). share is failures / (failures + views), 0 to 1; usual_share the same of the 7 days before these 15 minutes. It fires at 20
-- failures or more, by 5 reports at least, a share of 0.02 or more, and 5 times the usual one. failures are reports by the share that browsers report, each at most 100; who gave
-- up (abandoned) and statuses 400 to 499 are none. type is that of most of them (dns, tcp, tls, http, other; empty without any). state is 'firing', 'ok', or 'learning', which never
-- fires: the site has been known for less than 3 days.
--
-- Whoever has no network reports when it is back, so an outage of theirs is seen late, and one that ends nobody's network (a certificate, a name, a server) at once.
--
--   SELECT * FROM slowtax.network_alarms(site = 'shop', at = now()) WHERE firing
--
-- Cost: reads a week of the site's reports of network errors and of its beat_5m.
{% set settle_s = 60 %}
{% set slot_s = 300 %}
{% set day_s = 86400 %}
{% set window_s = 900 %}
{% set usual_s = 7 * day_s %}
{% set history_min_s = 3 * day_s %}
{% set failures_min = 20 %}
{% set reports_min = 5 %}
{% set share_min = 0.02 %}
{% set times_usual = 5 %}
CREATE OR REPLACE VIEW network_alarms AS
WITH
    toUInt32(toStartOfFiveMinutes(least({at:DateTime('UTC')}, now()) - {{ settle_s }})) AS until,
    until - {{ window_s }} AS since,
    since - {{ usual_s }} AS usual_since,
    of_countries AS
    (
        SELECT
            name,
            sumIf(all_failures, is_now) AS now_failures,
            sumIf(all_reports, is_now) AS now_reports,
            sumIf(all_views, is_now) AS now_views,
            sumIf(all_failures, NOT is_now) AS usual_failures,
            sumIf(all_views, NOT is_now) AS usual_views,
            minIf(began, all_views > 0) AS first,
            -- Of the kinds the one with the most failures.
            argMaxIf(failure, kind_failures, is_now AND failure != '') AS most
        FROM
        (
            SELECT
                name,
                is_now,
                failure,
                sum(stands_for) AS all_failures,
                sum(stands_for > 0) AS all_reports,
                sum(views) AS all_views,
                min(at_s) AS began,
                all_failures AS kind_failures
            FROM
            (
                SELECT country, toUInt32(slot) AS at_s, toFloat64(beat_5m.views) AS views, 0. AS stands_for, '' AS failure
                FROM beat_5m
                WHERE site = {site:String} AND slot >= toDateTime(usual_since) AND slot < toDateTime(until) AND beat_5m.views != 0
                UNION ALL
                SELECT country, toUInt32(toDateTime(ts)), 0., stands_for, failure
                FROM
                (
                    SELECT country, ts,
{% include 'parts/network_failures.sql' %}
                    FROM browser_reports
                    WHERE site = {site:String} AND type = 'network-error' AND NOT is_bot AND ts >= toDateTime(usual_since) AND ts < toDateTime(until)
                )
                WHERE is_failure
            )
            ARRAY JOIN ['', toString(country)] AS name
            GROUP BY name, at_s >= since AS is_now, failure
            UNION ALL
            SELECT '', false, '', 0., 0, 0., until, 0.
        )
        GROUP BY name
    )
SELECT
    toDateTime(until, 'UTC') AS at,
    name AS country,
    now_failures AS failures,
    toInt64(now_reports) AS reports,
    toInt64(now_views) AS views,
    now_failures / nullIf(now_failures + now_views, 0) AS share,
    usual_failures / nullIf(usual_failures + of_countries.usual_views, 0) AS usual_share,
    most AS type,
    multiIf(
        site_first = 0 OR site_first + {{ history_min_s }} > until, 'learning',
        now_failures >= {{ failures_min }} AND now_reports >= {{ reports_min }} AND share >= {{ share_min }} AND share >= {{ times_usual }} * ifNull(usual_share, 0), 'firing',
        'ok'
    ) AS state,
    state = 'firing' AS firing
FROM (SELECT *, maxIf(first, name = '') OVER () AS site_first FROM of_countries) AS of_countries
