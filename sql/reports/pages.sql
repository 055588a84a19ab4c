-- Every page group with what slowness costs on it, over all countries, those that surely lose most first. The rules of loss_by_country, one
-- level over: compared directly where at least 0.9 of the slow views have a reference and 200 views were followed by a conversion, else pooled;
-- the interval of the latter by the jackknife. A page has no orders of its own: k are its views that a conversion followed, and with fewer than
-- 30 of them the verdict is 'insufficient'. Revenue is each country's loss times its revenue per order, by the method of the page.
-- Because the method is chosen per page here and per country there, the pages need not add up to the overview.
-- Days are in [from_day, to_day). An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_cells with G = the days that have data, and
-- web_vitals_by_page.
WITH
    goals AS
    (
        SELECT country, sum(goals_daily.revenue) / nullIf(sum(goals_daily.orders), 0) AS order_value
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country
    ),
    pages AS
    (
        SELECT
            cells.page_group AS page_group,
            sum(cells.views) AS views,
            sum(cells.conversions) AS k,
            sumForEach(cells.conversions_jk) AS k_jk,
            sum(cells.lost_direct) AS lost_direct,
            sqrt(greatest(sum(cells.var_direct), 0)) AS se_direct,
            sum(cells.slow_views_compared) / nullIf(sum(cells.slow_views), 0) AS direct_coverage,
            sumForEach(cells.lost_pooled_jk) AS lost_jk,
            sum(cells.lost_direct * ifNull(goals.order_value, 0)) AS revenue_direct,
            sum(cells.lost_pooled_jk[1] * ifNull(goals.order_value, 0)) AS revenue_pooled,
            sum(cells.time_lost_s) AS time_lost_s
        FROM loss_cells(
            site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}, jackknife = true
        ) AS cells
        LEFT JOIN goals ON cells.country = goals.country
        GROUP BY cells.page_group
    ),
    estimates AS
    (
        SELECT
            *,
            length(lost_jk) - 1 AS g,
            arrayMap((k_day, lost) -> if(k_day + lost > 0, lost / (k_day + lost), 0), k_jk, lost_jk) AS phi_jk,
            arrayPopFront(phi_jk) AS phi_days,
            sqrt((g - 1) / g * arraySum(phi -> pow(phi - arrayAvg(phi_days), 2), phi_days)) AS se_phi,
            if(g >= 5 AND k > 0, k / pow(1 - phi_jk[1], 2) * se_phi, NULL) AS se_pooled,
            ifNull(direct_coverage >= 0.9 AND k >= 200, false) AS is_direct,
            if(is_direct, 1.96 * se_direct, (1.96 + 2.4 / (g - 1) + 2.8 / pow(g - 1, 2)) * se_pooled) AS half_width
        FROM pages
    )
SELECT
    estimates.page_group AS page_group,
    estimates.views AS views,
    k,
    if(is_direct, 'direct', 'pooled') AS method,
    if(is_direct, lost_direct, lost_jk[1]) AS est_lost,
    est_lost - half_width AS lo,
    est_lost + half_width AS hi,
    if(is_direct, revenue_direct, revenue_pooled) AS est_lost_revenue,
    time_lost_s,
    multiIf(k < 30 OR lo IS NULL, 'insufficient', lo > 0, 'loss', hi < 0, 'gain', 'not distinguishable') AS verdict,
    'association' AS claim,
    direct_coverage,
    vitals.lcp_p75_ms AS lcp_p75_ms,
    vitals.lcp_good_share AS lcp_good_share
FROM estimates
LEFT JOIN web_vitals_by_page(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS vitals
    ON estimates.page_group = vitals.page_group
ORDER BY if(verdict = 'insufficient', NULL, lo) DESC NULLS LAST, views DESC, page_group
LIMIT 1000
