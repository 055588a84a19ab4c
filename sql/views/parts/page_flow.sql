-- The columns of page_flow_by_page and page_flow_by_country: a SELECT that they include. Its `by` is loss_figures.sql's.
WITH
    (SELECT sum(orders) FROM goals_daily WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}) AS site_orders
SELECT
    {{ 'country' if by == 'country' else 'page_group' }},
    views,
    k AS continued,
    method,
    est_lost AS est_lost_continuations,
    lo,
    hi,
    ifNull(site_orders / nullIf(sum(k) OVER (), 0), 0) AS orders_per_continuation,
    est_lost * orders_per_continuation AS est_lost_orders_upper,
    lo * orders_per_continuation AS lo_orders_upper,
    hi * orders_per_continuation AS hi_orders_upper,
    verdict,
    'association, upper figure' AS claim,
    direct_coverage
FROM
(
{% include 'parts/loss_figures.sql' %}
)
