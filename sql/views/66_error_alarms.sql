-- Whether errors use up what a site allows itself, now or at another instant: see error_alarms_between.
--
--   SELECT * FROM slowtax.error_alarms(site = 'shop', objective = 0.99, at = now()) WHERE firing
--
-- Cost: one instant of error_alarms_between.
CREATE OR REPLACE VIEW error_alarms AS
SELECT *
FROM {{database}}.error_alarms_between(site = {site:String}, objective = {objective:Float64}, from_at = {at:DateTime('UTC')}, to_at = {at:DateTime('UTC')})
