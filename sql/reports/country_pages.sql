-- The page groups of one country, the countries of one page group, or both, with what slowness costs there, those that surely lose most first; '' stands for all: loss_by_country_pages. A page
-- of a country is small, so most of them are pooled, and many 'insufficient'. LCP is that of the country's views of the page. Days are in
-- [from_day, to_day).
--
-- Parameters: site String, from_day Date, to_day Date, target_ms UInt32, country String, page_group String. Cost: loss_by_country_pages and lcp_by.
SELECT
    loss.country AS country,
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
    vitals.lcp_good_share AS lcp_good_share
FROM loss_by_country_pages(
    site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, target_ms = {target_ms:UInt32}
) AS loss
LEFT JOIN lcp_by(
    site = {site:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, dimension = 'country_page'{{ ", country = '', page_group = ''" if narrowed }}
) AS vitals
    ON loss.country = vitals.value AND loss.page_group = vitals.page_group
WHERE ({country:String} = '' OR loss.country = {country:String}) AND ({page_group:String} = '' OR loss.page_group = {page_group:String})
ORDER BY if(verdict = 'insufficient', NULL, lo) DESC NULLS LAST, views DESC, country, page_group
LIMIT 5000
