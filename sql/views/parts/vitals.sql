-- The columns of vitals_by and lcp_by: a SELECT that they include. `vitals` are those that it tells of: each takes as long to analyse as the rest.
{% set thresholds = {
    'lcp': ('2500', '4000'), 'fcp': ('1800', '3000'), 'ttfb': ('800', '1800'), 'inp': ('200', '500'), 'cls': ('toFloat32(0.1)', 'toFloat32(0.25)')
} %}
WITH
    -- The days in vitals_daily: as YYYYMMDD, their latest version, and from which view_id on each is read from page_views.
    (
        SELECT (groupArray(toYYYYMMDD(day)), groupArray(latest), groupArray(covered_view_id))
        FROM
        (
            SELECT day, max(version) AS latest, argMax(covered_view_id, version) AS covered_view_id
            FROM vitals_daily
            WHERE site = {site:String} AND dimension = 'site' AND day >= {from_day:Date} AND day < {to_day:Date}{{ whole('country', 'page_group', 'device', 'nav', 'release') }}
            GROUP BY day
        )
    ) AS computed,
    mapFromArrays(computed.1, computed.2) AS latest,
    mapFromArrays(computed.1, computed.3) AS covered,
    arrayFilter((day, view_id) -> view_id = 18446744073709551615, computed.1, computed.3) AS whole_days,
{% for vital in vitals %}
    quantilesExactWeightedArray(0.5, 0.75, 0.95)({{ vital }}_values, {{ vital }}_counts) AS {{ vital }}_quantiles{{ ',' if not loop.last }}
{% endfor %}
SELECT
    value,
    page_group,
    sum(n) AS views,
    sum(simulated) AS simulated_views,
    sum(waiting) AS waiting_views,
    sum(abandoned) / nullIf(waiting_views, 0) AS abandoned_share,
    uniqExact(day) AS days,
    max(received_at) AS last_received_at,
{% for vital in vitals %}
{% set unit, scale = ('', ' / 10000') if vital == 'cls' else ('_ms', '') %}
    sum({{ vital }}_known) AS {{ vital }}_measured,
    if({{ vital }}_measured > 0, {{ vital }}_quantiles[1]{{ scale }}, NULL) AS {{ vital }}_p50{{ unit }},
    if({{ vital }}_measured > 0, {{ vital }}_quantiles[2]{{ scale }}, NULL) AS {{ vital }}_p75{{ unit }},
    if({{ vital }}_measured > 0, {{ vital }}_quantiles[3]{{ scale }}, NULL) AS {{ vital }}_p95{{ unit }},
    sum({{ vital }}_good) / nullIf({{ vital }}_measured, 0) AS {{ vital }}_good_share,
    ({{ vital }}_measured - sum({{ vital }}_good) - sum({{ vital }}_poor)) / nullIf({{ vital }}_measured, 0) AS {{ vital }}_needs_improvement_share,
    sum({{ vital }}_poor) / nullIf({{ vital }}_measured, 0) AS {{ vital }}_poor_share{{ ',' if not loop.last }}
{% endfor %}
FROM
(
    SELECT
        toLowCardinality(if({dimension:String} = 'day', toString(vitals_daily.day), vitals_daily.value)) AS value,
        page_group,
        day,
        views AS n,
        simulated_views AS simulated,
        waiting_views AS waiting,
        abandoned_views AS abandoned,
        last_received_at AS received_at,
{% for vital in vitals %}
        arraySum({{ vital }}_counts) AS {{ vital }}_known,
        {{ vital }}_good,
        {{ vital }}_poor,
        {{ vital }}_values,
        {{ vital }}_counts{{ ',' if not loop.last }}
{% endfor %}
    FROM vitals_daily
    WHERE site = {site:String} AND dimension = if({dimension:String} = 'day', 'site', {dimension:String}) AND day >= {from_day:Date} AND day < {to_day:Date}
        AND version = latest[toYYYYMMDD(day)]
    UNION ALL
    SELECT
        toLowCardinality(
            if({dimension:String} = 'day', toString(toDate(ts)),
            if({dimension:String} IN ('country', 'country_page'), country,
            if({dimension:String} = 'page_group', page_views.page_group,
            if({dimension:String} = 'device', toString(device),
            if({dimension:String} = 'browser', browser,
            if({dimension:String} = 'connection', toString(effective_type),
            if({dimension:String} = 'release', release, '')))))))
        ) AS value,
        toLowCardinality(if({dimension:String} = 'country_page', page_views.page_group, '')) AS page_group,
        toDate(ts) AS day,
        toUInt64(weight) AS n,
        if(is_simulated, n, 0) AS simulated,
        if(NOT hidden_at_start AND navigation_type NOT IN ('back_forward_cache', 'soft'), n, 0) AS waiting,
        if(abandoned_before_load, n, 0) AS abandoned,
        received_at,
{% for vital in vitals %}
{% set column = 'cls' if vital == 'cls' else vital ~ '_ms' %}
{% set good, poor = thresholds[vital] %}
        if({{ column }} IS NULL, 0, n) AS {{ vital }}_known,
        if({{ column }} <= {{ good }}, n, 0) AS {{ vital }}_good,
        if({{ column }} > {{ poor }}, n, 0) AS {{ vital }}_poor,
        [{{ 'toUInt32(round(assumeNotNull(cls) * 10000))' if vital == 'cls' else 'assumeNotNull(' ~ column ~ ')' }}] AS {{ vital }}_values,
        [{{ vital }}_known] AS {{ vital }}_counts{{ ',' if not loop.last }}
{% endfor %}
    FROM page_views FINAL
    WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND NOT is_bot AND view_id >= covered[toYYYYMMDD(ts)]
{% if narrowed %}
       {{ only('page_views', 'country', 'page_group', 'device', 'nav', 'release') }}
{% endif %}
        AND throwIf(
            {dimension:String} NOT IN ('site', 'day', 'country', 'page_group', 'device', 'browser', 'connection', 'release', 'country_page'), 'there is no such dimension'
        ) = 0
        -- The same once more, by the sorting key.
        AND NOT has(whole_days, toYYYYMMDD(ts)) AND (NOT has(computed.1, toYYYYMMDD(ts)) OR view_id >= arrayMin(computed.3))
)
GROUP BY value, page_group
