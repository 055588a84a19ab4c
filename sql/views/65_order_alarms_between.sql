-- The same as volume_alarms_between for orders (conversions, by weight), in windows of 15, 60 and 180 minutes; the level is of the six hours before the
-- last three. Orders are rare, so a slot's history is the mean of an hour around it, and the median over the weeks.
--
--   SELECT * FROM slowtax.order_alarms_between(site = 'shop', from_at = '2026-11-25 00:00:00', to_at = '2026-11-26 00:00:00') WHERE firing
--
-- Cost: as volume_alarms_between.
{% set table, key, total, counted, top, samples = 'beat_5m', 'country', true, 'orders', 0, 'weeks' %}
{% set windows = [(15, 0.06), (60, 0.05), (180, 0.05)] %}
CREATE OR REPLACE VIEW order_alarms_between AS
{% include 'parts/drops.sql' %}
