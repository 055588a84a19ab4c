-- The site in one row: what slowness costs in all, how sure that is, and what it was computed from. Days are in [from_day, to_day).
--
-- est_lost is the sum over the countries of loss_by_country. Its interval: the countries' direct figures are independent of each other, so
-- their half-widths add as squares; the pooled ones share a ratio, so theirs add as they are, which is the widest that they can be. There is
-- no interval as long as a country has none and loses at least a hundredth of the sum.
-- measured_views are the units of the loss (LCP known); views are all that people looked at. simulated_share is of views.
-- An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_by_country, and the window's page_views with FINAL.
WITH
    loss AS
    (
        SELECT
            count() AS countries,
            sum(views) AS measured_views,
            sum(orders) AS orders,
            sum(loss_by_country.est_lost) AS est_lost,
            sqrt(
                sumIf(pow(loss_by_country.hi - loss_by_country.est_lost, 2), method = 'direct')
                + pow(sumIf(loss_by_country.hi - loss_by_country.est_lost, method = 'pooled'), 2)
            ) AS half_width,
            sumIf(abs(loss_by_country.est_lost), loss_by_country.hi IS NULL) AS lost_without_interval,
            if(lost_without_interval > abs(est_lost) / 100 OR countries = 0, NULL, half_width) AS known_half_width,
            sum(loss_by_country.est_lost_revenue) AS est_lost_revenue,
            sum(loss_by_country.time_lost_s) AS time_lost_s
        FROM loss_by_country(
            site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}
        )
    ),
    goals AS
    (
        SELECT sum(goals_daily.revenue) AS revenue
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
    ),
    seen AS
    (
        SELECT
            sum(weight) AS views,
            sumIf(weight, is_simulated) / nullIf(views, 0) AS simulated_share,
            if(views > 0, quantileExactWeighted(0.75)(lcp_ms, weight), NULL) AS lcp_p75_ms,
            sumIf(weight, lcp_ms <= 2500) / nullIf(sumIf(weight, lcp_ms IS NOT NULL), 0) AS lcp_good_share,
            if(views > 0, max(received_at), NULL) AS last_received_at,
            uniqExact(toDate(ts)) AS days_with_data
        FROM page_views FINAL
        WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
    )
SELECT
    views,
    measured_views,
    countries,
    days_with_data,
    simulated_share,
    last_received_at,
    lcp_p75_ms,
    lcp_good_share,
    orders,
    revenue,
    est_lost,
    est_lost - known_half_width AS lo,
    est_lost + known_half_width AS hi,
    est_lost_revenue,
    if(orders + est_lost != 0, 100 * est_lost / (orders + est_lost), 0) AS est_lost_pct,
    time_lost_s,
    multiIf(orders < 30 OR lo IS NULL, 'insufficient', lo > 0, 'loss', hi < 0, 'gain', 'not distinguishable') AS verdict,
    'association' AS claim
FROM loss, goals, seen
