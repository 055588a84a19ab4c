-- The hosts that pages load from, longest total first: all of their requests (resource_hosts), and the 75th percentile of those told in full (slow_hosts). An empty host
-- stands for the further ones of views that name thirty. is_first_party is NULL where the site's own domains are not known. Days are in [from_day, to_day).
-- Asked by the report, it looks at the latest days that together have two million views; since_day is the first of them.
--
-- Parameters: site String, from_day Date, to_day Date. Cost: resource_hosts and slow_hosts.
SELECT
    total.host AS host,
    total.is_first_party AS is_first_party,
    total.views AS views,
    total.views_share AS views_share,
    total.requests AS requests,
    total.bytes AS bytes,
    total.total_duration_s AS total_duration_s,
    total.slowest_ms AS slowest_ms,
{% if narrowed %}
    -- Resources do not tell whether their view was an entry.
    if({nav:String} = '' AND slow.requests > 0, toNullable(slow.p75_duration_ms), NULL) AS p75_duration_ms,
{% else %}
    if(slow.requests > 0, toNullable(slow.p75_duration_ms), NULL) AS p75_duration_ms,
{% endif %}
    total.failed AS failed,
    total.opaque AS opaque,
    total.blocking AS blocking,
    total.cached AS cached,
    {{ since() }} AS since_day
FROM resource_hosts(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS total
LEFT JOIN slow_hosts(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS slow ON total.host = slow.host
ORDER BY total.total_duration_s DESC, host
LIMIT 100
