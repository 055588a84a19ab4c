-- What-if: what slowness costs in each country at every target, 500 to 60000 ms, in one pass: the shown figure of loss_by_country, with its method, at each. A curve to
-- look at and to choose a target by; the interval at a target is loss_by_country's. Days are in [from_day, to_day). An association, not proof of a
-- cause: see sql/README.md.
--
--   SELECT target_ms, sum(est_lost) FROM slowtax.loss_what_if(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01') GROUP BY target_ms ORDER BY target_ms
--
-- A name that ends in _at is an array over the 14 targets, one that ends in _by over the 14 buckets of each target in turn, with 0 for the reference.
--
-- Cost: one pass over the window's rows of a site in loss_cube, and 20 kB of memory per stratum.
CREATE OR REPLACE VIEW loss_what_if AS
WITH
    [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000] AS edges,
    range(1, 15) AS ends,
    400 AS min_conversions, -- as in parts/loss_cells.sql
    30 AS min_reference,
    strata AS
    (
        SELECT
            any(loss_cube.country) AS country, any(loss_cube.page_group) AS page_group,
            arrayMap(n -> toFloat64(n), sumResample(0, 14, 1)(n, bucket)) AS n_by,
            arrayMap(k -> toFloat64(k), sumResample(0, 14, 1)(k, bucket)) AS k_by,
            arrayMap(t -> toFloat64(t), sumResample(0, 14, 1)(t_ms, bucket)) AS t_by
        FROM loss_cube
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}{{ only('loss_cube', 'device', 'nav') }}
        GROUP BY cityHash64(loss_cube.country, loss_cube.page_group, device, nav)
        HAVING arrayExists((n, k) -> n != 0 OR k != 0, n_by, k_by)
    ),
    sides AS
    (
        SELECT
            country, page_group,
            arrayCumSum(n_by) AS n0_at,
            arrayCumSum(k_by) AS k0_at,
            arrayMap(n0 -> arraySum(n_by) - n0, n0_at) AS ns_at,
            arrayMap(k0 -> arraySum(k_by) - k0, k0_at) AS ks_at,
            arrayFlatten(arrayMap(at -> arrayMap((n, b) -> if(b > at, n, 0), n_by, ends), ends)) AS slow_n_by,
            arrayFlatten(arrayMap(at -> arrayMap((k, b) -> if(b > at, k, 0), k_by, ends), ends)) AS slow_k_by,
            arrayFlatten(arrayMap(n0 -> arrayWithConstant(14, n0), n0_at)) AS n0_by,
            arrayFlatten(arrayMap(k0 -> arrayWithConstant(14, k0), k0_at)) AS k0_by,
            arrayMap((at, edge) -> arraySum((n, t, b) -> if(b > at, t - n * edge, 0), n_by, t_by, ends) / 1000, ends, edges) AS time_lost_s_at
        FROM strata
    ),
    country_pages AS
    (
        SELECT
            page_group, country,
            sumForEach(ns_at) AS slow_at,
            sumForEach(arrayMap((n0, ns) -> if(n0 >= min_reference, ns, 0), n0_at, sides.ns_at)) AS compared_at,
            sumForEach(arrayMap((n0, k0, ns, ks) -> if(n0 >= min_reference AND ns != 0, ns * k0 / n0 - ks, 0), n0_at, sides.k0_at, sides.ns_at, sides.ks_at))
                AS direct_at,
            sumForEach(time_lost_s_at) AS time_lost_s_at,
            sumForEach(k0_at) AS k0_at,
            sumForEach(ks_at) AS ks_at,
            sumForEach(slow_k_by) AS slow_k_by,
            sumForEach(arrayMap((n, k, n0) -> if(n + n0 > 0, k * n0 / (n + n0), 0), slow_n_by, sides.slow_k_by, n0_by)) AS odd_by,
            sumForEach(arrayMap((n, n0, k0) -> if(n + n0 > 0, k0 * n / (n + n0), 0), slow_n_by, n0_by, k0_by)) AS even_by
        FROM sides
        GROUP BY page_group, country
    ),
    pages AS
    (
        SELECT
            page_group,
            members,
            arrayMap(
                (is_own, odd, even, site_odd, site_even) -> if(is_own, (odd, even), (site_odd, site_even)),
                arrayFlatten(arrayMap((k0, ks) -> arrayWithConstant(14, k0 >= min_conversions AND ks >= min_conversions), page_k0_at, page_ks_at)),
                page_odd_by, page_even_by, sumForEach(page_odd_by) OVER (), sumForEach(page_even_by) OVER ()
            ) AS sums_by,
            arrayMap(sums -> 1 / if(sums.1 > 0 AND sums.2 > 0, least(20., greatest(0.05, sums.1 / sums.2)), 1) - 1, sums_by) AS lost_per_k_by
        FROM
        (
            SELECT
                page_group,
                sumForEach(k0_at) AS page_k0_at, sumForEach(ks_at) AS page_ks_at,
                sumForEach(odd_by) AS page_odd_by, sumForEach(even_by) AS page_even_by,
                groupArray((country, slow_at, compared_at, direct_at, time_lost_s_at, k0_at, ks_at, slow_k_by)) AS members
            FROM country_pages
            GROUP BY page_group
        )
    ),
    countries AS
    (
        SELECT
{% if narrowed %}
            -- The method of a page is picked over all countries.
            if({page_group:String} != '' AND {country:String} = '', '', member.1) AS country,
{% else %}
            member.1 AS country,
{% endif %}
            sumForEach(member.2) AS slow_at,
            sumForEach(member.3) AS compared_at,
            sumForEach(member.4) AS direct_at,
            sumForEach(member.5) AS time_lost_s_at,
            sumForEach(arrayMap((k0, ks) -> k0 + ks, member.6, member.7)) AS k_at,
            sumForEach(arrayMap((k, lost) -> k * lost, member.8, lost_per_k_by)) AS pooled_by
        FROM pages
        ARRAY JOIN members AS member
{% if narrowed %}
        WHERE ({country:String} = '' OR member.1 = {country:String}){{ only('pages', 'page_group') }}
{% endif %}
        GROUP BY country
    ),
    goals AS
    (
        SELECT country, sum(goals_daily.orders) AS orders, sum(goals_daily.revenue) / nullIf(orders, 0) AS order_value
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country
    )
SELECT
    countries.country AS country,
    toUInt32(edges[at]) AS target_ms,
    if(ifNull(compared_at[at] / nullIf(slow_at[at], 0) >= 0.9 AND k_at[at] >= 200, false), 'direct', 'pooled') AS method,
    if(method = 'direct', direct_at[at], arraySum(arraySlice(pooled_by, 1 + 14 * (at - 1), 14))) AS est_lost,
{% if narrowed %}
    if(countries.country = '', NULL, est_lost * ifNull(goals.order_value, 0)) AS est_lost_revenue,
    if(k_at[at] + est_lost != 0, 100 * est_lost / (k_at[at] + est_lost), 0) AS est_lost_pct,
{% else %}
    est_lost * ifNull(goals.order_value, 0) AS est_lost_revenue,
    if(ifNull(goals.orders, 0) + est_lost != 0, 100 * est_lost / (ifNull(goals.orders, 0) + est_lost), 0) AS est_lost_pct,
{% endif %}
    time_lost_s_at[at] AS time_lost_s,
    'association' AS claim
FROM countries
ARRAY JOIN ends AS at
LEFT JOIN goals ON countries.country = goals.country
