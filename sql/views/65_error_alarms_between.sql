-- Whether errors use up what a site allows itself, at each end of a slot of 5 minutes in a time: burn rates in two windows, a long one that is sure and a
-- short one that ends the alarm soon after the errors do. `objective` is the share of views that are to be free of errors, over 0 and under 1; 0.99 where nothing
-- else is known. A burn rate of 1 is as many errors as that allows. One row is an instant, a country ('' is all of them together) and a pair of windows:
-- 60 and 5 minutes (burn_limit 14.4), 360 and 30 (6), 4320 and 360 (1; urgency 'ticket', of the others 'page'). It fires where both burn rates reach the
-- limit, with 20 errors or more in the long window. state is 'firing', 'ok', or 'learning': the site or country is not known for as long as the long window.
--
-- errors are distinct errors of views by weight (beat_5m.errors), so a view with two counts twice; no more than there are views. Errors without any view burn
-- nothing. An instant is judged a minute after its end; instants to come are left out. At most 30 days at once.
--
--   SELECT * FROM slowtax.error_alarms_between(site = 'shop', objective = 0.99, from_at = '2026-11-25 00:00:00', to_at = '2026-11-26 00:00:00') WHERE firing
--
-- Cost: reads the time and four days before it of the site's beat_5m.
{% set settle_s = 60 %}
{% set slot_s = 300 %}
{% set day_s = 86400 %}
{% set errors_min = 20 %}
{% set instants_max = 8640 %}
{# Long window, short window, in minutes; burn rate; urgency. #}
{% set burns = [(60, 5, 14.4, 'page'), (360, 30, 6, 'page'), (4320, 360, 1, 'ticket')] %}
{% set longest_s = 4320 * 60 %}
CREATE OR REPLACE VIEW error_alarms_between AS
WITH
    toUInt32(toStartOfFiveMinutes(least({from_at:DateTime('UTC')}, now()) - {{ settle_s }})) AS first_end,
    toUInt32(toStartOfFiveMinutes(least({to_at:DateTime('UTC')}, now()) - {{ settle_s }})) AS last_end,
    first_end - {{ longest_s }} AS first_slot,
    counts AS
    (
        SELECT name, toUInt32(slot) AS began, toFloat64(sum(beat_5m.views)) AS views, toFloat64(sum(beat_5m.errors)) AS errors
        FROM beat_5m
        ARRAY JOIN ['', toString(country)] AS name
        WHERE site = {site:String} AND slot >= toDateTime(first_slot - {{ day_s }}) AND slot < toDateTime(last_end)
        GROUP BY name, began
    ),
    known AS
    (
        SELECT name, min(first) AS first
        FROM (SELECT '' AS name, last_end AS first UNION ALL SELECT name, min(began) AS first FROM counts WHERE views > 0 GROUP BY name)
        GROUP BY name
    ),
    slots AS
    (
        SELECT name, slot, sum(views) AS seen, sum(errors) AS failed
        FROM
        (
            SELECT name, began AS slot, views, errors FROM counts WHERE began >= first_slot
            UNION ALL
            SELECT name, slot, 0, 0 FROM known ARRAY JOIN range(first_slot, last_end, {{ slot_s }}) AS slot
        )
        GROUP BY name, slot
    ),
    windows AS
    (
        SELECT
            name,
            slot + {{ slot_s }} AS until,
            [{% for long, short, limit, urgency in burns %}

                (
                    {{ long }}, {{ short }}, {{ limit }}, '{{ urgency }}',
                    sum(seen) OVER last_{{ long }}, sum(failed) OVER last_{{ long }}, sum(seen) OVER last_{{ short }}, sum(failed) OVER last_{{ short }}
                ){{ '' if loop.last else ',' }}{% endfor %}

            ] AS pairs
        FROM slots
        WINDOW{% for minutes in [5, 30, 60, 360, 4320] %}

            last_{{ minutes }} AS (PARTITION BY name ORDER BY slot ROWS BETWEEN {{ minutes // 5 - 1 }} PRECEDING AND CURRENT ROW){{ '' if loop.last else ',' }}{% endfor %}

    )
SELECT
    toDateTime(until, 'UTC') AS at,
    windows.name AS country,
    toUInt16(pair.1) AS long_window_min,
    toUInt16(pair.2) AS short_window_min,
    toFloat64(pair.3) AS burn_limit,
    pair.4 AS urgency,
    toInt64(pair.5) AS views,
    toInt64(pair.6) AS errors,
    ifNull(least(pair.6, pair.5) / nullIf(pair.5, 0), 0) / (1 - {objective:Float64}) AS long_burn,
    ifNull(least(pair.8, pair.7) / nullIf(pair.7, 0), 0) / (1 - {objective:Float64}) AS short_burn,
    multiIf(
        first + long_window_min * 60 > until + {{ slot_s }}, 'learning',
        errors >= {{ errors_min }} AND long_burn >= burn_limit AND short_burn >= burn_limit, 'firing',
        'ok'
    ) AS state,
    state = 'firing' AS firing
FROM windows
ARRAY JOIN pairs AS pair
INNER JOIN known ON windows.name = known.name
WHERE until >= first_end
    AND throwIf(last_end > first_end + {{ instants_max * slot_s }}, 'at most {{ instants_max }} instants at once') = 0
    AND throwIf({objective:Float64} <= 0 OR {objective:Float64} >= 1, 'the objective is a share, over 0 and under 1') = 0
