-- What an incident cost: orders that should have come from from_at to to_at (at most 7 days) and did not, of a country ('' is all of them) or of a page group. One
-- row. The time is widened to whole slots of 5 minutes; a to_at to come is taken for now, so an incident that is still open is priced as far as it is known.
--
-- expected_orders: what came in the same time of the same weekday in the 5 weeks before (of the weeks without the lowest and the highest the mean, of 3 the median), read by the
-- clock by which the day before fits best where clocks have changed, times the level: 1 + beta (L - 1), with L what came in the 6 hours that end 15 minutes before
-- from_at against the same of those weeks, kept within 0.6 and 1.6. L is of orders or of views, and beta (0 to 1) how far it is to be believed: of both, what told most on the
-- same time of the 35 days before.
-- gross_lo and gross_hi (95 %): by how far that would have been wrong on the same time of each of those days. Dispersion is that of a quasi-Poisson model (Wedderburn 1974), the mean
-- square of these errors over their means, 1 at least, each error kept within 3 robust standard deviations; the variance of the expectation is added: that of the
-- weeks' mean, and that of beta. Its band is symmetric on the scale where counts of that variance vary alike (Anscombe 1948), as in volume_alarms. It holds chance, days that differ,
-- the level and the history; it does not hold what no day before was like, such as a campaign.
--
-- rebound_orders: what came beyond what was expected in the 24 hours after the end: who bought later. net_lost is the gross less that, which is the loss of both times together, and
-- its interval is that. A rebound within chance is neither cut off at 0 nor left out, as both would be wrong on average: it is negative as often as
-- positive, and net_lo and net_hi are wide. Until 24 hours are over (is_final) only what is over of them is in it.
--
-- With page_group, which orders have no slots of, views stay away, and each stands for as many orders as have passed through the page group per view in the 28 days before
-- (method 'views of the page'): the more of the site is gone, the more such losses of page groups are the same orders. method is else 'orders'. Money is at the country's revenue per order of
-- the 28 days before. level is what the mean of the weeks was multiplied with, weeks how many there were: with fewer than 3, figures are NULL, as is money without any order.
--
--   SELECT * FROM slowtax.incident_loss(site = 'shop', country = 'DE', page_group = '', from_at = '2026-11-25 12:03:00', to_at = '2026-11-25 13:10:00')
--
-- Cost: reads six weeks of the site's beat_5m, of a page group of beat_pages_5m and four weeks of goals; of a country's page group of page_views with FINAL, seconds for ten million.
{% set slot_s = 300 %}
{% set day_s = 86400 %}
{# A slot is known this long after its end, as in parts/drops.sql. #}
{% set settle_s = 60 %}
{% set longest_s = 7 * day_s %}
{% set rebound_s = day_s %}
{# An incident that is told late began before it: what is just before says nothing about the level. #}
{% set guard_s = 900 %}
{% set level_s = 6 * 3600 %}
{% set level_min = 0.6 %}
{% set level_max = 1.6 %}
{% set days_max = 35 %}
{% set weeks_min = 3 %}
{% set value_days = 28 %}
{% set clock_s = 3600 %}
{# As in parts/drops.sql. #}
{% set clocks = ['Europe/Berlin', 'America/New_York', 'America/Santiago', 'Asia/Jerusalem', 'Africa/Cairo', 'Australia/Sydney', 'Pacific/Auckland'] %}
{# What a slot's row must be of. #}
{% set of_country = "({country:String} = '' OR country = {country:String})" %}
{% set of_time = "slot >= toDateTime(first_read) AND slot < toDateTime(last_read)" %}
CREATE OR REPLACE VIEW incident_loss AS
WITH
    toInt64(toUnixTimestamp({from_at:DateTime('UTC')})) AS from_s,
    toInt64(toUnixTimestamp({to_at:DateTime('UTC')})) AS to_s,
    (
        SELECT throwIf({from_at:DateTime('UTC')} >= {to_at:DateTime('UTC')}, 'from_at must be before to_at')
            + throwIf(
                toInt64(toUnixTimestamp(least({to_at:DateTime('UTC')}, now()))) - toInt64(toUnixTimestamp({from_at:DateTime('UTC')})) > {{ longest_s }},
                'an incident is at most 7 days long'
            )
    ) AS is_wrong,
    intDiv(toInt64(toUnixTimestamp(now())) - {{ settle_s }}, {{ slot_s }}) * {{ slot_s }} AS last_known,
    intDiv(from_s, {{ slot_s }}) * {{ slot_s }} AS first_slot,
    intDiv(to_s + {{ slot_s - 1 }}, {{ slot_s }}) * {{ slot_s }} AS whole_end,
    greatest(first_slot, least(whole_end, last_known)) AS last_end,
    greatest(first_slot, least(whole_end + {{ rebound_s }}, last_known)) AS rebound_end,
    intDiv(from_s, {{ day_s }}) * {{ day_s }} AS today,
    -- A day more than is compared, so that rare views are known from early enough on.
    first_slot - {{ (days_max + 2) * day_s }} AS first_read,
    rebound_end AS last_read,
    arrayFilter(clock -> clock.2, [
        (0, true){% for clock in clocks %},
        ({{ loop.index }}, timeZoneOffset(toDateTime(last_read, '{{ clock }}')) != timeZoneOffset(toDateTime(first_read, '{{ clock }}'))){% endfor %}

    ]).1 AS changed_clocks,
    -- Of 3 values the median, of more the mean of all but the lowest and the highest: of five weeks one may have had an incident itself.
    values -> arrayAvg(arraySlice(arraySort(values), 2, length(values) - 2)) AS middle,
    slots AS
    (
        SELECT began, sum(counted) AS n, sum(seen) AS views
        FROM
        (
            SELECT toInt64(toUnixTimestamp(slot)) AS began, toFloat64(orders) AS counted, toFloat64(beat_5m.views) AS seen
            FROM beat_5m
            WHERE {page_group:String} = '' AND site = {site:String} AND {{ of_country }} AND {{ of_time }}
            UNION ALL
            SELECT toInt64(toUnixTimestamp(slot)), toFloat64(beat_pages_5m.views), toFloat64(beat_pages_5m.views)
            FROM beat_pages_5m
            WHERE {page_group:String} != '' AND {country:String} = '' AND site = {site:String} AND page_group = {page_group:String} AND {{ of_time }}
            UNION ALL
            SELECT toInt64(toUnixTimestamp(toStartOfFiveMinutes(toDateTime(ts)))), toFloat64(weight), toFloat64(weight)
            FROM page_views FINAL
            WHERE {page_group:String} != '' AND {country:String} != '' AND site = {site:String} AND country = {country:String} AND page_group = {page_group:String}
                AND NOT is_bot AND ts >= toDateTime(first_read) AND ts < toDateTime(last_read)
        )
        GROUP BY began
        HAVING n > 0 OR views > 0
    ),
    (SELECT minOrNull(began) FROM slots) AS first_known,
    -- Of each day before (0 is the incident itself) and clock what came in the time of the incident, with the rebound, and before.
    of_clocks AS
    (
        SELECT
            clock,
            sumResample(0, {{ days_max + 1 }}, 1)(n * (target >= first_slot AND target < last_end), back) AS during,
            sumResample(0, {{ days_max + 1 }}, 1)(n * (target >= first_slot AND target < rebound_end), back) AS through,
            sumResample(0, {{ days_max + 1 }}, 1)(n * is_before, back) AS n_before,
            sumResample(0, {{ days_max + 1 }}, 1)(views * is_before, back) AS views_before,
            -- The day before by its hours, and the same of the weeks before, as large.
            sumResample(0, 24, 1)(views * (back = 0), hour) AS seen_by,
            sumResample(0, 24, 1)(views * (back > 0 AND back % 7 = 0), hour) AS weeks_by,
            arrayMap(n -> n * arraySum(seen_by) / greatest(arraySum(weeks_by), 1), weeks_by) AS usual_by,
            arraySum((seen, usual) -> pow(seen - usual, 2) / (usual + 1), seen_by, usual_by) AS misfit
        FROM
        (
            SELECT
                n,
                views,
                back,
                by_clock.1 AS clock,
                same - by_clock.2 AS target,
                target >= first_slot - {{ guard_s + level_s }} AND target < first_slot - {{ guard_s }} AS is_before,
                if(target < first_slot, intDiv(first_slot - 1 - target, 3600), -1) AS hour
            FROM
            (
                SELECT
                    n,
                    views,
                    back,
                    began + back * {{ day_s }} AS same,
                    arrayFilter(clock -> has(changed_clocks, clock.1), [
                        (0, toInt32(0)){% for clock in clocks %},
                        ({{ loop.index }}, timeZoneOffset(toDateTime(same, '{{ clock }}')) - timeZoneOffset(toDateTime(began, '{{ clock }}'))){% endfor %}

                    ]) AS by_clocks
                FROM slots
                ARRAY JOIN arrayFilter(
                    back -> began + back * {{ day_s }} >= first_slot - {{ day_s + clock_s }} AND began + back * {{ day_s }} < rebound_end + {{ clock_s }},
                    range({{ days_max + 1 }})
                ) AS back
            )
            ARRAY JOIN by_clocks AS by_clock
        )
        GROUP BY clock
        ORDER BY misfit, clock
        LIMIT 1
    ),
    -- Days that the site is known on and that are over before the incident, of either time; among those of a weekday (class 0: that of the incident) what is usual.
    days AS
    (
        SELECT
            time.1 AS kind,
            back,
            time.2[back + 1] AS n,
            n_before[back + 1] AS day_n_before,
            views_before[back + 1] AS day_views_before,
            countIf(back > 0) OVER weekday AS weeks,
            middle(groupArrayIf(n, back > 0) OVER weekday) AS usual,
            middle(groupArrayIf(day_n_before, back > 0) OVER weekday) AS usual_n_before,
            middle(groupArrayIf(day_views_before, back > 0) OVER weekday) AS usual_views_before,
            usual * (greatest({{ level_min }}, least({{ level_max }}, ifNull(day_n_before / nullIf(usual_n_before, 0), 1))) - 1) AS by_n,
            usual * (greatest({{ level_min }}, least({{ level_max }}, ifNull(day_views_before / nullIf(usual_views_before, 0), 1))) - 1) AS by_views
        FROM of_clocks
        ARRAY JOIN range({{ days_max + 1 }}) AS back
        ARRAY JOIN [('gross', during, last_end), ('net', through, rebound_end)] AS time
        WHERE back = 0 OR (back * {{ day_s }} >= time.3 - first_slot AND first_slot - {{ guard_s + level_s }} - back * {{ day_s }} >= first_known)
        WINDOW weekday AS (PARTITION BY kind, back % 7)
        QUALIFY weeks >= {{ weeks_min }}
    ),
    -- By which of the two levels, and how far it is believed: least squares through 0 on the days before. Then how far off that would have been. One step a SELECT, or
    -- ClickHouse would write what is named anew wherever it is used.
    fits AS
    (
        SELECT
            *,
            greatest(0, least(1, ifNotFinite(sums_n.1 / sums_n.2, 0))) AS beta_n,
            greatest(0, least(1, ifNotFinite(sums_views.1 / sums_views.2, 0))) AS beta_views
        FROM
        (
            SELECT
                *,
                -- A day that had an incident itself says nothing about levels.
                arrayFilter(
                    day -> abs(day.1) <= 3 * greatest(1.4826 * arrayReduce('median', arrayMap(other -> abs(other.1), known)), sqrt(greatest(mean_usual, 1))), known
                ) AS ordinary,
                (arraySum(day -> day.1 * day.2, ordinary), arraySum(day -> day.2 * day.2, ordinary)) AS sums_n,
                (arraySum(day -> day.1 * day.3, ordinary), arraySum(day -> day.3 * day.3, ordinary)) AS sums_views
            FROM
            (
                SELECT
                    kind,
                    groupArrayIf((n - usual, by_n, by_views), back > 0) AS known,
                    anyIf((n, usual, by_n, by_views, weeks), back = 0) AS own,
                    uniqExactIf(back % 7, back > 0) AS weekdays,
                    sumIf(usual, back > 0) / greatest(countIf(back > 0), 1) AS mean_usual
                FROM days
                GROUP BY kind
            )
        )
    ),
    errors AS
    (
        SELECT
            kind,
            own.1 AS actual,
            own.2 AS usual_orders,
            own.5 AS own_weeks,
            mean_usual,
            greatest(length(known) - weekdays - 1, 1) AS known_freedom,
            if(is_by_views, own.4, own.3) AS own_level,
            own.2 + beta * own_level AS expected,
            if(is_by_views, sums_views.2, sums_n.2) AS level_squares,
            arrayMap(day -> abs(day.1 - beta * if(is_by_views, day.3, day.2)), known) AS off
        FROM
        (
            SELECT
                *,
                -- By which of them the squares of what is off become less.
                beta_views * (2 * sums_views.1 - beta_views * sums_views.2) > beta_n * (2 * sums_n.1 - beta_n * sums_n.2) AS is_by_views,
                if(is_by_views, beta_views, beta_n) AS beta
            FROM fits
        )
    ),
    spreads AS
    (
        SELECT
            *,
            greatest(1, ifNotFinite(arraySum(one -> pow(least(one, off_max), 2), off) / known_freedom / mean_usual, 1)) AS dispersion,
            -- The variance of the weeks' middle, of what is nearly normal, in that of one week; and that of beta.
            1 + multiIf(own_weeks >= 5, 0.23, own_weeks = 4, 0.3, 0.45) + ifNotFinite(pow(own_level, 2) / level_squares, 0) AS parts
        FROM (SELECT *, 3 * greatest(1.4826 * arrayReduce('median', off), sqrt(greatest(mean_usual, 1))) AS off_max FROM errors)
    ),
    bands AS
    (
        SELECT
            *,
            pow(sinh(greatest(center - half_width, 0)), 2) / overdispersion AS lo,
            pow(sinh(center + half_width), 2) / overdispersion AS hi
        FROM
        (
            SELECT
                *,
                asinh(sqrt(overdispersion * expected)) AS center,
                -- The t quantile for 95 %.
                (1.96 + 2.4 / freedom + 2.8 / pow(freedom, 2)) * sqrt(overdispersion) / 2 AS half_width
            FROM
            (
                SELECT
                    kind, actual, expected, own_weeks,
                    ifNotFinite(expected / usual_orders, 1) AS level,
                    greatest(1e-9, ifNotFinite((dispersion * parts - 1) / expected, 0)) AS overdispersion,
                    -- Days of times that are longer than a day overlap, and tell less.
                    greatest(1, known_freedom / ceil(greatest(if(kind = 'net', rebound_end, last_end) - first_slot, 1) / {{ day_s }})) AS freedom
                FROM spreads
            )
        )
    ),
    summed AS
    (
        SELECT
            last_end > first_slot AND anyIf(own_weeks, kind = 'gross') >= {{ weeks_min }} AS is_known,
            is_known AND anyIf(own_weeks, kind = 'net') >= {{ weeks_min }} AS is_net_known,
            anyIf(own_weeks, kind = 'gross') AS weeks_known,
            anyIf((expected, actual, lo, hi, bands.level), kind = 'gross') AS gross,
            anyIf((expected, actual, lo, hi), kind = 'net') AS net
        FROM bands
    ),
    -- Orders that have passed through the page group, per view.
    (
        SELECT sum(weight)
        FROM goals
        WHERE {page_group:String} != '' AND site = {site:String} AND {{ of_country }} AND is_conversion AND NOT is_bot
            AND ts >= toDateTime(greatest(today - {{ value_days * day_s }}, ifNull(first_known, 0))) AND ts < toDateTime(today)
            AND (page_group = {page_group:String} OR has(earlier_page_group, {page_group:String}))
    ) AS passed_orders,
    (SELECT sum(views) FROM slots WHERE began >= today - {{ value_days * day_s }} AND began < today) AS passed_views,
    if({page_group:String} = '', 1, passed_orders / nullIf(passed_views, 0)) AS per_count,
    (
        SELECT sum(revenue) / nullIf(sum(orders), 0)
        FROM goals_daily
        WHERE site = {site:String} AND {{ of_country }} AND day >= toDate(toDateTime(today - {{ value_days * day_s }}), 'UTC') AND day < toDate(toDateTime(today), 'UTC')
    ) AS order_value,
    -- Of views: how many orders a view stands for is not known exactly, and orders have a chance of their own.
    (lost, side) -> if(
        {page_group:String} = '', side * per_count,
        lost * per_count + sign(side - lost) * sqrt(
            pow((side - lost) * per_count, 2) + pow(1.96, 2) * (abs(lost * per_count) + pow(lost * per_count, 2) / greatest(passed_orders, 1))
        )
    ) AS in_orders
SELECT
    if({page_group:String} = '', 'orders', 'views of the page') AS method,
    if(is_known, gross.1 * per_count, NULL) AS expected_orders,
    if(is_known, gross.2 * per_count, NULL) AS actual_orders,
    if(is_known, (gross.1 - gross.2) * per_count, NULL) AS gross_lost,
    if(is_known, in_orders(gross.1 - gross.2, gross.3 - gross.2), NULL) AS gross_lo,
    if(is_known, in_orders(gross.1 - gross.2, gross.4 - gross.2), NULL) AS gross_hi,
    gross_lost - net_lost AS rebound_orders,
    if(is_net_known, (net.1 - net.2) * per_count, NULL) AS net_lost,
    if(is_net_known, in_orders(net.1 - net.2, net.3 - net.2), NULL) AS net_lo,
    if(is_net_known, in_orders(net.1 - net.2, net.4 - net.2), NULL) AS net_hi,
    gross_lost * order_value AS gross_lost_revenue,
    net_lost * order_value AS net_lost_revenue,
    if(is_known, gross.5, NULL) AS level,
    toUInt8(weeks_known) AS weeks,
    last_known >= whole_end + {{ rebound_s }} AS is_final
FROM summed
WHERE is_wrong = 0
