-- Whether page views stay away, now or at another instant: see volume_alarms_between and volume_alarms_by_minute, whose rows of the last minute that ended half a
-- minute or more before `at` these are; where minutes are not known, of the last slot of 5 minutes that ended a minute or more before it.
--
--   SELECT * FROM slowtax.volume_alarms(site = 'shop', at = now()) WHERE firing
--
-- Cost: one instant of volume_alarms_by_minute.
CREATE OR REPLACE VIEW volume_alarms AS
SELECT *
FROM {{database}}.volume_alarms_by_minute(site = {site:String}, from_at = {at:DateTime('UTC')}, to_at = {at:DateTime('UTC')})
