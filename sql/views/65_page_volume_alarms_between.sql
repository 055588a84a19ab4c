-- The same as volume_alarms_between for page groups: the 20 with the most views in the history, each with its windows. Other page groups have no row.
--
--   SELECT * FROM slowtax.page_volume_alarms_between(site = 'shop', from_at = '2026-11-25 00:00:00', to_at = '2026-11-26 00:00:00') WHERE firing
--
-- Cost: reads six weeks of the site's beat_pages_5m, twice.
{% set table, key, total, counted, top, samples = 'beat_pages_5m', 'page_group', false, 'views', 20, 'slots' %}
{% set windows = [(5, 0.04), (15, 0.03), (60, 0.02)] %}
CREATE OR REPLACE VIEW page_volume_alarms_between AS
{% include 'parts/drops.sql' %}
