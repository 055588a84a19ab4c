-- Conversions into beat_1m.
CREATE MATERIALIZED VIEW beat_1m_from_goals TO beat_1m AS
SELECT
    site,
    toStartOfMinute(toDateTime(ts)) AS minute,
    country,
    toInt64(0) AS views,
    toInt64(0) AS errors,
    toInt64(weight) AS orders
FROM goals
WHERE is_conversion AND NOT is_bot
