-- What slowness costs in each release of the site, of the views that tell one. Each is compared with its own fast views, so that a release that sells better for
-- another reason seems neither slower nor faster. Days are in [from_day, to_day). An association, not proof of a cause: see sql/README.md. Whether two
-- releases differ in speed, release_change says.
--
--   SELECT * FROM slowtax.loss_by_release(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500)
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data.
{% set by, outcome = 'release', 'conversion' %}
CREATE OR REPLACE VIEW loss_by_release AS
{% include 'parts/loss_rows.sql' %}
