-- What slowness costs on each kind of device. The method is chosen for the device, so that devices need not add up to the countries. k are the views that a
-- conversion followed, and with fewer than 30 the verdict is 'insufficient'. Days are in [from_day, to_day). An association, not proof of a cause: see
-- sql/README.md.
--
--   SELECT * FROM slowtax.loss_by_device(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500)
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data.
{% set by, outcome = 'device', 'conversion' %}
CREATE OR REPLACE VIEW loss_by_device AS
{% include 'parts/loss_rows.sql' %}
