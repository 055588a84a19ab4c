-- What slowness costs on each page group of each country: lost conversions by both methods, the share of slow views that D1 can compare, and the
-- time that visitors waited beyond the target. Days are in [from_day, to_day). An association, not proof of a cause: see sql/README.md.
-- For figures with intervals and verdicts ask loss_by_country; a page of a country is often too small for one.
--
--   SELECT * FROM slowtax.loss_by_country_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500)
--
-- Cost: see parts/loss_cells.sql, with G = 0.
{% set source, outcome, resample = 'cube', 'conversion', 'none' %}
CREATE OR REPLACE VIEW loss_by_country_page AS
SELECT
    country,
    page_group,
    views,
    conversions AS k,
    lost_direct,
    var_direct,
    lost_pooled,
    slow_views_compared / nullIf(slow_views, 0) AS direct_coverage,
    time_lost_s
FROM
(
{% include 'parts/loss_cells.sql' %}
)
