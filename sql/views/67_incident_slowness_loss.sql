-- What slowness cost beyond the usual from from_at to to_at (at most 7 days; a to_at to come is taken for now), of a country, a page group or both ('' is all). One row. An
-- association, not proof of a cause: see sql/README.md.
--
-- Views of the time (units with an LCP, of page_views) are compared with what the same strata (country, page group, device, nav) were like on the 28 whole days (UTC) before. In each
-- stratum, orders that usually follow a view, times how much less often they follow where views lie in the buckets of the incident and not in the usual ones. How often
-- by bucket is the curve of those days, as in loss_curve at 2500 ms: of all strata of the site with 30 views or more up to the target, what followed over what would have at
-- their rates there. A bucket in which fewer than 20 would have is taken together with the faster ones next to it, so that what is slower than almost anything before
-- counts as what is known: the loss is then rather too low. Views of strata with fewer than 30 views in those days are not compared (compared_views) and cost nothing here.
--
-- gross_lost is signed: quicker than usual is negative. gross_lo and gross_hi (95 %) are a jackknife over the 7 blocks of 4 days with data (3 at least, else NULL), and the chance of as
-- many orders (Poisson). Figures are NULL where fewer than 100 orders are compared in the curve, as is money without any order. slow_share and usual_slow_share are over 2500 ms, of compared views. No rebound is looked for: incident_loss sees one.
-- It is of views, and each loses by itself: where one visit has several slow ones, losses compound, and the sum is a little high.
--
--   SELECT * FROM slowtax.incident_slowness_loss(site = 'shop', country = 'DE', page_group = '', from_at = '2026-11-25 12:03:00', to_at = '2026-11-25 13:10:00')
--
-- Cost: two passes over four weeks of the site's loss_cube, and the time's views of page_views with FINAL; some kilobytes of memory per stratum.
{% set longest_s = 7 * 86400 %}
{% set days = 28 %}
{% set block_days = 4 %}
{% set blocks = days // block_days %}
{% set blocks_min = 3 %}
{% set min_reference = 30 %}
{% set min_expected = 20 %}
{% set min_orders = 100 %}
{# Buckets up to the target of 2500 ms. #}
{% set fast_buckets = 5 %}
CREATE OR REPLACE VIEW incident_slowness_loss AS
WITH
    (
        SELECT throwIf({from_at:DateTime('UTC')} >= {to_at:DateTime('UTC')}, 'from_at must be before to_at')
            + throwIf(
                toInt64(toUnixTimestamp(least({to_at:DateTime('UTC')}, now()))) - toInt64(toUnixTimestamp({from_at:DateTime('UTC')})) > {{ longest_s }},
                'an incident is at most 7 days long'
            )
    ) AS is_wrong,
    toDate({from_at:DateTime('UTC')}, 'UTC') AS today,
    -- A stratum with each block of days left out in turn; at 0 none is.
    strata AS
    (
        SELECT
            stratum,
            of_country,
            without,
            arrayMap(bucket -> arraySum(block -> if(block + 1 = without, 0., toFloat64(all_n[14 * block + bucket])), range({{ blocks }})), range(1, 15)) AS n_by,
            arrayMap(bucket -> arraySum(block -> if(block + 1 = without, 0., toFloat64(all_k[14 * block + bucket])), range({{ blocks }})), range(1, 15)) AS k_by,
            arraySum(arraySlice(n_by, 1, {{ fast_buckets }})) AS n0,
            arraySum(arraySlice(k_by, 1, {{ fast_buckets }})) AS k0
        FROM
        (
            SELECT
                cityHash64(country, page_group, device, nav) AS stratum,
                any(loss_cube.country) AS of_country,
                sumResample(0, {{ 14 * blocks }}, 1)(n, 14 * intDiv(day - (today - {{ days }}), {{ block_days }}) + bucket) AS all_n,
                sumResample(0, {{ 14 * blocks }}, 1)(k, 14 * intDiv(day - (today - {{ days }}), {{ block_days }}) + bucket) AS all_k
            FROM loss_cube
            WHERE site = {site:String} AND day >= today - {{ days }} AND day < today
            GROUP BY stratum
        )
        ARRAY JOIN range({{ blocks + 1 }}) AS without
    ),
    curves AS
    (
        SELECT
            without,
            sum_of_expected,
            arrayMap(
                (from, bucket) -> if(
                    arraySum(arraySlice(expected_by, from, bucket - from + 1)) > 0,
                    arraySum(arraySlice(observed_by, from, bucket - from + 1)) / arraySum(arraySlice(expected_by, from, bucket - from + 1)),
                    1.
                ),
                froms, range(1, 15)
            ) AS ratios
        FROM
        (
            SELECT
                *,
                arraySum(expected_by) AS sum_of_expected,
                arrayMap(
                    bucket -> arrayMax(arrayFilter(
                        from -> from = 1 OR arraySum(arraySlice(expected_by, from, bucket - from + 1)) >= {{ min_expected }}, range(1, bucket + 1)
                    )),
                    range(1, 15)
                ) AS froms
            FROM
            (
                SELECT without, sumForEach(k_by) AS observed_by, sumForEach(arrayMap(n -> n * k0 / n0, n_by)) AS expected_by
                FROM strata
                WHERE n0 >= {{ min_reference }}
                GROUP BY without
            )
        )
    ),
    incident AS
    (
        SELECT
            cityHash64(country, page_group, device, nav) AS stratum,
            arrayMap(n -> toFloat64(n), sumResample(0, 14, 1)(
                weight, arrayCount(edge -> edge < lcp_ms, [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000])
            )) AS own_by
        FROM page_views FINAL
        WHERE site = {site:String} AND ts >= {from_at:DateTime('UTC')} AND ts < least({to_at:DateTime('UTC')}, now()) AND NOT is_bot
            AND ({country:String} = '' OR country = {country:String}) AND ({page_group:String} = '' OR page_group = {page_group:String})
            -- Units, as in loss_cube_from_page_views.
            AND lcp_ms IS NOT NULL AND http_status < 400 AND navigation_type NOT IN ('prerender', 'back_forward_cache') AND NOT hidden_at_start
        GROUP BY stratum
    ),
    money AS
    (
        SELECT country, sum(revenue) / nullIf(sum(orders), 0) AS order_value
        FROM goals_daily
        WHERE site = {site:String} AND day >= today - {{ days }} AND day < today
        GROUP BY country
    ),
    compared AS
    (
        SELECT
            strata.of_country AS country,
            strata.without AS without,
            curves.sum_of_expected AS curve_orders,
            arraySum(strata.n_by) AS usual_views,
            arraySum(incident.own_by) AS own_views,
            1 - arraySum(arraySlice(strata.n_by, 1, {{ fast_buckets }})) / usual_views AS usual_slow,
            1 - arraySum(arraySlice(incident.own_by, 1, {{ fast_buckets }})) / own_views AS own_slow,
            arraySum((n, ratio) -> n * ratio, strata.n_by, curves.ratios) AS usual_weight,
            arraySum((n, ratio) -> n * ratio, incident.own_by, curves.ratios) AS own_weight,
            if(usual_weight > 0, arraySum(strata.k_by) / usual_weight, 0) * (own_views * usual_weight / usual_views - own_weight) AS lost
        FROM strata
        INNER JOIN incident ON strata.stratum = incident.stratum
        INNER JOIN curves ON strata.without = curves.without
        WHERE usual_views >= {{ min_reference }}
    ),
    replicates AS
    (
        SELECT
            without,
            sum(own_views) AS views_without,
            sum(own_views * own_slow) AS own_slow_views,
            sum(own_views * usual_slow) AS usual_slow_views,
            sum(compared.lost) AS lost_without,
            sum(lost * order_value) AS value_without
        FROM compared
        LEFT JOIN money ON compared.country = money.country
        GROUP BY without
    ),
    summed AS
    (
        SELECT
            sumIf(views_without, without = 0) AS compared_views,
            sumIf(own_slow_views, without = 0) / nullIf(compared_views, 0) AS slow_share,
            sumIf(usual_slow_views, without = 0) / nullIf(compared_views, 0) AS usual_slow_share,
            sumIf(lost_without, without = 0) AS all_lost,
            anyIf(value_without, without = 0) AS lost_value,
            -- Of the blocks that have data.
            groupArrayIf(lost_without, has((
                SELECT groupUniqArray(intDiv(day - (today - {{ days }}), {{ block_days }}) + 1)
                FROM loss_cube
                WHERE site = {site:String} AND day >= today - {{ days }} AND day < today
            ), without)) AS left_out
        FROM replicates
    ),
    spread AS
    (
        SELECT *, length(left_out) AS g, arrayAvg(left_out) AS mean, arraySum(one -> pow(one - mean, 2), left_out) AS squares
        FROM summed
    ),
    (SELECT sum(arraySum(own_by)) FROM incident) AS all_views,
    (SELECT ifNull(anyOrNull(sum_of_expected), 0) >= {{ min_orders }} FROM curves WHERE without = 0) AS is_known
SELECT
    toInt64(all_views) AS views,
    toInt64(spread.compared_views) AS compared_views,
    spread.slow_share AS slow_share,
    spread.usual_slow_share AS usual_slow_share,
    if(is_known, all_lost, NULL) AS gross_lost,
    if(g >= {{ blocks_min }}, gross_lost - half_width, if(compared_views = 0, gross_lost, NULL)) AS gross_lo,
    if(g >= {{ blocks_min }}, gross_lost + half_width, if(compared_views = 0, gross_lost, NULL)) AS gross_hi,
    if(is_known, if(compared_views = 0, 0, lost_value), NULL) AS gross_lost_revenue,
    'association' AS claim
FROM (SELECT *, (1.96 + 2.4 / (g - 1) + 2.8 / pow(g - 1, 2)) * sqrt((g - 1) / g * squares + abs(all_lost)) AS half_width FROM spread) AS spread
WHERE is_wrong = 0
