-- What slowness costs in each arm of an experiment, of the views that tell one; each arm is compared with its own fast views. What the difference between arms is
-- worth, which is no mere association, experiment_effect says. Days are in [from_day, to_day).
--
--   SELECT * FROM slowtax.loss_by_experiment_arm(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500)
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data.
{% set by, outcome = 'experiment_arm', 'conversion' %}
CREATE OR REPLACE VIEW loss_by_experiment_arm AS
{% include 'parts/loss_rows.sql' %}
