-- The curve of a site, a country or a page: views and conversion rate by LCP bucket, as counted and in the same mix of strata, beside the reference: loss_curve. Days are in
-- [from_day, to_day). An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_curve.
SELECT
    bucket,
    from_ms,
    to_ms,
    is_slow,
    views,
    conversions,
    conversion_rate,
    weighted_rate,
    weighted_lo,
    weighted_hi,
    reference_rate,
    reference_lo,
    reference_hi,
    compared_share
FROM loss_curve(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32})
ORDER BY bucket
