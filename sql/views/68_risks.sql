-- What may cost orders before it does, ranked by the orders at risk: those of the days in [from_day, to_day) that pass through what is at risk, so that what they would lose is
-- known at most, and never to be added up. One row is a risk; at most 40 of a kind, 100 in all.
--
--   single_host        subject is a host of somebody else on which half of a page group's views or more hang: it blocks their rendering, or their LCP image comes from it and takes
--                      half of the LCP or more. Orders: those through the page group, times that share. None where own domains are not known (see own_domains).
--   opaque_host        a host of which 9 in 10 requests are opaque (no Timing-Allow-Origin), in a tenth of a page group's views: what it costs is not seen. Of its page groups the one with the most orders, times the share.
--   no_reference       a country in which most slow views have no stratum with 30 views at or under the target: its loss cannot be computed directly. Orders: the country's.
--   protocol_fallback  a country whose documents come by HTTP/1 more often than a week before, by 5 points or more and beyond chance (z over 4). Orders: the country's, times the share.
--   tls_slower         a country whose TLS handshakes take half as long again as a week before or more, and 100 ms more, at the 75th percentile. Orders: the country's.
--   near_poor          a page group whose LCP at the 75th percentile is over 3600 and up to 4000 ms: a little more, and it is poor. Orders: those through the page group.
--   growing_error      an error that twice as many views or more meet in the last 7 days as in the 7 before, beyond chance (z over 4), 20 at least. Orders: those through the page group that meets it most, times the share of its views.
--
-- An order passes through the page groups of the measured views that its goal carries, and its own. evidence is a sentence with the numbers. revenue_at_risk is at the country's revenue
-- per order, or the site's; NULL without orders. Hosts, protocols and LCP are of the latest views before to_day (or now), up to 200,000 of the last 7 days, and of the same time a week
-- before: as many need 200 views for a figure.
--
--   SELECT * FROM slowtax.risks(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY orders_at_risk DESC
--
-- Cost: reads the window's goals and loss_cube, two weeks of page_errors, and the latest views of page_views with FINAL four times.
{% set views_max = 200000 %}
{% set views_min = 200 %}
{% set rows_max = 100 %}
{% set rows_of_kind_max = 40 %}
{% set week_s = 604800 %}
{# What a row of page_views must be of: the latest, or the same a week before. A view's id begins with its time (an hour is allowed for clocks), which spares reading whole days. #}
{% set raw = "site = {site:String} AND NOT is_bot" %}
{% set latest = raw ~ " AND ts >= toDateTime(since_s) AND ts < toDateTime(end_s) AND view_id >= bitShiftLeft(toUInt64((since_s - 3600) * 1000), 20)" %}
{% set before_s = week_s + 3600 %}
{% set week_before = raw ~ " AND ts >= toDateTime(since_s - " ~ week_s ~ ") AND ts < toDateTime(end_s - " ~ week_s ~ ") AND view_id >= bitShiftLeft(toUInt64((since_s - " ~ before_s ~ ") * 1000), 20)" %}
CREATE OR REPLACE VIEW risks AS
WITH
    (
        SELECT throwIf(
            NOT has([500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000], {target_ms:UInt32}),
            'target_ms must be one of 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000'
        ) + throwIf({from_day:Date} >= {to_day:Date}, 'from_day must be before to_day')
    ) AS is_wrong,
    toInt64(toUnixTimestamp(least(toDateTime({to_day:Date}, 'UTC'), now()))) AS end_s,
    (
        SELECT ifNull(minOrNull(at_s), any(end_s))
        FROM
        (
            SELECT toInt64(toUnixTimestamp(slot)) AS at_s, sum(sum(beat_5m.views)) OVER (ORDER BY at_s DESC) AS newer
            FROM beat_5m
            WHERE site = {site:String} AND slot >= greatest(toDateTime({from_day:Date}, 'UTC'), toDateTime(end_s - {{ week_s }})) AND slot < toDateTime(end_s)
            GROUP BY at_s
        )
        WHERE newer <= {{ views_max }}
    ) AS since_s,
    passed AS
    (
        SELECT page, sum(weight) AS orders
        FROM goals
        ARRAY JOIN arrayDistinct(arrayPushBack(arrayMap(page -> toString(page), earlier_page_group), toString(page_group))) AS page
        WHERE site = {site:String} AND toDate(ts) >= {from_day:Date} AND toDate(ts) < {to_day:Date} AND is_conversion AND NOT is_bot
        GROUP BY page
    ),
    of_countries AS
    (
        SELECT country, sum(goals_daily.orders) AS orders, sum(goals_daily.revenue) AS revenue
        FROM goals_daily
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
        GROUP BY country
    ),
    (
        SELECT groupArray(domain)
        FROM
        (
            SELECT
                if(isIPv4String(bare) OR cutToFirstSignificantSubdomain(bare) = '', bare, cutToFirstSignificantSubdomain(bare)) AS domain,
                sum(n) AS of_domain,
                of_domain / sum(of_domain) OVER () AS share
            FROM
            (
                SELECT replaceRegexpOne(referrer_host, ':[0-9]+$', '') AS bare, weight AS n
                FROM page_views FINAL
                WHERE {{ latest }}
                    AND nav = 'inner' AND referrer_host != ''
            )
            GROUP BY domain
            QUALIFY share >= 0.1
        )
    ) AS own,
    -- Page groups (name '') and the hosts of each. Looked at once, since what is named in WITH is computed wherever it is used.
    of_hosts AS
    (
        SELECT
            name,
            toString(page_group) AS page,
            sum(weight) AS n,
            sumIf(weight, name = '' AND lcp_ms IS NOT NULL) AS measured,
            quantileExactWeightedIf(0.75)(lcp_ms, weight, name = '') AS p75_ms,
            sumIf(weight, host_blocking > 0) AS blocked,
            sumIf(weight, name != '' AND domain(lcp_url) = name AND ifNull(2 * lcp_load_duration_ms >= lcp_ms, false)) AS painted,
            sumIf(weight, host_blocking > 0 OR (name != '' AND domain(lcp_url) = name AND ifNull(2 * lcp_load_duration_ms >= lcp_ms, false))) AS hanging,
            sum(host_count * weight) AS requests,
            sum(host_opaque * weight) AS opaque_requests,
            max(host_slowest_ms) AS slowest
        FROM page_views FINAL
        ARRAY JOIN
            arrayPushFront(arrayMap(host -> toString(host), hosts.host), '') AS name,
            arrayPushFront(hosts.count, 0) AS host_count,
            arrayPushFront(hosts.blocking, 0) AS host_blocking,
            arrayPushFront(hosts.opaque, 0) AS host_opaque,
            arrayPushFront(hosts.slowest_ms, 0) AS host_slowest_ms,
            -- The row of further hosts has no name either.
            arrayPushFront(arrayMap(host -> host != '', hosts.host), true) AS is_named
        WHERE {{ latest }}
            AND is_named
        GROUP BY name, page
    ),
    page_hosts AS
    (
        SELECT
            *,
            replaceRegexpOne(name, ':[0-9]+$', '') AS bare,
            if(isIPv4String(bare) OR cutToFirstSignificantSubdomain(bare) = '', bare, cutToFirstSignificantSubdomain(bare)) AS domain_of,
            maxIf(n, name = '') OVER (PARTITION BY page) AS page_views,
            sum(requests) OVER (PARTITION BY name) AS all_requests,
            sum(opaque_requests) OVER (PARTITION BY name) AS all_opaque
        FROM of_hosts
        QUALIFY page_views >= {{ views_min }}
    ),
    connections AS
    (
        SELECT
            country,
            sumIf(weight, is_now AND protocol != '') AS now_n,
            sumIf(weight, is_now AND protocol IN ('http/1.0', 'http/1.1')) AS now_old,
            sumIf(weight, NOT is_now AND protocol != '') AS before_n,
            sumIf(weight, NOT is_now AND protocol IN ('http/1.0', 'http/1.1')) AS before_old,
            sumIf(weight, is_now AND tls_ms > 0) AS now_shakes,
            sumIf(weight, NOT is_now AND tls_ms > 0) AS before_shakes,
            quantileExactWeightedIf(0.75)(tls_ms, weight, is_now AND tls_ms > 0) AS now_tls,
            quantileExactWeightedIf(0.75)(tls_ms, weight, NOT is_now AND tls_ms > 0) AS before_tls,
            now_old / nullIf(now_n, 0) AS now_share,
            before_old / nullIf(before_n, 0) AS before_share,
            (now_old + before_old) / nullIf(now_n + before_n, 0) AS pooled
        FROM
        (
            SELECT country, protocol, tls_ms, weight, true AS is_now FROM page_views FINAL WHERE {{ latest }}
            UNION ALL
            SELECT country, protocol, tls_ms, weight, false FROM page_views FINAL WHERE {{ week_before }}
        )
        GROUP BY country
    ),
    coverages AS
    (
        SELECT country, sum(slow) AS slow_views, sumIf(slow, fast < 30) AS alone
        FROM
        (
            SELECT
                country,
                sumIf(n, bucket < indexOf([500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000], {target_ms:UInt32})) AS fast,
                sum(n) - fast AS slow
            FROM loss_cube
            WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}
            GROUP BY country, cityHash64(page_group, device, nav)
        )
        GROUP BY country
        HAVING slow_views >= {{ views_min }} AND alone > slow_views / 2
    ),
    weeks AS
    (
        SELECT
            sumIf(beat_5m.views, slot >= toDateTime(end_s - {{ week_s }})) AS now_n,
            sumIf(beat_5m.views, slot < toDateTime(end_s - {{ week_s }})) AS before_n
        FROM beat_5m
        WHERE site = {site:String} AND slot >= toDateTime(end_s - {{ 2 * week_s }}) AND slot < toDateTime(end_s)
    ),
    growing AS
    (
        SELECT
            kind,
            message,
            sum(now_met) AS now_met,
            sum(before_met) AS before_met,
            argMax(page, of_errors.now_met) AS page,
            max(of_errors.now_met) AS page_met,
            any(weeks.now_n) / nullIf(any(weeks.before_n), 0) AS growth,
            before_met * growth AS usual
        FROM
        (
            SELECT
                toString(page_errors.kind) AS kind, message, source, line, toString(page_group) AS page,
                toInt64(sumIf(weight, ts >= toDateTime(end_s - {{ week_s }}))) AS now_met,
                toInt64(sumIf(weight, ts < toDateTime(end_s - {{ week_s }}))) AS before_met
            FROM page_errors
            WHERE site = {site:String} AND NOT is_bot AND counted = 0 AND ts >= toDateTime(end_s - {{ 2 * week_s }}) AND ts < toDateTime(end_s)
            GROUP BY kind, message, source, line, page
        ) AS of_errors
        CROSS JOIN weeks
        GROUP BY kind, message, source, line
        HAVING now_met >= 20 AND now_met >= 2 * usual AND (now_met - usual) / sqrt(now_met + usual * growth) > 4
        ORDER BY now_met DESC
        LIMIT {{ rows_of_kind_max }}
    ),
    page_weeks AS
    (
        SELECT toString(page_group) AS page, sum(beat_pages_5m.views) AS n
        FROM beat_pages_5m
        WHERE site = {site:String} AND slot >= toDateTime(end_s - {{ week_s }}) AND slot < toDateTime(end_s)
        GROUP BY page
    ),
    -- What is found: on a country or page group, what share of its orders passes through it, and the sentence.
    found AS
    (
        SELECT one.1 AS risk, one.2 AS subject, '' AS of_country, page AS of_page, one.3 AS share, one.4 AS sentence
        FROM page_hosts
        ARRAY JOIN arrayFilter(one -> one.5, [
            (
                'single_host', name, hanging / page_views,
                concat(
                    toString(round(100 * hanging / page_views)), ' % of views hang on it: it blocks rendering in ', toString(round(100 * blocked / page_views)),
                    ' %, and is most of the LCP in ', toString(round(100 * painted / page_views)), ' %; its slowest request took ', toString(slowest), ' ms'
                ),
                name != '' AND notEmpty(own) AND NOT has(own, domain_of) AND hanging >= page_views / 2
            ),
            (
                'opaque_host', name, n / page_views,
                concat(
                    toString(round(100 * all_opaque / all_requests)), ' % of ', toString(all_requests), ' requests do not tell what they cost (no Timing-Allow-Origin); ',
                    toString(round(100 * n / page_views)), ' % of the views of the page group use it'
                ),
                name != '' AND all_opaque > 0 AND all_opaque >= 0.9 * all_requests AND n >= page_views / 10
            ),
            (
                'near_poor', 'lcp', 1.,
                concat('LCP is ', toString(ifNull(p75_ms, 0)), ' ms at the 75th percentile of ', toString(measured), ' views; over 4000 ms is poor'),
                name = '' AND measured >= {{ views_min }} AND p75_ms > 3600 AND p75_ms <= 4000
            )
        ]::Array(Tuple(String, String, Float64, String, Nullable(Bool)))) AS one
        UNION ALL
        SELECT one.1, one.2, toString(country), '', one.3, one.4
        FROM connections
        ARRAY JOIN arrayFilter(one -> ifNull(one.5, false), [
            (
                'protocol_fallback', 'http/1', ifNull(now_share, 0),
                concat(toString(round(100 * ifNull(now_share, 0), 1)), ' % of views by HTTP/1, ', toString(round(100 * ifNull(before_share, 0), 1)), ' % a week before'),
                now_n >= {{ views_min }} AND before_n >= {{ views_min }} AND now_share >= before_share + 0.05
                    AND (now_share - before_share) / sqrt(pooled * (1 - pooled) * (1 / now_n + 1 / before_n)) > 4
            ),
            (
                'tls_slower', 'tls', 1.,
                concat('TLS handshakes take ', toString(ifNull(now_tls, 0)), ' ms at the 75th percentile, ', toString(ifNull(before_tls, 0)), ' ms a week before'),
                now_shakes >= {{ views_min }} AND before_shakes >= {{ views_min }} AND now_tls >= 1.5 * before_tls AND now_tls >= before_tls + 100
            )
        ]::Array(Tuple(String, String, Float64, String, Nullable(Bool)))) AS one
        UNION ALL
        SELECT
            'no_reference', toString(country), toString(country), '', 1.,
            concat(toString(alone), ' of ', toString(slow_views), ' slow views have no views at or under the target to be compared with')
        FROM coverages
        UNION ALL
        SELECT
            'growing_error', concat(kind, ': ', leftUTF8(message, 200)), '', growing.page, ifNotFinite(least(1, page_met / page_weeks.n), 0),
            concat(toString(now_met), ' views met it in 7 days, ', toString(before_met), ' in the 7 before')
        FROM growing
        LEFT JOIN page_weeks ON growing.page = page_weeks.page
    )
SELECT risk, subject, country, page_group, orders_at_risk, revenue_at_risk, evidence
FROM
(
    SELECT
        risk,
        subject,
        of_country AS country,
        of_page AS page_group,
        share * if(of_country != '', toFloat64(of_countries.orders), toFloat64(passed.orders)) AS orders_at_risk,
        orders_at_risk * if(
            of_country = '',
            (SELECT sum(revenue) / nullIf(sum(orders), 0) FROM of_countries),
            of_countries.revenue / nullIf(of_countries.orders, 0)
        ) AS revenue_at_risk,
        sentence AS evidence
    FROM found
    LEFT JOIN of_countries ON found.of_country = of_countries.country
    LEFT JOIN passed ON found.of_page = passed.page
    WHERE is_wrong = 0
    ORDER BY orders_at_risk DESC, risk, subject, country, page_group
    -- Of a host that tells nothing, the page group with the most orders.
    LIMIT 1 BY risk, subject, if(risk = 'opaque_host', '', concat(of_country, ' ', of_page))
)
ORDER BY orders_at_risk DESC, risk, subject, country, page_group
LIMIT {{ rows_of_kind_max }} BY risk
LIMIT {{ rows_max }}
