-- Performance loss per country and page group, with what intervals need: a SELECT that every loss view includes. It takes the query parameters site,
-- from_day, to_day and target_ms, and from whoever includes it:
--
-- source    'cube'; 'release' or 'experiment_arm': of the views that tell one, which is the column part; 'placebo': draws, part is the draw and the site.
-- every_site true: of all sites, told apart in the column part. from_day, to_day, target_ms: expressions in the place of the query parameters.
-- outcome   'conversion': a view counts when a conversion follows; 'continuation': when another measured view does (page flow).
-- by_device true: figures by device (column cut). The ratios of D2 are those of all devices, so that they add up.
-- resample  'none'; 'days': also without each of the days that have data (delete-one-day jackknife); 'unless stored': as 'days', or as
--           'none' where loss_replicates has them of this window, made of nearly as many orders (to 2 %).
-- of_days   true, with 'days' or 'unless stored': also each day's own figures, by the columns that end in _days.
--
-- In a question that is narrowed to a device or to entry or inner views, only the cube's cells of these count, and nothing stored is of use.
--
-- A name that ends in _jk is an array of G + 1 numbers: the figure of the whole window, then the figure without each of the part's G days (G = 0 with
-- 'none'). They travel side by side through sumForEach, so that nothing is joined day by day. A name that ends in _days is an array of the G days' own
-- figures, by the rates and ratios of the whole window, so that they add up to it.
-- A name that ends in _by is an array over the buckets, one run of them for each of the G + 1. Of the reference only the sum over its buckets counts, so
-- that slow_... has the buckets beyond the target alone.
--
-- Why it is included and not asked as a view: ClickHouse analyses a parameterised view twice each time that it is asked, and views within it four times.
--
-- Cost: one pass over the window's rows of a site in loss_cube ('days': two, and some 500 bytes x (G + 1) of memory per stratum).
{% set days_are_known = resample != 'none' %}
{% set by_device = by_device is defined and by_device %}
{% set every_site = every_site is defined and every_site %}
{% set of_days = of_days is defined and of_days %}
{% set from_day = from_day if from_day is defined else '{from_day:Date}' %}
{% set to_day = to_day if to_day is defined else '{to_day:Date}' %}
{% set target_ms = target_ms if target_ms is defined else '{target_ms:UInt32}' %}
WITH
    [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000] AS edges,
    -- A scalar, so that a wrong target is told even when the window is empty. Looked at once, since ClickHouse copies it to wherever it is named.
    (
        SELECT throwIf(
            NOT has(edges, {{ target_ms }}),
            'target_ms must be one of 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000'
        )
    ) AS is_no_edge,
    toUInt32(indexOf(edges, {{ target_ms }})) AS first_slow_bucket,
    toUInt32(14 - first_slow_bucket) AS slow_buckets,
    400 AS min_conversions, -- that a page group needs on either side of the target to be compared by itself
    30 AS min_reference,    -- views that a stratum needs at or under the target to be compared directly
{% if resample == 'unless stored' %}
    (
        SELECT count() = 0
        FROM loss_replicates
        WHERE site = {site:String} AND target_ms = {{ target_ms }} AND from_day = {{ from_day }} AND to_day = {{ to_day }}{{ whole('device', 'nav') }}
            AND abs(window_orders - (
                SELECT sum(orders) FROM goals_daily WHERE site = {site:String} AND day >= {{ from_day }} AND day < {{ to_day }}
            )) <= 0.02 * window_orders
    ) AS by_day,
{% elif resample == 'days' %}
    true AS by_day,
{% endif %}
    source AS
    (
{% if source == 'placebo' %}
{% include 'parts/placebo_draws.sql' %}
{% elif source == 'cube' %}
        SELECT {{ 'site' if every_site else "''" }} AS part, day, country, page_group, device, nav, bucket, n, k, exits, t_ms
        FROM loss_cube
        WHERE {{ '' if every_site else 'site = {site:String} AND ' }}day >= {{ from_day }} AND day < {{ to_day }}{{ only('loss_cube', 'device', 'nav') if not every_site }}
{% else %}
        SELECT {{ source }} AS part, day, country, page_group, device, nav, bucket, n, k, exits, t_ms
        FROM variant_cube
        WHERE site = {site:String} AND day >= {{ from_day }} AND day < {{ to_day }} AND {{ source }} != ''
{% endif %}
    ),
{% if days_are_known %}
    -- The G days that have data, of each part its own: a release of a week has seven, however long the window is.
    (
        SELECT mapFromArrays(groupArray(part_name), groupArray(part_days))
        FROM (SELECT toString(source.part) AS part_name, arraySort(groupUniqArray(day)) AS part_days FROM source WHERE by_day GROUP BY part_name)
    ) AS days,
{% endif %}

    -- The cube, summed: for each stratum an array over the 14 buckets, by day where asked for. A cell that corrections brought back to nothing is as if
    -- it had never been. Strata are told apart by a hash of 64 bits, which takes two thirds of the time that their columns take.
    daily AS
    (
        SELECT
            any(source.part) AS part, any(source.country) AS country, any(source.page_group) AS page_group, any(source.device) AS device,
            cityHash64(source.part, source.country, source.page_group, source.device, nav) AS stratum,
{% if days_are_known %}
            if(by_day, day, toDate(0)) AS own_day,
{% endif %}
            sumResample(0, 14, 1)(n, bucket) AS n_by,
            sumResample(0, 14, 1)({{ 'n - exits' if outcome == 'continuation' else 'k' }}, bucket) AS k_by,
            sumIf(t_ms - n * {{ target_ms }}, bucket >= first_slow_bucket) AS waited_ms
        FROM source
        GROUP BY stratum{{ ', own_day' if days_are_known }}
        HAVING arrayExists((n, k) -> n != 0 OR k != 0, n_by, k_by)
    ),
    strata AS
    (
{% if days_are_known %}
        SELECT
            part, country, page_group, device, all_waited_ms,
            -- Where each day's buckets stand; 0 where the stratum has none, and at position 1, which is the whole window's: nothing is taken away.
            arrayPushFront(arrayMap(day -> indexOf(days_at, day), days[toString(part)]), 0) AS places,
            arrayMap(place -> place > 0, places) AS changed,
            arrayMap(
                place -> arrayMap((n, less) -> toFloat64(n - less), all_n_by, arrayResize(arraySlice(days_n_by, 14 * place - 13, if(place > 0, 14, 0)), 14)),
                places
            ) AS n_by,
            arrayMap(
                place -> arrayMap((k, less) -> toFloat64(k - less), all_k_by, arrayResize(arraySlice(days_k_by, 14 * place - 13, if(place > 0, 14, 0)), 14)),
                places
            ) AS k_by
        FROM
        (
            SELECT
                any(daily.part) AS part, any(daily.country) AS country, any(daily.page_group) AS page_group, any(daily.device) AS device,
                sumForEach(n_by) AS all_n_by,
                sumForEach(k_by) AS all_k_by,
                -- In the same order all three. A list of arrays would take ten times as long.
                groupArray(own_day) AS days_at,
                groupArrayArray(n_by) AS days_n_by,
                groupArrayArray(k_by) AS days_k_by,
                sum(waited_ms) AS all_waited_ms
            FROM daily
            GROUP BY stratum
        )
{% else %}
        SELECT
            part, country, page_group, device, waited_ms AS all_waited_ms,
            [arrayMap(n -> toFloat64(n), daily.n_by)] AS n_by, [arrayMap(k -> toFloat64(k), daily.k_by)] AS k_by
        FROM daily
{% endif %}
    ),

    -- Views and conversions of a stratum on either side of the target: n0, k0 (reference) and ns, ks (slow).
    sides AS
    (
        SELECT
            *,
            arrayMap(n -> arraySum(arraySlice(n, 1, first_slow_bucket)), n_by) AS n0_jk,
            arrayMap(k -> arraySum(arraySlice(k, 1, first_slow_bucket)), k_by) AS k0_jk,
            arrayMap(n -> arraySum(arraySlice(n, first_slow_bucket + 1)), n_by) AS ns_jk,
            arrayMap(k -> arraySum(arraySlice(k, first_slow_bucket + 1)), k_by) AS ks_jk
        FROM strata
    ),

    -- Strata of a country's page group added up. D1 compares a stratum with its own reference: E - O and its variance. D2 begins with the two sums of
    -- the Mantel-Haenszel ratio: a slow bucket (odd) against the reference (even).
    country_pages AS
    (
        SELECT
            part, page_group, country, {{ 'toString(device)' if by_device else "''" }} AS cut,
            sum(n0 + ns) AS views,
            sum(ns) AS slow_views,
            sumIf(ns, is_compared) AS slow_views_compared,
            sumIf(ns * r0 - ks, is_compared) AS lost_direct,
            sumIf(ns * ns * r0 * (1 - r0) / n0 + ks * (1 - ks / ns), is_compared) AS var_direct,
            sum(all_waited_ms) / 1000 AS time_lost_s,
{% if days_are_known %}
{% if of_days %}
            -- Of each day: what is missing without it.
            sumForEach(arrayMap((n, k) -> if(is_compared, (ns - n) * r0 - (ks - k), 0), arrayPopFront(ns_jk), arrayPopFront(ks_jk))) AS direct_days,
            sumForEach(arrayMap(
                (n, k) -> if(is_compared AND n != ns, pow(ns - n, 2) * r0 * (1 - r0) / n0 + (ks - k) * (1 - (ks - k) / (ns - n)), 0),
                arrayPopFront(ns_jk), arrayPopFront(ks_jk)
            )) AS direct_var_days,
{% endif %}
            maxForEach(changed) AS has_day,
{% endif %}
            sumForEach(k0_jk) AS reference_k_jk,
            sumForEach(ks_jk) AS slow_k_jk,
            sumForEach(slow_k_by) AS slow_k_by,
            sumForEach(arrayMap((n, k, n0) -> if(n + n0 > 0, k * n0 / (n + n0), 0), slow_n_by, compared.slow_k_by, n0_by)) AS odd_by,
            sumForEach(arrayMap((n, n0, k0) -> if(n + n0 > 0, k0 * n / (n + n0), 0), slow_n_by, n0_by, k0_by)) AS even_by
        FROM
        (
            SELECT
                *,
                arrayFlatten(arrayMap(n -> arraySlice(n, first_slow_bucket + 1), n_by)) AS slow_n_by,
                arrayFlatten(arrayMap(k -> arraySlice(k, first_slow_bucket + 1), k_by)) AS slow_k_by,
                arrayFlatten(arrayMap(n -> arrayWithConstant(slow_buckets, n), n0_jk)) AS n0_by,
                arrayFlatten(arrayMap(k -> arrayWithConstant(slow_buckets, k), k0_jk)) AS k0_by,
                n0_jk[1] AS n0, ns_jk[1] AS ns, k0_jk[1] AS k0, ks_jk[1] AS ks,
                n0 >= min_reference AND ns != 0 AS is_compared,
                if(n0 > 0, k0 / n0, 0) AS r0
            FROM sides
        ) AS compared
        GROUP BY part, page_group, country, cut
    ),

    -- The ratio of a bucket is the page group's own, or that of all strata where the page group has too few conversions on a side.
    pages AS
    (
        SELECT
            part, page_group, members,
{% if days_are_known %}
            -- A day in which nothing is left takes nothing away.
            arrayPushFront(arrayFilter((i, has) -> has, range(length(days[toString(part)]) + 1), maxForEach(page_has_day) OVER site), 0) AS kept,
{% endif %}
            arrayMap(
                (is_own, odd, even, site_odd, site_even) -> if(is_own, (odd, even), (site_odd, site_even)),
                arrayFlatten(arrayMap(
                    (k0, ks) -> arrayWithConstant(slow_buckets, k0 >= min_conversions AND ks >= min_conversions), page_k0_jk, page_ks_jk
                )),
                page_odd_by, page_even_by, sumForEach(page_odd_by) OVER site, sumForEach(page_even_by) OVER site
            ) AS sums_by,
            arrayMap(sums -> 1 / if(sums.1 > 0 AND sums.2 > 0, least(20., greatest(0.05, sums.1 / sums.2)), 1) - 1, sums_by) AS lost_per_k_by
        FROM
        (
            SELECT
                part, page_group,
                sumForEach(reference_k_jk) AS page_k0_jk,
                sumForEach(slow_k_jk) AS page_ks_jk,
                sumForEach(odd_by) AS page_odd_by,
                sumForEach(even_by) AS page_even_by,
{% if days_are_known %}
                maxForEach(has_day) AS page_has_day,
{% endif %}
                groupArray((
                    country, cut, views, slow_views, slow_views_compared, lost_direct, var_direct, time_lost_s,
                    reference_k_jk, slow_k_jk, slow_k_by{{ ', direct_days, direct_var_days' if of_days }}
                )) AS members
            FROM country_pages
            GROUP BY part, page_group
        )
        WINDOW site AS (PARTITION BY part)
    ),
    told AS
    (
        SELECT
            part, page_group, lost_per_k_by,
            member.1 AS country, member.2 AS cut, member.3 AS views, member.4 AS slow_views, member.5 AS slow_views_compared, member.6 AS lost_direct,
            member.7 AS var_direct, member.8 AS time_lost_s, member.9 AS reference_k_jk, member.10 AS slow_k_jk, member.11 AS slow_k_by,
{% if days_are_known %}
            kept,
{% endif %}
{% if of_days %}
            arrayPopFront(kept) AS kept_days, member.12 AS all_direct_days, member.13 AS all_direct_var_days,
            -- Of each day: its conversions, which the window has and the window without it has not.
            arrayMap(
                i -> arrayMap((k, less) -> k - less, arraySlice(slow_k_by, 1, slow_buckets), arraySlice(slow_k_by, 1 + i * slow_buckets, slow_buckets)),
                kept_days
            ) AS k_of_days,
{% endif %}
            arrayMap((k, lost) -> k * lost, slow_k_by, lost_per_k_by) AS lost_by
        FROM pages
        ARRAY JOIN members AS member
    )
