-- What may fail or become slow next, those first that most orders depend on: risks. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: risks.
SELECT risk, subject, country, page_group, orders_at_risk, revenue_at_risk, evidence
FROM risks(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32})
ORDER BY orders_at_risk DESC NULLS LAST, risk, subject, country, page_group
LIMIT 200
