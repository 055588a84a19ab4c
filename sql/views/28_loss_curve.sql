-- The curve behind the loss: of each LCP bucket the views, the conversions that followed, and the rate at which they would follow in the same mix of strata everywhere. Days
-- are in [from_day, to_day). An association, not proof of a cause: see sql/README.md.
--
-- conversion_rate is as counted. It mixes: slow views come from other countries, pages and devices than fast ones. weighted_rate leaves that out (indirect
-- standardisation): reference_rate times what followed the bucket's views over what would have followed them at the rates that their strata have at or under the
-- target. Strata with fewer than 30 views there are in neither; compared_share is the share of the bucket's views whose stratum has more. Where it lies under
-- the reference, conversions are missing: views x compared_share x (reference_rate - weighted_rate) is nearly the direct loss of the bucket.
-- weighted_lo and _hi (95 %) hold the chance of the bucket's conversions and of its strata's references; reference_lo and _hi that of the reference's. NULL where nothing can
-- be compared.
--
-- bucket is 1 to 14; its views have an LCP over from_ms, up to to_ms, which is NULL for the last: everything over 30 s.
--
--   SELECT bucket, views, weighted_rate, reference_rate FROM slowtax.loss_curve(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY bucket
--
-- Cost: one pass over the window's rows of a site in loss_cube, and 500 bytes of memory per stratum.
CREATE OR REPLACE VIEW loss_curve AS
WITH
    [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000] AS edges,
    (
        SELECT throwIf(
            NOT has(edges, {target_ms:UInt32}),
            'target_ms must be one of 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000'
        )
    ) AS is_no_edge,
    toUInt32(indexOf(edges, {target_ms:UInt32})) AS first_slow_bucket,
    30 AS min_reference, -- as in parts/loss_cells.sql
    strata AS
    (
        SELECT
            arrayMap(n -> toFloat64(n), sumResample(0, 14, 1)(n, bucket)) AS n_by,
            arrayMap(k -> toFloat64(k), sumResample(0, 14, 1)(k, bucket)) AS k_by,
            arraySum(arraySlice(n_by, 1, first_slow_bucket)) AS n0,
            arraySum(arraySlice(k_by, 1, first_slow_bucket)) AS k0,
            n0 >= min_reference AS is_compared,
            if(is_compared, k0 / n0, 0) AS r0
        FROM loss_cube
        WHERE site = {site:String} AND day >= {from_day:Date} AND day < {to_day:Date}{{ only('loss_cube', 'country', 'page_group', 'device', 'nav') }}
        GROUP BY cityHash64(country, page_group, device, nav)
        HAVING arrayExists((n, k) -> n != 0 OR k != 0, n_by, k_by)
    ),
    summed AS
    (
        SELECT
            sumForEach(n_by) AS all_n_by,
            sumForEach(k_by) AS all_k_by,
            sumIf(n0, is_compared) AS reference_views,
            sumIf(k0, is_compared) AS reference_k,
            sumForEach(arrayMap(n -> if(is_compared, n, 0), n_by)) AS compared_by,
            sumForEach(arrayMap(k -> if(is_compared, k, 0), k_by)) AS observed_by,
            sumForEach(arrayMap(n -> n * r0, n_by)) AS expected_by,
            sumForEach(arrayMap(n -> if(is_compared, n * n * r0 * (1 - r0) / n0, 0), n_by)) AS expected_var_by
        FROM strata
    )
SELECT
    toUInt8(at) AS bucket,
    toUInt32(if(at = 1, 0, edges[at - 1])) AS from_ms,
    if(at < 14, toNullable(toUInt32(edges[at])), NULL) AS to_ms,
    toBool(at > first_slow_bucket) AS is_slow,
    toInt64(all_n_by[at]) AS views,
    toInt64(all_k_by[at]) AS conversions,
    all_k_by[at] / nullIf(all_n_by[at], 0) AS conversion_rate,
    compared_by[at] / nullIf(all_n_by[at], 0) AS compared_share,
    reference_k / nullIf(reference_views, 0) AS reference_rate,
    1.96 * sqrt(greatest(reference_rate * (1 - reference_rate), 0) / nullIf(reference_views, 0)) AS reference_half_width,
    if(reference_rate IS NULL, NULL, greatest(reference_rate - reference_half_width, 0)) AS reference_lo,
    reference_rate + reference_half_width AS reference_hi,
    reference_rate * observed_by[at] / nullIf(expected_by[at], 0) AS weighted_rate,
    -- Of observed over expected: the binomial noise of what was observed, and the noise of what was expected, by the ratio that it is multiplied with.
    1.96 * reference_rate / nullIf(expected_by[at], 0) * sqrt(
        greatest(observed_by[at] * (1 - observed_by[at] / nullIf(compared_by[at], 0)), 0)
        + pow(observed_by[at] / nullIf(expected_by[at], 0), 2) * expected_var_by[at]
    ) AS weighted_half_width,
    if(weighted_rate IS NULL, NULL, greatest(weighted_rate - weighted_half_width, 0)) AS weighted_lo,
    weighted_rate + weighted_half_width AS weighted_hi,
    'association' AS claim
FROM summed
ARRAY JOIN range(1, 15) AS at
WHERE is_no_edge = 0 AND length(all_n_by) = 14
