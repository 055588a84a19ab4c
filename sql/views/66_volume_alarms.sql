-- Whether page views stay away, now or at another instant: see volume_alarms_between, whose rows of the last slot that ended a minute or more before `at` these are.
--
--   SELECT * FROM slowtax.volume_alarms(site = 'shop', at = now()) WHERE firing
--
-- Cost: one instant of volume_alarms_between.
CREATE OR REPLACE VIEW volume_alarms AS
SELECT *
FROM {{database}}.volume_alarms_between(site = {site:String}, from_at = {at:DateTime('UTC')}, to_at = {at:DateTime('UTC')})
