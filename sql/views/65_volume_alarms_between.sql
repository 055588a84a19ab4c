-- Whether page views stay away, at each end of a slot of 5 minutes in a time: a country stops, or loses most of its views. One row is an instant, a country
-- ('' is all of them together) and a window of 5, 15 or 60 minutes that ends there. observed and expected are views by weight in the window; z is how far apart
-- they are, in standard deviations. `level` is how the two hours before the longest window were against their own history, at least 0.6 and at most 1.6; over 1
-- it is drawn towards 1 where those are few views. It fires where 12 or more are expected, less than 0.7 of it came, and z is below -4.5.
-- lo and hi are the band that is expected: beyond them |z| is over 4.5. state is 'firing', 'ok', or 'learning': fewer than 3 weeks of history, which never
-- fires. The band and the level are there while learning, too, but are not to be relied upon.
--
-- An instant is judged a minute after its end: from_at = 12:06:00 asks about what ended at 12:05:00. Instants to come are left out. At most 30 days at once.
--
--   SELECT * FROM slowtax.volume_alarms_between(site = 'shop', from_at = '2026-11-25 00:00:00', to_at = '2026-11-26 00:00:00') WHERE firing
--
-- Cost: reads six weeks of the site's beat_5m; each instant's history is found once, so a week costs a few times what an instant does.
{% set table, key, total, counted, top, samples = 'beat_5m', 'country', true, 'views', 0, 'slots' %}
{% set windows = [(5, 0.04), (15, 0.03), (60, 0.02)] %}
CREATE OR REPLACE VIEW volume_alarms_between AS
{% include 'parts/drops.sql' %}