SELECT
    part,
    country,
    page_group,
    cut,
    toInt64(told.views) AS views,
    toInt64(reference_k_jk[1] + slow_k_jk[1]) AS conversions,
    lost_direct,
    var_direct,
    slow_views,
    slow_views_compared,
    time_lost_s,
{% if days_are_known %}
    arrayMap(i -> reference_k_jk[i + 1] + slow_k_jk[i + 1], kept) AS conversions_jk,
    arrayMap(i -> arraySum(arraySlice(lost_by, 1 + i * slow_buckets, slow_buckets)), kept) AS lost_pooled_jk,
    lost_pooled_jk[1] AS lost_pooled
{%- if of_days %},
    arrayMap(i -> days[toString(part)][i], kept_days) AS days_with_data,
    arrayMap(i -> all_direct_days[i], kept_days) AS direct_days,
    arrayMap(i -> all_direct_var_days[i], kept_days) AS direct_var_days,
    -- By the ratios of the whole window, which come first.
    arrayMap(ks -> arraySum((k, lost) -> k * lost, ks, arraySlice(lost_per_k_by, 1, slow_buckets)), k_of_days) AS pooled_days,
    arrayMap(ks -> arraySum((k, lost) -> k * lost * lost, ks, arraySlice(lost_per_k_by, 1, slow_buckets)), k_of_days) AS pooled_var_days
{% endif %}

{% else %}
    arraySum(lost_by) AS lost_pooled
{% endif %}
FROM told
WHERE is_no_edge = 0
