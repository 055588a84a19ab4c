-- What slowness costs on each page group, over all countries. As loss_by_country, one level over: the method is chosen for the page group, so that the pages
-- need not add up to the countries. A page has no orders of its own: k are its views that a conversion followed, and with fewer than 30 the verdict is
-- 'insufficient'. Days are in [from_day, to_day). An association, not proof of a cause: see sql/README.md.
--
-- Where an experiment of `experiments` tells what waiting costs on the page (experiment_effect, is_usable), its figure is shown instead: the time lost times what
-- a second costs, with its own interval; method is 'experiment', claim 'randomised', and lost_direct and lost_pooled stay what was observed.
--
--   SELECT * FROM slowtax.loss_by_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY lo DESC
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data unless they are stored; and experiment_effect.
{% set by, outcome = 'page', 'conversion' %}
CREATE OR REPLACE VIEW loss_by_page AS
SELECT
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
