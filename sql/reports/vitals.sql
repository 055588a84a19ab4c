-- Web vitals by one dimension (device, browser, connection, release, country, page_group or site), most viewed first: vitals_by. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date, dimension String. Cost: vitals_by.
SELECT
    value,
    views,
    abandoned_share,
    lcp_measured, lcp_p75_ms, lcp_good_share, lcp_poor_share,
    fcp_measured, fcp_p75_ms, fcp_good_share, fcp_poor_share,
    ttfb_measured, ttfb_p75_ms, ttfb_good_share, ttfb_poor_share,
    inp_measured, inp_p75_ms, inp_good_share, inp_poor_share,
    cls_measured, cls_p75, cls_good_share, cls_poor_share
FROM vitals_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = {dimension:String})
ORDER BY views DESC, value
LIMIT 500
