-- Every page group with what slowness costs on it, over all countries, those that surely lose most first: loss_by_page, and how fast it is. Where an experiment on the
-- page has told what waiting costs, method is 'experiment' and claim 'randomised'. Because the method is chosen per page here and per country there, the pages
-- need not add up to the overview. abandoned_share is as in countries.sql. Days are in [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32. Cost: loss_by_page and lcp_by.
SELECT
    loss.page_group AS page_group,
    loss.views AS views,
    loss.k AS k,
    loss.method AS method,
    loss.est_lost AS est_lost,
    loss.lo AS lo,
    loss.hi AS hi,
    loss.est_lost_revenue AS est_lost_revenue,
    loss.time_lost_s AS time_lost_s,
    loss.verdict AS verdict,
    loss.claim AS claim,
    loss.direct_coverage AS direct_coverage,
    vitals.lcp_p75_ms AS lcp_p75_ms,
    vitals.lcp_good_share AS lcp_good_share,
    vitals.abandoned_share AS abandoned_share
FROM loss_by_page(
    site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}
) AS loss
LEFT JOIN lcp_by(site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'page_group') AS vitals
    ON loss.page_group = vitals.value
ORDER BY if(verdict = 'insufficient', NULL, lo) DESC NULLS LAST, views DESC, page_group
LIMIT 1000
