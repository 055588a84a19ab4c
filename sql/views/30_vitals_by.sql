-- Web vitals by one dimension: quantiles, and the shares of good, middling and poor views by the thresholds of web.dev/vitals. The views
-- web_vitals_by_... and the report ask this one. Days are in [from_day, to_day). Every view counts once, with its last snapshot and its weight; bots are
-- left out. A vital that is not known (a page that was hidden when it began has no paints, one without interaction has no INP) counts in `views` but
-- not in `*_measured`, quantiles and shares, and where none was measured these are NULL. Shares are 0 to 1 of the measured views.
--
-- dimension is one of: site (one value, empty), day, country, page_group, device, browser, connection (effective_type, as browsers tell it), release, and
-- country_page, where value is the country and page_group the page group; elsewhere page_group is empty.
--
-- Days with 100,000 views or more are read from vitals_daily as far as they have been computed there (see 0044); all other days, and views that have
-- begun since, from page_views. Out of page_views quantiles are exact: values are whole milliseconds (CLS: ten-thousandths). Where days of
-- vitals_daily are among them, quantiles are exact ones of values rounded to 8 significant bits (within 0.39 %); of country_page that has LCP only.
-- All counts and shares are exact. simulated_views are those of `views` that are simulated, waiting_views those that fetched a document and were visible when they
-- began, abandoned_share the share of these that were hidden before their load event had ended, days how many days have views, last_received_at when the
-- last snapshot was received: of views in vitals_daily up to its last refresh.
--
--   SELECT value, views, lcp_p75_ms FROM slowtax.vitals_by(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', dimension = 'device')
--
-- Cost: of busy days one row of vitals_daily for each value, of which only the vitals asked for are read; of other days, page_views with FINAL.
CREATE OR REPLACE VIEW vitals_by AS
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
    quantilesExactWeightedArray(0.5, 0.75, 0.95)(lcp_values, lcp_counts) AS lcp_quantiles,
    quantilesExactWeightedArray(0.5, 0.75, 0.95)(fcp_values, fcp_counts) AS fcp_quantiles,
    quantilesExactWeightedArray(0.5, 0.75, 0.95)(ttfb_values, ttfb_counts) AS ttfb_quantiles,
    quantilesExactWeightedArray(0.5, 0.75, 0.95)(inp_values, inp_counts) AS inp_quantiles,
    quantilesExactWeightedArray(0.5, 0.75, 0.95)(cls_values, cls_counts) AS cls_quantiles
SELECT
    value,
    page_group,
    sum(n) AS views,
    sum(simulated) AS simulated_views,
    sum(waiting) AS waiting_views,
    sum(abandoned) / nullIf(waiting_views, 0) AS abandoned_share,
    uniqExact(day) AS days,
    max(received_at) AS last_received_at,
    sum(lcp_known) AS lcp_measured,
    if(lcp_measured > 0, lcp_quantiles[1], NULL) AS lcp_p50_ms,
    if(lcp_measured > 0, lcp_quantiles[2], NULL) AS lcp_p75_ms,
    if(lcp_measured > 0, lcp_quantiles[3], NULL) AS lcp_p95_ms,
    sum(lcp_good) / nullIf(lcp_measured, 0) AS lcp_good_share,
    (lcp_measured - sum(lcp_good) - sum(lcp_poor)) / nullIf(lcp_measured, 0) AS lcp_needs_improvement_share,
    sum(lcp_poor) / nullIf(lcp_measured, 0) AS lcp_poor_share,
    sum(fcp_known) AS fcp_measured,
    if(fcp_measured > 0, fcp_quantiles[1], NULL) AS fcp_p50_ms,
    if(fcp_measured > 0, fcp_quantiles[2], NULL) AS fcp_p75_ms,
    if(fcp_measured > 0, fcp_quantiles[3], NULL) AS fcp_p95_ms,
    sum(fcp_good) / nullIf(fcp_measured, 0) AS fcp_good_share,
    (fcp_measured - sum(fcp_good) - sum(fcp_poor)) / nullIf(fcp_measured, 0) AS fcp_needs_improvement_share,
    sum(fcp_poor) / nullIf(fcp_measured, 0) AS fcp_poor_share,
    sum(ttfb_known) AS ttfb_measured,
    if(ttfb_measured > 0, ttfb_quantiles[1], NULL) AS ttfb_p50_ms,
    if(ttfb_measured > 0, ttfb_quantiles[2], NULL) AS ttfb_p75_ms,
    if(ttfb_measured > 0, ttfb_quantiles[3], NULL) AS ttfb_p95_ms,
    sum(ttfb_good) / nullIf(ttfb_measured, 0) AS ttfb_good_share,
    (ttfb_measured - sum(ttfb_good) - sum(ttfb_poor)) / nullIf(ttfb_measured, 0) AS ttfb_needs_improvement_share,
    sum(ttfb_poor) / nullIf(ttfb_measured, 0) AS ttfb_poor_share,
    sum(inp_known) AS inp_measured,
    if(inp_measured > 0, inp_quantiles[1], NULL) AS inp_p50_ms,
    if(inp_measured > 0, inp_quantiles[2], NULL) AS inp_p75_ms,
    if(inp_measured > 0, inp_quantiles[3], NULL) AS inp_p95_ms,
    sum(inp_good) / nullIf(inp_measured, 0) AS inp_good_share,
    (inp_measured - sum(inp_good) - sum(inp_poor)) / nullIf(inp_measured, 0) AS inp_needs_improvement_share,
    sum(inp_poor) / nullIf(inp_measured, 0) AS inp_poor_share,
    sum(cls_known) AS cls_measured,
    if(cls_measured > 0, cls_quantiles[1] / 10000, NULL) AS cls_p50,
    if(cls_measured > 0, cls_quantiles[2] / 10000, NULL) AS cls_p75,
    if(cls_measured > 0, cls_quantiles[3] / 10000, NULL) AS cls_p95,
    sum(cls_good) / nullIf(cls_measured, 0) AS cls_good_share,
    (cls_measured - sum(cls_good) - sum(cls_poor)) / nullIf(cls_measured, 0) AS cls_needs_improvement_share,
    sum(cls_poor) / nullIf(cls_measured, 0) AS cls_poor_share
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
        arraySum(lcp_counts) AS lcp_known,
        lcp_good,
        lcp_poor,
        lcp_values,
        lcp_counts,
        arraySum(fcp_counts) AS fcp_known,
        fcp_good,
        fcp_poor,
        fcp_values,
        fcp_counts,
        arraySum(ttfb_counts) AS ttfb_known,
        ttfb_good,
        ttfb_poor,
        ttfb_values,
        ttfb_counts,
        arraySum(inp_counts) AS inp_known,
        inp_good,
        inp_poor,
        inp_values,
        inp_counts,
        arraySum(cls_counts) AS cls_known,
        cls_good,
        cls_poor,
        cls_values,
        cls_counts
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
        if(lcp_ms IS NULL, 0, n) AS lcp_known,
        if(lcp_ms <= 2500, n, 0) AS lcp_good,
        if(lcp_ms > 4000, n, 0) AS lcp_poor,
        [assumeNotNull(lcp_ms)] AS lcp_values,
        [lcp_known] AS lcp_counts,
        if(fcp_ms IS NULL, 0, n) AS fcp_known,
        if(fcp_ms <= 1800, n, 0) AS fcp_good,
        if(fcp_ms > 3000, n, 0) AS fcp_poor,
        [assumeNotNull(fcp_ms)] AS fcp_values,
        [fcp_known] AS fcp_counts,
        if(ttfb_ms IS NULL, 0, n) AS ttfb_known,
        if(ttfb_ms <= 800, n, 0) AS ttfb_good,
        if(ttfb_ms > 1800, n, 0) AS ttfb_poor,
        [assumeNotNull(ttfb_ms)] AS ttfb_values,
        [ttfb_known] AS ttfb_counts,
        if(inp_ms IS NULL, 0, n) AS inp_known,
        if(inp_ms <= 200, n, 0) AS inp_good,
        if(inp_ms > 500, n, 0) AS inp_poor,
        [assumeNotNull(inp_ms)] AS inp_values,
        [inp_known] AS inp_counts,
        if(cls IS NULL, 0, n) AS cls_known,
        if(cls <= toFloat32(0.1), n, 0) AS cls_good,
        if(cls > toFloat32(0.25), n, 0) AS cls_poor,
        [toUInt32(round(assumeNotNull(cls) * 10000))] AS cls_values,
        [cls_known] AS cls_counts
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
