-- The errors that pages meet, those in most views first: errors_by_message. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date. Cost: errors_by_message.
SELECT *
FROM errors_by_message(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY views DESC, kind, message, source, line
LIMIT 50
