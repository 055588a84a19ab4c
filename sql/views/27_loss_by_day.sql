-- What slowness costs from day to day, over all countries: the trend. Each day is measured with the rates and ratios of the whole window, so that the days add up to
-- the sum of loss_by_country; a day by itself would have too few reference views. Days without data have no row. Days are in [from_day, to_day). An
-- association, not proof of a cause: see sql/README.md.
--
-- lo and hi (95 %) are of the day's own chance: direct, the variance of D1 of the day; pooled, the Poisson noise of its conversions. How sure the window's rates are
-- is not in them, since that is the same for all its days.
--
--   SELECT * FROM slowtax.loss_by_day(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY day
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data unless they are stored.
{% set source, outcome, resample, of_days = 'cube', 'conversion', 'unless stored', true %}
CREATE OR REPLACE VIEW loss_by_day AS
WITH
    goals AS
    (
        SELECT country, sum(goals_daily.revenue) / nullIf(sum(goals_daily.orders), 0) AS order_value
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country
    ),
    countries AS
    (
        SELECT
{% if narrowed %}
            -- The method of a page is picked over all countries.
            if({page_group:String} != '' AND {country:String} = '', '', cells.country) AS country,
{% else %}
            cells.country AS country,
{% endif %}
            ifNull(sum(cells.slow_views_compared) / nullIf(sum(cells.slow_views), 0) >= 0.9 AND sum(cells.conversions) >= 200, false) AS is_direct,
            ifNull(any(goals.order_value), 0) AS value,
            if(notEmpty(any(cells.days_with_data)), any(cells.days_with_data), any(stored.days)) AS days,
            sumForEach(if(notEmpty(cells.days_with_data), cells.direct_days, stored.direct_days)) AS direct_days,
            sumForEach(if(notEmpty(cells.days_with_data), cells.direct_var_days, stored.direct_var_days)) AS direct_var_days,
            sumForEach(if(notEmpty(cells.days_with_data), cells.pooled_days, stored.pooled_days)) AS pooled_days,
            sumForEach(if(notEmpty(cells.days_with_data), cells.pooled_var_days, stored.pooled_var_days)) AS pooled_var_days
        FROM
        (
{% include 'parts/loss_cells.sql' %}
        ) AS cells
        LEFT JOIN goals ON cells.country = goals.country
        LEFT JOIN
        (
            SELECT country, page_group, days, direct_days, direct_var_days, pooled_days, pooled_var_days
            FROM loss_replicates
            WHERE site = {site:String} AND target_ms = {target_ms:UInt32} AND from_day = {from_day:Date} AND to_day = {to_day:Date}{{ whole('device', 'nav') }}
        ) AS stored ON cells.country = stored.country AND cells.page_group = stored.page_group
{% if narrowed %}
        WHERE true{{ only('cells', 'country', 'page_group') }}
{% endif %}
        GROUP BY country
    ),
    losses AS
    (
        SELECT
            day,
            sum(if(is_direct, direct_day, pooled_day)) AS est_lost,
            1.96 * sqrt(sum(if(is_direct, direct_var_day, pooled_var_day))) AS half_width,
            sum(if(is_direct, direct_day, pooled_day) * value) AS est_lost_revenue
        FROM countries
        ARRAY JOIN
            days AS day, direct_days AS direct_day, direct_var_days AS direct_var_day, pooled_days AS pooled_day, pooled_var_days AS pooled_var_day
        GROUP BY day
    ),
    waits AS
    (
        SELECT
            day,
            sum(n) AS views,
            sum(k) AS k,
            sumIf(t_ms - n * {target_ms:UInt32}, bucket >= indexOf(
                [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000], {target_ms:UInt32}
            )) / 1000 AS time_lost_s
        FROM loss_cube
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}{{ only('loss_cube', 'country', 'page_group', 'device', 'nav') }}
        GROUP BY day
    ),
    orders_of_days AS
    (
        SELECT day, sum(goals_daily.orders) AS orders
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY day
    )
SELECT
    losses.day AS day,
    waits.views AS views,
    waits.k AS k,
    orders_of_days.orders AS orders,
    est_lost,
    est_lost - half_width AS lo,
    est_lost + half_width AS hi,
    est_lost_revenue,
    waits.time_lost_s AS time_lost_s,
    'association' AS claim
FROM losses
LEFT JOIN waits ON losses.day = waits.day
LEFT JOIN orders_of_days ON losses.day = orders_of_days.day
