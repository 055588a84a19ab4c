-- The columns of loss_by_device, loss_by_release and loss_by_experiment_arm: a SELECT that they include. Its `by` is loss_figures.sql's, and names the first column.
SELECT
    part AS {{ by }},
    views,
    k,
    method,
    est_lost,
    lo,
    hi,
    est_lost_revenue,
    time_lost_s,
    verdict,
    'association' AS claim,
    lost_direct,
    se_direct,
    direct_coverage,
    lost_pooled,
    se_pooled
FROM
(
{% include 'parts/loss_figures.sql' %}
)
