-- What the experiments of `experiments` tell: how fast the page was in the faster and the slower arm, how often a conversion followed there, and so how many
-- conversions a second of waiting costs on that page (the Wald estimate: the difference of the rates by the difference of the times). The arms are
-- compared within each country, device and nav, and the differences weighted by n1 n2 / (n1 + n2), as Mantel and Haenszel do. Days are in [from_day, to_day).
--
-- Intervals (95 %) are delete-one-day jackknives, which need 5 days in which both arms have data; they hold against what sessions and days have in common. is_usable: both arms
-- have 30 conversions, and the slower one is surely slower. Chance has decided who waits longer, so this is no mere association; but it is what a second costs
-- between the two arms' speeds, and another second may cost more or less.
--
--   SELECT * FROM slowtax.experiment_effect(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--
-- Cost: the rows of the experiments' pages and arms in variant_cube, times their days.
CREATE OR REPLACE VIEW experiment_effect AS
WITH
    daily AS
    (
        SELECT
            experiments.name AS name, arms.page_group AS page_group, experiments.faster_arm AS faster_arm, experiments.slower_arm AS slower_arm,
            arms.experiment_arm = experiments.faster_arm AS is_faster, day, country, device, nav, n, k, t_ms
        FROM
        (
            SELECT
                day, experiment_arm, page_group, country, device, nav,
                sum(variant_cube.n) AS n, sum(variant_cube.k) AS k, sum(variant_cube.t_ms) AS t_ms
            FROM variant_cube
            WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date} AND experiment_arm != ''
            GROUP BY day, experiment_arm, page_group, country, device, nav
        ) AS arms
        INNER JOIN (SELECT * FROM experiments FINAL WHERE site = {site:String} AND active) AS experiments
            ON arms.page_group = experiments.page_group
        WHERE arms.experiment_arm IN (experiments.faster_arm, experiments.slower_arm)
    ),
    -- Of the whole window, and without each of its days.
    samples AS
    (
        SELECT
            name, page_group, faster_arm, slower_arm, without,
            sum(n_faster) AS faster_views, sum(n_slower) AS slower_views, sum(k_faster) AS faster_conversions, sum(k_slower) AS slower_conversions,
            sum(if(n_faster > 0 AND n_slower > 0, n_faster * n_slower / (n_faster + n_slower), 0)) AS weights,
            sum(if(n_faster > 0 AND n_slower > 0, (k_faster * n_slower - k_slower * n_faster) / (n_faster + n_slower), 0)) / weights AS rate_lost,
            sum(if(n_faster > 0 AND n_slower > 0, (t_slower * n_faster - t_faster * n_slower) / (n_faster + n_slower), 0)) / weights AS slower_by_ms
        FROM
        (
            SELECT
                name, page_group, faster_arm, slower_arm, without, country, device, nav,
                sumIf(n, is_faster) AS n_faster, sumIf(n, NOT is_faster) AS n_slower,
                sumIf(k, is_faster) AS k_faster, sumIf(k, NOT is_faster) AS k_slower,
                sumIf(t_ms, is_faster) AS t_faster, sumIf(t_ms, NOT is_faster) AS t_slower
            FROM (SELECT *, arraySort(groupUniqArray(day) OVER (PARTITION BY name)) AS days FROM daily)
            ARRAY JOIN arrayPushFront(days, toDate(0)) AS without
            WHERE day != without
            GROUP BY name, page_group, faster_arm, slower_arm, without, country, device, nav
        )
        GROUP BY name, page_group, faster_arm, slower_arm, without
    ),
    jackknife AS
    (
        SELECT
            name,
            any(samples.page_group) AS page_group, any(samples.faster_arm) AS faster_arm, any(samples.slower_arm) AS slower_arm,
            sumIf(samples.faster_views, without = toDate(0)) AS faster_views,
            sumIf(samples.slower_views, without = toDate(0)) AS slower_views,
            sumIf(samples.faster_conversions, without = toDate(0)) AS faster_conversions,
            sumIf(samples.slower_conversions, without = toDate(0)) AS slower_conversions,
            anyIf(samples.rate_lost, without = toDate(0)) AS rate_lost,
            anyIf(samples.slower_by_ms, without = toDate(0)) AS slower_by_ms,
            anyIf(1000 * samples.rate_lost / samples.slower_by_ms, without = toDate(0)) AS lost_per_view_s,
            countIf(without != toDate(0)) AS days,
            -- Standard error times the t quantile for 95 % at days - 1 degrees of freedom.
            if(days >= 5, (1.96 + 2.4 / (days - 1) + 2.8 / pow(days - 1, 2)) * (days - 1) / sqrt(days), NULL) AS width,
            width * stddevPopIf(samples.rate_lost, without != toDate(0)) AS rate_half_width,
            width * stddevPopIf(samples.slower_by_ms, without != toDate(0)) AS slower_by_half_width,
            width * stddevPopIf(1000 * samples.rate_lost / samples.slower_by_ms, without != toDate(0)) AS lost_half_width
        FROM samples
        WHERE weights > 0
        GROUP BY name
    )
SELECT
    name,
    page_group,
    faster_arm,
    slower_arm,
    days,
    faster_views,
    slower_views,
    faster_conversions,
    slower_conversions,
    rate_lost,
    rate_lost - rate_half_width AS rate_lost_lo,
    rate_lost + rate_half_width AS rate_lost_hi,
    slower_by_ms,
    slower_by_ms - slower_by_half_width AS slower_by_lo_ms,
    slower_by_ms + slower_by_half_width AS slower_by_hi_ms,
    lost_per_view_s,
    lost_per_view_s - lost_half_width AS lost_per_view_s_lo,
    lost_per_view_s + lost_half_width AS lost_per_view_s_hi,
    ifNull(slower_by_lo_ms > 0 AND least(faster_conversions, slower_conversions) >= 30 AND isFinite(lost_half_width), false) AS is_usable,
    'randomised' AS claim
FROM jackknife
