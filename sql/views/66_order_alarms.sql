-- Whether orders stay away, now or at another instant: see order_alarms_between.
--
--   SELECT * FROM slowtax.order_alarms(site = 'shop', at = now()) WHERE firing
--
-- Cost: one instant of order_alarms_between.
CREATE OR REPLACE VIEW order_alarms AS
SELECT *
FROM {{database}}.order_alarms_between(site = {site:String}, from_at = {at:DateTime('UTC')}, to_at = {at:DateTime('UTC')})
