-- Whether more views are slow (LCP over 2500 ms) than at this time of the week, at each end of a slot of 5 minutes in a time. One row is an instant and a
-- country ('' is all of them together). A slot is slow where its share of slow views lies 5 points or more over that of its history (the same slot and 2 on
-- either side, of 5 weeks, together) and the two shares differ with z over 4 (two proportions). It fires where the last 3 slots are slow and have 200 views
-- together. slow_share and expected_share are 0 to 1, of the 3 slots, and of all views, measured or not; z is the smallest of the three; slow_slots says how many of them are slow.
-- state is 'firing', 'ok', or 'learning': fewer than 3 weeks of history or 200 views in it, which never fires.
--
-- An instant is judged a minute after its end; instants to come are left out. At most 30 days at once. The clocks' change is not regarded: the hour of a day
-- matters to how many come, and little to how many of them are slow.
--
--   SELECT * FROM slowtax.speed_alarms_between(site = 'shop', from_at = '2026-11-25 00:00:00', to_at = '2026-11-26 00:00:00') WHERE firing
--
-- Cost: reads six weeks of the site's beat_5m.
{% set settle_s = 60 %}
{% set slot_s = 300 %}
{% set day_s = 86400 %}
{% set week_s = 604800 %}
{% set weeks_max = 5 %}
{% set weeks_min = 3 %}
{% set half_width = 2 %}
{% set slots_in_a_row = 3 %}
{% set views_min = 200 %}
{% set z_min = 4 %}
{% set points_min = 0.05 %}
{% set instants_max = 8640 %}
CREATE OR REPLACE VIEW speed_alarms_between AS
WITH
    toUInt32(toStartOfFiveMinutes(least({from_at:DateTime('UTC')}, now()) - {{ settle_s }})) AS first_end,
    toUInt32(toStartOfFiveMinutes(least({to_at:DateTime('UTC')}, now()) - {{ settle_s }})) AS last_end,
    first_end - {{ slots_in_a_row * slot_s }} AS first_slot,
    first_slot - {{ weeks_max * week_s + half_width * slot_s }} AS first_history,
    known AS
    (
        SELECT name, min(began) AS first
        FROM
        (
            SELECT '' AS name, last_end AS began
            UNION ALL
            SELECT name, toUInt32(min(slot)) AS began
            FROM beat_5m
            ARRAY JOIN ['', toString(country)] AS name
            WHERE site = {site:String} AND slot >= toDateTime(first_history) AND slot < toDateTime(last_end) AND views > 0
            GROUP BY name
        )
        GROUP BY name
    ),
    counts AS
    (
        SELECT name, toInt64(toUInt32(slot)) AS began, toFloat64(sum(views)) AS n, toFloat64(sum(beat_5m.slow)) AS slow
        FROM beat_5m
        ARRAY JOIN ['', toString(country)] AS name
        WHERE site = {site:String} AND slot >= toDateTime(first_history) AND slot < toDateTime(last_end)
            -- Of the weeks only what is compared with.
            AND (last_end + {{ half_width * slot_s }} - toUInt32(slot)) % {{ week_s }} <= last_end - first_slot + {{ 2 * half_width * slot_s }}
        GROUP BY name, began
    ),
    slots AS
    (
        SELECT name, slot, sum(n) AS views, sum(slow) AS slow_views, sum(usual_n) AS usual_views, sum(usual_slow) AS usual_slow_views
        FROM
        (
            SELECT name, began AS slot, n, slow, 0. AS usual_n, 0. AS usual_slow FROM counts WHERE began >= first_slot
            UNION ALL
            SELECT name, began + week * {{ week_s }} + (place - {{ half_width }}) * {{ slot_s }} AS slot, 0, 0, n, slow
            FROM counts
            ARRAY JOIN {{ range(1, weeks_max + 1) | list }} AS week
            ARRAY JOIN range({{ 2 * half_width + 1 }}) AS place
            WHERE slot >= first_slot AND slot < last_end
            UNION ALL
            SELECT name, slot, 0, 0, 0, 0 FROM known ARRAY JOIN range(first_slot, last_end, {{ slot_s }}) AS slot
        )
        GROUP BY name, slot
    ),
    judged AS
    (
        SELECT
            name,
            slot,
            views,
            slow_views,
            usual_views,
            usual_slow_views,
            slow_views / nullIf(views, 0) - usual_slow_views / nullIf(usual_views, 0) AS difference,
            (slow_views + usual_slow_views) / nullIf(views + usual_views, 0) AS share,
            ifNull(difference / nullIf(sqrt(greatest(share * (1 - share), 0) * (1 / views + 1 / usual_views)), 0), 0) AS z,
            ifNull(difference >= {{ points_min }} AND z > {{ z_min }}, false) AS is_slow
        FROM slots
    ),
    instants AS
    (
        SELECT
            name,
            slot + {{ slot_s }} AS until,
            sum(views) OVER in_a_row AS views,
            sum(slow_views) OVER in_a_row AS slow_views,
            sum(usual_views) OVER in_a_row AS usual_views,
            sum(usual_slow_views) OVER in_a_row AS usual_slow_views,
            min(z) OVER in_a_row AS z,
            sum(is_slow) OVER in_a_row AS slow_slots
        FROM judged
        WINDOW in_a_row AS (PARTITION BY name ORDER BY slot ROWS BETWEEN {{ slots_in_a_row - 1 }} PRECEDING AND CURRENT ROW)
    )
SELECT
    toDateTime(until, 'UTC') AS at,
    instants.name AS country,
    toInt64(instants.views) AS views,
    instants.slow_views / nullIf(instants.views, 0) AS slow_share,
    instants.usual_slow_views / nullIf(instants.usual_views, 0) AS expected_share,
    instants.z AS z,
    toUInt8(instants.slow_slots) AS slow_slots,
    multiIf(
        until + {{ day_s }} - first < {{ weeks_min * week_s }} OR instants.usual_views < {{ views_min }}, 'learning',
        slow_slots = {{ slots_in_a_row }} AND views >= {{ views_min }}, 'firing',
        'ok'
    ) AS state,
    state = 'firing' AS firing
FROM instants
INNER JOIN known ON instants.name = known.name
WHERE until >= first_end AND throwIf(last_end > first_end + {{ instants_max * slot_s }}, 'at most {{ instants_max }} instants at once') = 0
