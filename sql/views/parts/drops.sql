{#
Whether less arrives than should. Before it is included, these are set: `table`, `key` (its column that is watched: country or page_group), `total` (whether
all of them together are watched, too, as ''), `counted` (its column that is counted), `top` (how many keys, by what they count; 0 is all), `samples` ('slots'
or 'weeks', see below) and `windows`, each of its minutes and the overdispersion of a count in it. Where `minute_table` is set, too, it has the same counts by
minute, and windows end with any minute. The model and what it achieves: sql/README.md, "Alarms".
#}
{% set slides = minute_table is defined %}
{# A slot, or minute, is judged this long after its end, since a view is told of some seconds after it began. #}
{% set settle_s = 60 %}
{% set minute_settle_s = 30 %}
{% set slot_s = 300 %}
{% set day_s = 86400 %}
{% set week_s = 604800 %}
{# How many weeks of history count, and how many must be there. #}
{% set weeks_max = 5 %}
{% set weeks_min = 3 %}
{# 'slots': the baseline of a slot is the median of the same slot and 2 on either side, in each week. 'weeks': for what is rare, where the median of single slots
   would be 0, the median over the weeks of the mean of the same slot and 6 on either side. #}
{% set half_width = 2 if samples == 'slots' else 6 %}
{% set samples_of_week = 5 if samples == 'slots' else 1 %}
{% set slots_of_sample = 1 if samples == 'slots' else 13 %}
{# The level is what arrived against the baseline in the slots just before the longest window. Bounded, so that a drop that lasts stays one. #}
{% set longest = windows[2][0] // 5 %}
{% set level_slots = 24 if longest == 12 else 72 %}
{% set level_min = 0.6 %}
{% set level_max = 1.6 %}
{# A level over 1 is believed as if that many had come and been expected besides: by night it would be chance, and call for what never comes. #}
{% set level_doubt = 100 %}
{# It fires when all three hold. #}
{% set expected_min = 12 %}
{% set share_max = 0.7 %}
{% set z_max = -4.5 %}
{# Who looks every minute sees chance five times as often, most of it in the shortest windows: these are for outages alone there, and drops are for the longer ones. Measured by
   `cargo xtask bench detect`. #}
{% set z_by_minute_max = [-5, -4.4, -4.5] %}
{% set lookback_s = (longest + level_slots) * slot_s %}
{# What an instant needs of the time around what it is compared with. #}
{% set clock_s = 3600 %}
{% set margin_s = half_width * slot_s + clock_s %}
{# Countries change their clocks by one of these, or not at all. #}
{% set clocks = ['Europe/Berlin', 'America/New_York', 'America/Santiago', 'Asia/Jerusalem', 'Africa/Cairo', 'Australia/Sydney', 'Pacific/Auckland'] %}
{# No more instants at once. #}
{% set instants_max = 8640 %}
{% set names = "['', toString(" ~ key ~ ")]" if total else "[toString(" ~ key ~ ")]" %}
WITH
{% if slides %}
    -- Instants are the ends of minutes, a slot apart. Slots lie as these do, and so in general between those of the history.
    toUInt32(toStartOfMinute(least({from_at:DateTime('UTC')}, now()) - {{ minute_settle_s }})) AS first_minute,
    toUInt32(toStartOfMinute(least({to_at:DateTime('UTC')}, now()) - {{ minute_settle_s }})) AS last_minute,
    -- Where there were no minutes yet, or are none any more, the ends of slots.
    ifNull((SELECT minOrNull(toUInt32(minute)) FROM {{ minute_table }} WHERE site = {site:String}) + {{ lookback_s }} <= first_minute, false) AS has_minutes,
    if(has_minutes, toInt64(last_minute % {{ slot_s }}), 0) AS shift_s,
    if(has_minutes, last_minute, toUInt32(toStartOfFiveMinutes(least({to_at:DateTime('UTC')}, now()) - {{ settle_s }}))) AS last_end,
    if(
        has_minutes,
        toUInt32(last_minute - intDiv(toInt64(last_minute) - first_minute, {{ slot_s }}) * {{ slot_s }}),
        toUInt32(toStartOfFiveMinutes(least({from_at:DateTime('UTC')}, now()) - {{ settle_s }}))
    ) AS first_end,
{% else %}
    -- Instants are the ends of slots. One that is still to come is none: what has not happened yet would be missing.
    toUInt32(toStartOfFiveMinutes(least({from_at:DateTime('UTC')}, now()) - {{ settle_s }})) AS first_end,
    toUInt32(toStartOfFiveMinutes(least({to_at:DateTime('UTC')}, now()) - {{ settle_s }})) AS last_end,
    toInt64(0) AS shift_s,
{% endif %}
    first_end - {{ lookback_s }} AS first_slot,
    -- The slots of the history that these ones lie in.
    first_slot - shift_s AS first_base,
    last_end - shift_s + if(shift_s = 0, 0, {{ slot_s }}) AS last_base,
    first_base - {{ weeks_max * week_s + margin_s }} AS first_history,
    -- Which clocks have changed within the history, 0 being the one that never does.
    arrayFilter(clock -> clock.2, [
        (0, true){% for clock in clocks %},
        ({{ loop.index }}, timeZoneOffset(toDateTime(last_base, '{{ clock }}')) != timeZoneOffset(toDateTime(first_history, '{{ clock }}'))){% endfor %}

    ]).1 AS changed_clocks,
    known AS
    (
        SELECT name, min(began) AS first
        FROM
        (
{% if total %}
            SELECT '' AS name, last_end AS began
            UNION ALL
{% endif %}
            SELECT name, toUInt32(min(slot)) AS began
            FROM {{ table }}
            ARRAY JOIN {{ names }} AS name
            WHERE site = {site:String} AND slot >= toDateTime(first_history) AND slot < toDateTime(last_base) AND {{ counted }} > 0
            GROUP BY name
{% if top %}
            ORDER BY sum({{ counted }}) DESC, name
            LIMIT {{ top }}
{% endif %}
        )
        GROUP BY name
    ),
    counts AS
    (
        SELECT name, toUInt32(slot) AS began, toFloat64(sum({{ counted }})) AS n
        FROM {{ table }}
        ARRAY JOIN {{ names }} AS name
        WHERE site = {site:String} AND slot >= toDateTime(first_history) AND slot < toDateTime(last_base)
            -- Of the weeks only what is compared with.
            AND (last_base + {{ margin_s }} - toUInt32(slot)) % {{ week_s }} <= last_base - first_base + {{ 2 * margin_s }}
{% if top %}
            AND name IN (SELECT name FROM known)
{% endif %}
        GROUP BY name, began
    ),
    -- What the history says of each slot: as many samples a week as there are, but none that is 0. A clock that has changed has the history an hour aside.
    samples AS
    (
        SELECT
            name,
            by_clock.1 AS clock,
            same + (place - {{ half_width }}) * {{ slot_s }} - by_clock.2 AS slot,
            week,
            {{ 'n' if samples == 'slots' else 'sum(n) / ' ~ slots_of_sample }} AS value
        FROM
        (
            SELECT
                name,
                n,
                week,
                began + week * {{ week_s }} AS same,
                arrayFilter(clock -> has(changed_clocks, clock.1), [
                    (0, toInt32(0)){% for clock in clocks %},
                    ({{ loop.index }}, timeZoneOffset(toDateTime(same, '{{ clock }}')) - timeZoneOffset(toDateTime(began, '{{ clock }}'))){% endfor %}

                ]) AS by_clocks
            FROM counts
            ARRAY JOIN arrayFilter(
                week -> began + week * {{ week_s }} >= first_base - {{ margin_s }} AND began + week * {{ week_s }} < last_base + {{ margin_s }},
                {{ range(1, weeks_max + 1) | list }}
            ) AS week
        )
        ARRAY JOIN by_clocks AS by_clock
        ARRAY JOIN range({{ 2 * half_width + 1 }}) AS place
        WHERE slot >= first_base AND slot < last_base
{% if samples == 'weeks' %}
        GROUP BY name, clock, slot, week
{% endif %}
    ),
    -- Their median, zeros and all, over the weeks that are known.
    baselines AS
    (
        SELECT
            samples.name AS name,
            clock,
            slot,
            least({{ weeks_max }}, intDiv(slot + {{ day_s }} - any(first), {{ week_s }})) AS weeks,
            arraySort(groupArrayIf(value, week <= least({{ weeks_max }}, intDiv(slot + {{ day_s }} - first, {{ week_s }})))) AS values,
            intDiv(weeks * {{ samples_of_week }} + 1, 2) + length(values) - weeks * {{ samples_of_week }} AS rank,
            if(rank > 0, values[rank], 0) AS expected
        FROM samples
        INNER JOIN known ON samples.name = known.name
        GROUP BY name, clock, slot
    ),
    slots AS
    (
        SELECT
            name,
            clock,
            slot,
            sum(n) AS seen,
            sum(expected) AS usual
        FROM
        (
            SELECT name, clock, toInt64(began) AS slot, n, toFloat64(0) AS expected FROM counts ARRAY JOIN changed_clocks AS clock WHERE began >= first_slot{{ ' AND NOT has_minutes' if slides else '' }}
            UNION ALL
{% if slides %}
            SELECT name, clock, toInt64(toUInt32(minute) - (toUInt32(minute) - shift_s) % {{ slot_s }}) AS slot, toFloat64(sum({{ counted }})), 0
            FROM {{ minute_table }}
            ARRAY JOIN {{ names }} AS name
            ARRAY JOIN changed_clocks AS clock
            WHERE has_minutes AND site = {site:String} AND minute >= toDateTime(first_slot) AND minute < toDateTime(last_end)
            GROUP BY name, clock, slot
            UNION ALL
            -- Of each slot of the history the shares that lie in two of these.
            SELECT name, clock, share.1, 0, expected * share.2
            FROM baselines
            ARRAY JOIN [(slot + shift_s, 1 - shift_s / {{ slot_s }}), (slot + shift_s - {{ slot_s }}, shift_s / {{ slot_s }})] AS share
            WHERE share.1 >= first_slot AND share.1 < last_end
{% else %}
            SELECT name, clock, slot, 0, expected FROM baselines
{% endif %}
            UNION ALL
            SELECT name, clock, slot, 0, 0 FROM known ARRAY JOIN range(first_slot, last_end, {{ slot_s }}) AS slot ARRAY JOIN changed_clocks AS clock
        )
        GROUP BY name, clock, slot
    ),
    windows AS
    (
        SELECT
            name,
            slot + {{ slot_s }} AS until,
            sum(seen) OVER before AS seen_before,
            sum(usual) OVER before AS usual_before,
            greatest({{ level_min }}, least(
                {{ level_max }}, seen_before / greatest(usual_before, 1), (seen_before + {{ level_doubt }}) / (usual_before + {{ level_doubt }})
            )) AS level,
            [{% for minutes, overdispersion in windows %}

                ({{ minutes }}, {{ overdispersion }}, sum(seen) OVER last_{{ minutes }}, sum(usual) OVER last_{{ minutes }} * level){{ '' if loop.last else ',' }}{% endfor %}

            ] AS counted
        FROM slots
        WINDOW
            before AS (PARTITION BY name, clock ORDER BY slot ROWS BETWEEN {{ longest + level_slots - 1 }} PRECEDING AND {{ longest }} PRECEDING){% for minutes, overdispersion in windows %},
            last_{{ minutes }} AS (PARTITION BY name, clock ORDER BY slot ROWS BETWEEN {{ minutes // 5 - 1 }} PRECEDING AND CURRENT ROW){% endfor %}

    ),
    -- Of the clocks, the one by which least is expected: which one a country has is not known here.
    compared AS
    (
        SELECT
            name,
            until,
            window.1 AS minutes,
            window.2 AS overdispersion,
            any(window.3) AS seen,
            min((window.4, level)) AS least_expected
        FROM windows
        ARRAY JOIN counted AS window
        WHERE until >= first_end
        GROUP BY name, until, minutes, overdispersion
    )
SELECT * EXCEPT (overdispersion, z_limit, is_known)
FROM
(
    SELECT
        toDateTime(until, 'UTC') AS at,
        compared.name AS {{ key }},
        toUInt16(minutes) AS window_min,
        toInt64(seen) AS observed,
        least_expected.1 AS expected,
        least_expected.2 AS level,
        overdispersion,
        2 / sqrt(overdispersion) * (asinh(sqrt(overdispersion * greatest(observed, 0))) - asinh(sqrt(overdispersion * expected))) AS z,
{% if slides %}
        multiIf(NOT has_minutes, {{ z_max }}, {% for minutes, _ in windows %}minutes = {{ minutes }}, {{ z_by_minute_max[loop.index0] }}, {% endfor %}{{ z_max }}) AS z_limit,
{% else %}
        {{ z_max }} AS z_limit,
{% endif %}
        pow(sinh(greatest(asinh(sqrt(overdispersion * expected)) + z_limit * sqrt(overdispersion) / 2, 0)), 2) / overdispersion AS lo,
        pow(sinh(asinh(sqrt(overdispersion * expected)) - z_limit * sqrt(overdispersion) / 2), 2) / overdispersion AS hi,
        until + {{ day_s }} - first >= {{ weeks_min * week_s }} AS is_known,
        is_known AND expected >= {{ expected_min }} AND observed < {{ share_max }} * expected AND z < z_limit AS firing,
        multiIf(NOT is_known, 'learning', firing, 'firing', 'ok') AS state
    FROM compared
    INNER JOIN known ON compared.name = known.name
    WHERE throwIf(last_end > first_end + {{ instants_max * slot_s }}, 'at most {{ instants_max }} instants at once') = 0
)
