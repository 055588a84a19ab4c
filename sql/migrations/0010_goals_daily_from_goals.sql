-- Goals into goals_daily: only conversions, and none by bots.
CREATE MATERIALIZED VIEW goals_daily_from_goals TO goals_daily AS
SELECT
    site,
    toDate(ts) AS day,
    country,
    toInt64(weight) AS orders,
    value * weight AS revenue
FROM goals
WHERE is_conversion AND NOT is_bot
