-- Every country with what slowness costs there and how fast it is, those that surely lose most first: by the lower bound of the interval,
-- not by the estimate, so that a few lucky or unlucky orders do not lead the list. Countries with too little data for a verdict come last.
-- abandoned_share is the share of views that were left before they had loaded: the slowest ones have no LCP, and are in no loss. Days are in [from_day, to_day). views are the units of the loss (LCP known). An association, not proof of a cause.
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_by_country and lcp_by.
SELECT
    loss.*,
    vitals.lcp_p75_ms AS lcp_p75_ms,
    vitals.lcp_good_share AS lcp_good_share,
    vitals.abandoned_share AS abandoned_share
FROM loss_by_country(
    site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}
) AS loss
LEFT JOIN lcp_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'country') AS vitals
    ON loss.country = vitals.value
ORDER BY if(loss.verdict = 'insufficient', NULL, loss.lo) DESC NULLS LAST, loss.views DESC, loss.country
LIMIT 300
