-- The columns of loss_by_page and loss_by_country_pages: a SELECT that they include. Its `by` is loss_figures.sql's.
SELECT
{% if by == 'country_page' %}
    figures.country AS country,
{% endif %}
    figures.page_group AS page_group,
    figures.views AS views,
    figures.k AS k,
    if(effects.is_usable, 'experiment', figures.method) AS method,
    if(effects.is_usable, figures.time_lost_s * effects.lost_per_view_s, figures.est_lost) AS est_lost,
    if(effects.is_usable, figures.time_lost_s * effects.lost_per_view_s_lo, figures.lo) AS lo,
    if(effects.is_usable, figures.time_lost_s * effects.lost_per_view_s_hi, figures.hi) AS hi,
    if(effects.is_usable, figures.time_lost_value * effects.lost_per_view_s, figures.est_lost_revenue) AS est_lost_revenue,
    figures.time_lost_s AS time_lost_s,
    multiIf(
        NOT effects.is_usable, figures.verdict,
        lo > 0, 'loss', hi < 0, 'gain', 'not distinguishable'
    ) AS verdict,
    if(effects.is_usable, 'randomised', 'association') AS claim,
    figures.lost_direct AS lost_direct,
    figures.se_direct AS se_direct,
    figures.direct_coverage AS direct_coverage,
    figures.lost_pooled AS lost_pooled,
    figures.se_pooled AS se_pooled,
    effects.name AS experiment
FROM
(
{% include 'parts/loss_figures.sql' %}
) AS figures
LEFT JOIN
(
    -- Of several experiments on a page, the one that has seen most.
    SELECT * FROM {{database}}.experiment_effect(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
    WHERE is_usable
    ORDER BY faster_views + slower_views DESC
    LIMIT 1 BY page_group
) AS effects ON figures.page_group = effects.page_group
