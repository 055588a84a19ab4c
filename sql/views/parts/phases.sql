-- The columns of phases_by_country and phases_by_page: a SELECT that they include. `by`, 'country' or 'page_group', is what one row is.
SELECT
    page_views.{{ by }} AS {{ by }},
    sum(weight) AS views,
    sumIf(weight, request_ms IS NOT NULL) AS measured,
{% for phase in ['redirect', 'worker', 'dns', 'tcp', 'tls', 'request', 'response'] %}
    avgWeighted({{ phase }}_ms, weight) AS {{ phase }}_avg_ms,
    quantileExactWeighted(0.75)({{ phase }}_ms, weight) AS {{ phase }}_p75_ms,
{% endfor %}
    quantileExactWeighted(0.75)(ttfb_ms, weight) AS ttfb_p75_ms,
    quantileExactWeighted(0.75)(lcp_ms, weight) AS lcp_p75_ms
FROM page_views FINAL
WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot AND navigation_type != 'prerender'
    {{- recent() }}
    {{- only('page_views', 'country', 'page_group', 'device', 'nav') }}
GROUP BY {{ by }}
