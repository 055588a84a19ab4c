-- The errors that pages meet: in how many views, how often, and when first and last. Days are in [from_day, to_day), by when a view first met the
-- error. Everything is counted by weight; bots are left out. An error is the same where kind, message, source and line are.
--
--   SELECT * FROM slowtax.errors_by_message(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01')
--   ORDER BY views DESC LIMIT 20
--
-- Cost: reads the window's days of page_errors.
CREATE OR REPLACE VIEW errors_by_message AS
SELECT
    kind,
    message,
    source,
    line,
    sum(view_weight) AS views,
    sum(met) AS occurrences,
    min(first_ts) AS first_seen,
    max(last_ts) AS last_seen
FROM
(
    SELECT
        kind,
        message,
        source,
        line,
        any(weight) AS view_weight,
        sum(count * weight) AS met,
        min(ts) AS first_ts,
        max(ts) AS last_ts
    FROM page_errors
    WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot
{% if narrowed %}
    {{- only('page_errors', 'country', 'page_group', 'device') }}
        AND ({nav:String} = '' OR view_id IN (
            SELECT view_id FROM page_views WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND toString(nav) = {nav:String}
        ))
{% endif %}
    GROUP BY kind, message, source, line, view_id
)
GROUP BY kind, message, source, line
