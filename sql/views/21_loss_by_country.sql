-- What slowness costs in each country: lost conversions with a 95 % interval, lost revenue, share of potential, time lost, and a verdict.
-- Days are in [from_day, to_day); the site's total is the sum over the countries. An association, not proof of a cause: see sql/README.md.
--
--   SELECT * FROM slowtax.loss_by_country(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY lo DESC
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data unless they are stored.
{% set by, outcome = 'country', 'conversion' %}
CREATE OR REPLACE VIEW loss_by_country AS
SELECT
    country,
    views,
    orders,
    method,
    est_lost,
    lo,
    hi,
    est_lost_revenue,
{% set counted = 'ifNull(orders, k)' if narrowed else 'orders' %}
    if({{ counted }} + est_lost != 0, 100 * est_lost / ({{ counted }} + est_lost), 0) AS est_lost_pct,
    time_lost_s,
    verdict,
    'association' AS claim,
    lost_direct,
    se_direct,
    direct_coverage,
    lost_pooled,
    se_pooled,
    k
FROM
(
{% include 'parts/loss_figures.sql' %}
)
