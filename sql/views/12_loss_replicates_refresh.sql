-- Once an hour: the leave-one-day-out figures of the windows that the report shows (7, 28 and 90 whole days and today) at its first target, for every site. Of
-- other windows and targets they are computed when asked for. Everything but the width of intervals is always computed live.
{% set source, outcome, resample, every_site, of_days = 'cube', 'conversion', 'days', true, true %}
{% set to_day, target_ms = "toDate(now('UTC')) + 1", '2500' %}
CREATE OR REPLACE MATERIALIZED VIEW loss_replicates_refresh REFRESH EVERY 1 HOUR TO loss_replicates EMPTY AS
{% for whole_days in [7, 28, 90] %}
{% set from_day = "toDate(now('UTC')) - " ~ whole_days %}
SELECT
    cells.part AS site,
    {{ from_day }} AS from_day,
    {{ to_day }} AS to_day,
    toUInt32({{ target_ms }}) AS target_ms,
    cells.country AS country,
    cells.page_group AS page_group,
    cells.conversions_jk AS conversions_jk,
    cells.lost_pooled_jk AS lost_pooled_jk,
    cells.days_with_data AS days,
    cells.direct_days AS direct_days,
    cells.direct_var_days AS direct_var_days,
    cells.pooled_days AS pooled_days,
    cells.pooled_var_days AS pooled_var_days,
    goals.orders AS window_orders,
    now('UTC') AS computed_at
FROM
(
{% include 'parts/loss_cells.sql' %}
) AS cells
LEFT JOIN
(
    SELECT site, sum(goals_daily.orders) AS orders
    FROM goals_daily
    WHERE day >= {{ from_day }} AND day < {{ to_day }}
    GROUP BY site
) AS goals ON cells.part = goals.site
{% if not loop.last %}

UNION ALL

{% endif %}
{% endfor %}
