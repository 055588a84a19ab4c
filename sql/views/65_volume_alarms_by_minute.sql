-- As volume_alarms_between with windows that end with any minute: the observed is counted by minute (beat_1m), what is expected is that of the slots that a window
-- lies in, by its shares of them. Instants are 5 minutes apart, and the last is the last minute that ended half a minute or more before to_at: five questions, each a
-- minute later than the one before, answer for all minutes. Where minutes are not known, three hours before from_at included, it answers as
-- volume_alarms_between does: beat_1m has the last 3 days, and nothing from before its migration.
--
--   SELECT * FROM slowtax.volume_alarms_by_minute(site = 'shop', from_at = '2026-11-25 07:03:00', to_at = '2026-11-25 09:03:00') WHERE firing
--
-- Cost: that of volume_alarms_between, and three hours of the site's beat_1m.
{% set table, key, total, counted, top, samples = 'beat_5m', 'country', true, 'views', 0, 'slots' %}
{% set windows = [(5, 0.04), (15, 0.03), (60, 0.02)] %}
{% set minute_table = 'beat_1m' %}
CREATE OR REPLACE VIEW volume_alarms_by_minute AS
{% include 'parts/drops.sql' %}
