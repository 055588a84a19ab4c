-- Whether page views of a page group stay away, now or at another instant: see page_volume_alarms_between.
--
--   SELECT * FROM slowtax.page_volume_alarms(site = 'shop', at = now()) WHERE firing
--
-- Cost: one instant of page_volume_alarms_between.
CREATE OR REPLACE VIEW page_volume_alarms AS
SELECT *
FROM {{database}}.page_volume_alarms_between(site = {site:String}, from_at = {at:DateTime('UTC')}, to_at = {at:DateTime('UTC')})
