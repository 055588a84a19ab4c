-- Whether more views are slow than at this time of the week, now or at another instant: see speed_alarms_between.
--
--   SELECT * FROM slowtax.speed_alarms(site = 'shop', at = now()) WHERE firing
--
-- Cost: one instant of speed_alarms_between.
CREATE OR REPLACE VIEW speed_alarms AS
SELECT *
FROM {{database}}.speed_alarms_between(site = {site:String}, from_at = {at:DateTime('UTC')}, to_at = {at:DateTime('UTC')})
