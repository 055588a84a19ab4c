-- The loss with its interval, one row for each `by`: a SELECT that the loss views include. It takes the query parameters site, from_day, to_day and target_ms,
-- and from whoever includes it:
--
-- by        'country', 'page', 'country_page', 'device', 'release' or 'experiment_arm': what one row is. The name is in country, page_group or both, else in part.
-- outcome   'conversion' or 'continuation', as in loss_cells.sql.
--
-- Shown is the direct figure where at least 0.9 of the slow views have a reference and 200 views are followed by what counts, else the pooled one. The interval of
-- the latter is a jackknife over the G days of the window that have data, on phi = L / (K + L), the share of potential that is lost; turned back into
-- lost conversions. Revenue is each country's loss times its revenue per order; time_lost_value is the time lost with the same weights.
{% set source = by if by in ['release', 'experiment_arm'] else 'cube' %}
{% set by_device = by == 'device' %}
{% set counts_orders = by == 'country' and outcome == 'conversion' %}
{% set is_stored = by in ['country', 'page', 'country_page'] and outcome == 'conversion' %}
{% set resample = 'unless stored' if is_stored else 'days' %}
{% set country_key = 'cells.country' if by in ['country', 'country_page'] else "''" %}
{% set page_key = 'cells.page_group' if by in ['page', 'country_page'] else "''" %}
{% set part_key = 'cells.cut' if by_device else 'cells.part' %}
WITH
    goals AS
    (
        SELECT country, sum(goals_daily.orders) AS orders, sum(goals_daily.revenue) / nullIf(orders, 0) AS order_value
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country
    ),
    groups AS
    (
        SELECT
            {{ country_key }} AS country,
            {{ page_key }} AS page_group,
            {{ part_key }} AS part,
            sum(cells.views) AS views,
            sum(cells.conversions) AS k,
{% if counts_orders %}
            any(goals.orders) AS country_orders,
{% if narrowed %}
            -- Orders are a country's; of a device or of entry views there are only the conversions that follow them.
            if(true{{ whole('device', 'nav') }}, ifNull(country_orders, 0), NULL) AS orders,
{% else %}
            ifNull(country_orders, 0) AS orders,
{% endif %}
{% endif %}
            sum(cells.lost_direct) AS lost_direct,
            sqrt(greatest(sum(cells.var_direct), 0)) AS se_direct,
            sum(cells.slow_views_compared) / nullIf(sum(cells.slow_views), 0) AS direct_coverage,
            sum(cells.lost_pooled) AS lost_pooled,
{% if is_stored %}
            -- Whichever has the days; the other one has none.
            sumForEach(if(length(cells.conversions_jk) > 1, cells.conversions_jk, stored.conversions_jk)) AS k_jk,
            sumForEach(if(length(cells.conversions_jk) > 1, cells.lost_pooled_jk, stored.lost_pooled_jk)) AS lost_jk,
{% else %}
            sumForEach(cells.conversions_jk) AS k_jk,
            sumForEach(cells.lost_pooled_jk) AS lost_jk,
{% endif %}
            sum(cells.lost_direct * ifNull(goals.order_value, 0)) AS revenue_direct,
            sum(cells.lost_pooled * ifNull(goals.order_value, 0)) AS revenue_pooled,
            sum(cells.time_lost_s) AS time_lost_s,
            sum(cells.time_lost_s * ifNull(goals.order_value, 0)) AS time_lost_value
        FROM
        (
{% include 'parts/loss_cells.sql' %}
        ) AS cells
        LEFT JOIN goals ON cells.country = goals.country
{% if is_stored %}
        LEFT JOIN
        (
            SELECT country, page_group, conversions_jk, lost_pooled_jk
            FROM loss_replicates
            WHERE site = {site:String} AND target_ms = {target_ms:UInt32} AND from_day = {from_day:Date} AND to_day = {to_day:Date}{{ whole('device', 'nav') }}
        ) AS stored ON cells.country = stored.country AND cells.page_group = stored.page_group
{% endif %}
        GROUP BY country, page_group, part
    ),
    estimates AS
    (
        SELECT
            *,
            greatest(length(lost_jk), 1) - 1 AS g,
            if(k + lost_pooled > 0, lost_pooled / (k + lost_pooled), 0) AS phi,
            arrayMap((k_day, lost) -> if(k_day + lost > 0, lost / (k_day + lost), 0), arrayPopFront(k_jk), arrayPopFront(lost_jk)) AS phi_days,
            if(
                g >= 5 AND k > 0,
                k / pow(1 - phi, 2) * sqrt((g - 1) / g * arraySum(phi_day -> pow(phi_day - arrayAvg(phi_days), 2), phi_days)),
                NULL
            ) AS se_pooled,
            ifNull(direct_coverage >= 0.9 AND k >= 200, false) AS is_direct,
            -- The t quantile for 95 % at G - 1 degrees of freedom.
            if(is_direct, 1.96 * se_direct, (1.96 + 2.4 / (g - 1) + 2.8 / pow(g - 1, 2)) * se_pooled) AS half_width
        FROM groups
    )
SELECT
    country,
    page_group,
    part,
    views,
    k,
{% if counts_orders %}
    orders,
{% endif %}
    if(is_direct, 'direct', 'pooled') AS method,
    if(is_direct, lost_direct, lost_pooled) AS est_lost,
    est_lost - half_width AS lo,
    est_lost + half_width AS hi,
    if(is_direct, revenue_direct, revenue_pooled) AS est_lost_revenue,
    time_lost_s,
    time_lost_value,
    multiIf({{ 'k' if not counts_orders else 'ifNull(orders, k)' if narrowed else 'orders' }} < 30 OR lo IS NULL, 'insufficient', lo > 0, 'loss', hi < 0, 'gain', 'not distinguishable') AS verdict,
    lost_direct,
    se_direct,
    direct_coverage,
    lost_pooled,
    se_pooled
FROM estimates
