-- Conversions into beat_5m.
CREATE MATERIALIZED VIEW beat_5m_from_goals TO beat_5m AS
SELECT
    site,
    toStartOfFiveMinutes(toDateTime(ts)) AS slot,
    country,
    toInt64(0) AS views,
    toInt64(0) AS errors,
    toInt64(weight) AS orders,
    toInt64(0) AS slow
FROM goals
WHERE is_conversion AND NOT is_bot
