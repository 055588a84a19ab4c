-- What slowness costs in each country: lost conversions with a 95 % interval, lost revenue, share of potential, time lost, and a verdict.
-- Days are in [from_day, to_day); the site's total is the sum over the countries. An association, not proof of a cause: see sql/README.md.
--
--   SELECT * FROM slowtax.loss_by_country(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY lo DESC
--
-- Cost: see loss_cells, with G = the days of the window that have data.
CREATE OR REPLACE VIEW loss_by_country AS
WITH
    countries AS
    (
        SELECT
            country,
            sum(views) AS views,
            sum(conversions) AS conversions,
            sumForEach(conversions_jk) AS conversions_jk,
            sum(lost_direct) AS lost_direct,
            sqrt(greatest(sum(var_direct), 0)) AS se_direct,
            sum(slow_views_compared) / nullIf(sum(slow_views), 0) AS direct_coverage,
            sumForEach(lost_pooled_jk) AS lost_pooled_jk,
            sum(time_lost_s) AS time_lost_s
        FROM {{database}}.loss_cells(
            site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}, jackknife = true
        )
        GROUP BY country
    ),
    estimates AS
    (
        SELECT
            country, views, lost_direct, se_direct, direct_coverage, time_lost_s,
            lost_pooled_jk[1] AS lost_pooled,
            -- Jackknife over the G days, on phi = L / (K + L), the share of potential that is lost; turned back into lost conversions.
            length(lost_pooled_jk) - 1 AS g,
            arrayMap((k, lost) -> if(k + lost > 0, lost / (k + lost), 0), conversions_jk, lost_pooled_jk) AS phi_jk,
            arrayPopFront(phi_jk) AS phi_days,
            arrayAvg(phi_days) AS phi_mean,
            sqrt((g - 1) / g * arraySum(phi -> pow(phi - phi_mean, 2), phi_days)) AS se_phi,
            if(g >= 5 AND conversions > 0, conversions / pow(1 - phi_jk[1], 2) * se_phi, NULL) AS se_pooled,
            -- The t quantile for 95 % at G - 1 degrees of freedom.
            1.96 + 2.4 / (g - 1) + 2.8 / pow(g - 1, 2) AS t_quantile,
            -- D1 where it can compare nearly all slow views and has conversions enough, else D2.
            ifNull(direct_coverage >= 0.9 AND conversions >= 200, false) AS is_direct,
            if(is_direct, lost_direct, lost_pooled) AS est_lost,
            if(is_direct, 1.96 * se_direct, t_quantile * se_pooled) AS half_width,
            est_lost - half_width AS lo,
            est_lost + half_width AS hi
        FROM countries
    ),
    goals AS
    (
        SELECT country, sum(orders) AS orders, sum(revenue) AS revenue
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country
    )
SELECT
    estimates.country AS country,
    views,
    ifNull(goals.orders, 0) AS orders,
    if(is_direct, 'direct', 'pooled') AS method,
    est_lost,
    lo,
    hi,
    if(orders != 0, est_lost * ifNull(goals.revenue, 0) / orders, 0) AS est_lost_revenue,
    if(orders + est_lost != 0, 100 * est_lost / (orders + est_lost), 0) AS est_lost_pct,
    time_lost_s,
    multiIf(orders < 30 OR lo IS NULL, 'insufficient', lo > 0, 'loss', hi < 0, 'gain', 'not distinguishable') AS verdict,
    'association' AS claim,
    lost_direct,
    se_direct,
    direct_coverage,
    lost_pooled,
    se_pooled
FROM estimates
LEFT JOIN goals ON estimates.country = goals.country
