-- The site in one row: what slowness costs in all, how sure that is, and what it was computed from. Days are in [from_day, to_day).
--
-- est_lost is the sum over the countries of loss_by_country. Its interval: the countries' direct figures are independent of each other, so
-- their half-widths add as squares; the pooled ones share a ratio, so theirs add as they are, which is the widest that they can be. There is
-- no interval as long as a country has none and loses at least a hundredth of the sum.
-- conversions are those that follow a view whose LCP is known. Narrowed to a device or to entry or inner views, orders and revenue are NULL: they are those of sessions.
-- measured_views are the units of the loss (LCP known); views are all that people looked at. simulated_share is of views.
-- placebo_lo and placebo_hi are the band of the newest nightly placebo of the site (28 days, target 2500 ms), placebo_at when it was made; NULL before the first.
-- An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_by_country and lcp_by.
WITH
    loss AS
    (
        SELECT
            count() AS countries,
            sum(views) AS measured_views,
            sum(loss_by_country.k) AS conversions,
            sum(loss_by_country.orders) AS orders,
            sum(loss_by_country.est_lost) AS est_lost,
            -- sumIf of what is NULL-able is NULL where no country is of the kind.
            sqrt(
                sumIf(ifNull(pow(loss_by_country.hi - loss_by_country.est_lost, 2), 0), method = 'direct')
                + pow(sumIf(ifNull(loss_by_country.hi - loss_by_country.est_lost, 0), method = 'pooled'), 2)
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
        SELECT {{ "if(true" ~ whole('device', 'nav') ~ ", sum(goals_daily.revenue), NULL)" if narrowed else 'sum(goals_daily.revenue)' }} AS revenue
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
    ),
    seen AS
    (
        -- One row, also where there is nothing.
        SELECT
            sum(lcp_by.views) AS views,
            sum(simulated_views) / nullIf(views, 0) AS simulated_share,
            anyOrNull(lcp_by.lcp_p75_ms) AS lcp_p75_ms,
            anyOrNull(lcp_by.lcp_good_share) AS lcp_good_share,
            anyOrNull(lcp_by.abandoned_share) AS abandoned_share,
            anyOrNull(lcp_by.last_received_at) AS last_received_at,
            sum(days) AS days_with_data
        FROM lcp_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'site')
    ),
    placebo AS
    (
        SELECT
            argMaxOrNull(loss_placebos.placebo_lo, computed_at) AS placebo_lo,
            argMaxOrNull(loss_placebos.placebo_hi, computed_at) AS placebo_hi,
            maxOrNull(computed_at) AS placebo_at
        FROM loss_placebos
        WHERE site = {site:String} AND to_day > today() - 60
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
    abandoned_share,
    conversions,
    orders,
    revenue,
    est_lost,
    est_lost - known_half_width AS lo,
    est_lost + known_half_width AS hi,
    est_lost_revenue,
{% set counted = 'ifNull(orders, conversions)' if narrowed else 'orders' %}
    if({{ counted }} + est_lost != 0, 100 * est_lost / ({{ counted }} + est_lost), 0) AS est_lost_pct,
    time_lost_s,
    multiIf({{ counted }} < 30 OR lo IS NULL, 'insufficient', lo > 0, 'loss', hi < 0, 'gain', 'not distinguishable') AS verdict,
    'association' AS claim,
    placebo_lo,
    placebo_hi,
    placebo_at
FROM loss, goals, seen, placebo
