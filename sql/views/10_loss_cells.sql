-- Performance loss per country and page group, with what intervals need. The inner part of loss_by_country and loss_by_country_page: ask those.
-- sql/README.md explains the terms (unit, stratum, bucket, reference, D1, D2).
--
-- A name that ends in _jk is an array of G + 1 numbers: the figure of the whole window, then the figure without each of the G days that have data
-- (delete-one-day jackknife). They travel side by side through sumForEach, so that nothing is joined day by day. With jackknife = false G is 0.
-- The step of a cell is 0 for the reference, all buckets at or under the target as one, and the bucket for those beyond.
--
-- Cost: two passes over the window's rows of one site in loss_cube; about 64 bytes x (G + 1) of memory per cell (stratum x step).
CREATE OR REPLACE VIEW loss_cells AS
WITH
    -- A scalar, so that a wrong target is told even when the window is empty.
    (
        WITH [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000] AS edges
        SELECT indexOf(edges, {target_ms:UInt32}) + throwIf(
            NOT has(edges, {target_ms:UInt32}),
            'target_ms must be one of 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000'
        )
    ) AS first_slow_bucket,
    400 AS min_conversions, -- that a page group needs on either side of the target to be compared by itself
    30 AS min_reference,    -- views that a stratum needs at or under the target to be compared directly

    -- The cube, summed. A cell that corrections brought back to nothing is as if it had never been.
    daily AS
    (
        SELECT
            country, page_group, device, nav, if(bucket < first_slow_bucket, 0, bucket) AS step, day,
            sum(n) AS day_n, sum(k) AS day_k, sum(t_ms) AS day_t_ms
        FROM loss_cube
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country, page_group, device, nav, step, day
        HAVING day_n != 0 OR day_k != 0
    ),
    (SELECT arraySort(groupUniqArray(day)) FROM daily WHERE {jackknife:Bool}) AS days,
    cells AS
    (
        SELECT
            country, page_group, device, nav, step, sum(day_t_ms) AS t_ms,
            -- What the i-th day would take away; position 0 is the whole window's, from which nothing is taken.
            arrayResize(groupArrayInsertAt(if(i > 0, day_n, 0), i), length(days) + 1) AS without_n,
            arrayResize(groupArrayInsertAt(if(i > 0, day_k, 0), i), length(days) + 1) AS without_k,
            sum(day_n) AS all_n, sum(day_k) AS all_k,
            arrayMap(taken -> toFloat64(all_n - taken), without_n) AS n_jk,
            arrayMap(taken -> toFloat64(all_k - taken), without_k) AS k_jk
        FROM (SELECT *, toUInt32(indexOf(days, day)) AS i FROM daily)
        GROUP BY country, page_group, device, nav, step
    ),

    -- Views and conversions of a stratum on either side of the target: n0, k0 (reference) and ns, ks (slow). Step 0 always exists.
    strata AS
    (
        SELECT
            country, page_group,
            sumForEach(arrayMap(n -> if(step = 0, n, 0), n_jk)) AS n0_jk,
            sumForEach(arrayMap(k -> if(step = 0, k, 0), k_jk)) AS k0_jk,
            arrayConcat([(toUInt8(0), n0_jk, k0_jk)], groupArrayIf((step, n_jk, k_jk), step > 0)) AS steps,
            n0_jk[1] AS n0, sumIf(n_jk[1], step > 0) AS ns,
            k0_jk[1] AS k0, sumIf(k_jk[1], step > 0) AS ks,
            sumIf(t_ms - all_n * {target_ms:UInt32}, step > 0) / 1000 AS stratum_time_lost_s
        FROM cells
        GROUP BY country, page_group, device, nav
    ),

    -- Strata of a country's page group added up. D1 compares a stratum with its own reference: E - O and its variance. D2 begins with the two sums
    -- of the Mantel-Haenszel ratio: a slow step (odd) against the reference (even).
    page_steps AS
    (
        WITH n0 >= min_reference AND ns != 0 AS is_compared, k0 / n0 AS r0
        SELECT
            country, page_group, step,
            sum(n0 + ns) AS views,
            sum(k0 + ks) AS conversions,
            sumIf(ns * r0 - ks, is_compared) AS lost_direct,
            sumIf(ns * ns * r0 * (1 - r0) / n0 + ks * (1 - ks / ns), is_compared) AS var_direct,
            sum(ns) AS slow_views,
            sumIf(ns, is_compared) AS slow_views_compared,
            sum(stratum_time_lost_s) AS time_lost_s,
            sumForEach(cell_k_jk) AS k_jk,
            sumForEach(arrayMap((n, k, n0) -> if(n + n0 > 0, k * n0 / (n + n0), 0), cell_n_jk, cell_k_jk, n0_jk)) AS slow_jk,
            sumForEach(arrayMap((n, n0, k0) -> if(n + n0 > 0, k0 * n / (n + n0), 0), cell_n_jk, n0_jk, k0_jk)) AS reference_jk
        FROM strata
        ARRAY JOIN steps.1 AS step, steps.2 AS cell_n_jk, steps.3 AS cell_k_jk
        GROUP BY country, page_group, step
    ),

    -- The ratio is the page group's own, or that of all strata where the page group has too few conversions.
    page_ratios AS
    (
        SELECT
            *,
            sumForEach(k_jk) OVER page AS page_k_jk,
            sumForEach(arrayMap(k -> if(step = 0, k, 0), k_jk)) OVER page AS page_k0_jk,
            arrayMap(
                (k, k0, page_slow, page_reference, site_slow, site_reference) ->
                    if(k0 >= min_conversions AND k - k0 >= min_conversions, (page_slow, page_reference), (site_slow, site_reference)),
                page_k_jk, page_k0_jk,
                sumForEach(slow_jk) OVER page_step, sumForEach(reference_jk) OVER page_step,
                sumForEach(slow_jk) OVER site_step, sumForEach(reference_jk) OVER site_step
            ) AS sums_jk,
            arrayMap(sums -> if(sums.1 > 0 AND sums.2 > 0, least(20., greatest(0.05, sums.1 / sums.2)), 1), sums_jk) AS ratio_jk
        FROM page_steps
        WINDOW page AS (PARTITION BY page_group), page_step AS (PARTITION BY page_group, step), site_step AS (PARTITION BY step)
    )
SELECT
    country,
    page_group,
    toInt64(anyIf(views, step = 0)) AS views,
    toInt64(anyIf(conversions, step = 0)) AS conversions,
    sumForEach(k_jk) AS conversions_jk,
    anyIf(lost_direct, step = 0) AS lost_direct,
    anyIf(var_direct, step = 0) AS var_direct,
    anyIf(slow_views, step = 0) AS slow_views,
    anyIf(slow_views_compared, step = 0) AS slow_views_compared,
    sumForEach(arrayMap((k, ratio) -> if(step = 0, 0, k * (1 / ratio - 1)), k_jk, ratio_jk)) AS lost_pooled_jk,
    anyIf(time_lost_s, step = 0) AS time_lost_s
FROM page_ratios
GROUP BY country, page_group
