-- The page groups of one country with what slowness costs there, those that surely lose most first; with country '' every country's.
-- The rules are those of pages.sql, for a country's page: a page of a country is small, so most of them are pooled, and many 'insufficient'.
-- LCP is that of the country's views of the page. Days are in [from_day, to_day). An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32, country String. Cost: loss_cells with G = the days that have
-- data, and the window's page_views with FINAL.
WITH
    goals AS
    (
        SELECT country, sum(goals_daily.revenue) / nullIf(sum(goals_daily.orders), 0) AS order_value
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country
    ),
    estimates AS
    (
        SELECT
            country,
            page_group,
            views,
            conversions AS k,
            lost_direct,
            lost_pooled_jk AS lost_jk,
            sqrt(greatest(var_direct, 0)) AS se_direct,
            slow_views_compared / nullIf(slow_views, 0) AS direct_coverage,
            time_lost_s,
            length(lost_jk) - 1 AS g,
            arrayMap((k_day, lost) -> if(k_day + lost > 0, lost / (k_day + lost), 0), conversions_jk, lost_jk) AS phi_jk,
            arrayPopFront(phi_jk) AS phi_days,
            sqrt((g - 1) / g * arraySum(phi -> pow(phi - arrayAvg(phi_days), 2), phi_days)) AS se_phi,
            if(g >= 5 AND k > 0, k / pow(1 - phi_jk[1], 2) * se_phi, NULL) AS se_pooled,
            ifNull(direct_coverage >= 0.9 AND k >= 200, false) AS is_direct,
            if(is_direct, 1.96 * se_direct, (1.96 + 2.4 / (g - 1) + 2.8 / pow(g - 1, 2)) * se_pooled) AS half_width
        FROM loss_cells(
            site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}, jackknife = true
        )
        WHERE {country:String} = '' OR country = {country:String}
    ),
    vitals AS
    (
        SELECT
            country,
            page_group,
            quantileExactWeighted(0.75)(page_views.lcp_ms, weight) AS lcp_p75,
            sumIf(weight, page_views.lcp_ms IS NOT NULL) AS lcp_measured,
            sumIf(weight, page_views.lcp_ms <= 2500) / nullIf(lcp_measured, 0) AS lcp_good
        FROM page_views FINAL
        WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
            AND ({country:String} = '' OR country = {country:String})
        GROUP BY country, page_group
    )
SELECT
    estimates.country AS country,
    estimates.page_group AS page_group,
    views,
    k,
    if(is_direct, 'direct', 'pooled') AS method,
    if(is_direct, lost_direct, lost_jk[1]) AS est_lost,
    est_lost - half_width AS lo,
    est_lost + half_width AS hi,
    est_lost * ifNull(goals.order_value, 0) AS est_lost_revenue,
    time_lost_s,
    multiIf(k < 30 OR lo IS NULL, 'insufficient', lo > 0, 'loss', hi < 0, 'gain', 'not distinguishable') AS verdict,
    'association' AS claim,
    direct_coverage,
    if(vitals.lcp_measured > 0, vitals.lcp_p75, NULL) AS lcp_p75_ms,
    vitals.lcp_good AS lcp_good_share
FROM estimates
LEFT JOIN vitals ON estimates.country = vitals.country AND estimates.page_group = vitals.page_group
LEFT JOIN goals ON estimates.country = goals.country
ORDER BY if(verdict = 'insufficient', NULL, lo) DESC NULLS LAST, views DESC, country, page_group
LIMIT 5000
