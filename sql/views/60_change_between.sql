-- Whether the web vitals have changed between two sets of page views, with 95 % intervals: vitals_change (two windows of days) and release_change (two
-- releases) ask this one. One row is a vital of a page group, or of the whole site (page_group empty). p75_* are milliseconds, of CLS its score;
-- *_change is after minus before; good_share_* are 0 to 1. `verdict` is by the interval of the p75's change: 'better' (all below 0), 'worse' (all above),
-- 'not distinguishable', or 'insufficient': fewer than 100 measured views or too few clusters on a side, or a percentile too near the end of its data.
--
-- Views of a session are alike, so views are no independent observations; clusters are. `clusters` says which: 'days' where either side has 7 or more
-- days, which also allows for days that differ; else 'sessions' (in 100 groups by their hash), which does not: there a day that was out of the
-- ordinary looks like a change, and both sides should have the same days of the week.
-- Method: the variance of the share of views at or under the p75 from the sums of clusters, its interval read off the distribution itself (Woodruff, JASA
-- 1952), so that values that browsers round (INP, to 8 ms) do no harm; the two sides' intervals joined as squares (Zou and Donner, Stat. Med. 2008). A
-- change that contains 0 is no proof that nothing has changed, and with five vitals on forty pages some intervals miss by chance.
--
-- Of more than half a million views, slices of 66 seconds are kept at even distances, by the clock of view_id and alike on both sides, and measured_* are the views
-- in these: the intervals hold, and are wider than they could be by what half a million views leave unknown. Slices, and not a share of the sessions, since
-- ClickHouse keeps views in the order of view_id, and so reads those alone. A browser whose clock is off by more than a day may then be missed.
--
-- Cost: reads the days' cube for their number, then the page_views that are kept with FINAL four times.
{% set views_max = 500000 %}
{% set slice_ms = 65536 %}
{# view_id is milliseconds and 20 random bits. #}
{% set slice_ids = slice_ms * 1048576 %}
CREATE OR REPLACE VIEW change_between AS
WITH
    (
        SELECT toUInt64(greatest(1, ceil(sum(views) / {{ views_max }})))
        FROM
        (
            SELECT n AS views
            FROM variant_cube
            WHERE {by_release:Bool} AND site = {site:String} AND release IN ({before_release:String}, {after_release:String})
                AND day >= least({before_from:Date}, {after_from:Date}) AND day < greatest({before_to:Date}, {after_to:Date})
            UNION ALL
            SELECT n
            FROM loss_cube
            WHERE NOT {by_release:Bool} AND site = {site:String}
                AND (day >= {before_from:Date} AND day < {before_to:Date} OR day >= {after_from:Date} AND day < {after_to:Date})
        )
    ) AS keep_one_of,
    -- A day more at either end, for clocks that are off.
    intDivOrZero(toUInt64(toUnixTimestamp(toDateTime(least({before_from:Date}, {after_from:Date}), 'UTC')) - 86400) * 1000, {{ slice_ms }} * keep_one_of) AS first_kept,
    intDivOrZero(toUInt64(toUnixTimestamp(toDateTime(greatest({before_to:Date}, {after_to:Date}), 'UTC')) + 86400) * 1000, {{ slice_ms }} * keep_one_of) AS last_kept,
    seen AS
    (
        SELECT
            page_id,
            if(page_id = 0, '', page_group) AS page,
            if({by_release:Bool}, release = {after_release:String}, toDate(ts) >= {after_from:Date} AND toDate(ts) < {after_to:Date}) AS is_after,
            told.1 AS vital_number,
            told.2 AS x,
            told.3 AS is_good,
            toDate(ts) AS day,
            session_id,
            weight
        FROM page_views FINAL
        -- The site is 0.
        ARRAY JOIN
            if(page_group = '', [toUInt64(0)], [toUInt64(0), cityHash64(page_group)]) AS page_id
        -- Of LCP, INP, CLS, FCP, TTFB. By number: names and pages as text would take most of the time.
        ARRAY JOIN
            [
                (toUInt8(1), lcp_ms, lcp_ms <= 2500), (2, inp_ms, inp_ms <= 200), (3, toUInt32(round(cls * 10000)), cls <= toFloat32(0.1)),
                (4, fcp_ms, fcp_ms <= 1800), (5, ttfb_ms, ttfb_ms <= 800)
            ] AS told
        WHERE site = {site:String} AND NOT is_bot AND x IS NOT NULL
            AND (keep_one_of = 1 OR intDiv(view_id, {{ slice_ids }}) IN (SELECT arrayJoin(range(first_kept, last_kept + 1)) * keep_one_of))
            AND throwIf(NOT {by_release:Bool} AND {after_from:Date} < {before_to:Date} AND {before_from:Date} < {after_to:Date}, 'the windows overlap') = 0
            AND throwIf({by_release:Bool} AND {before_release:String} = {after_release:String}, 'a release is compared with itself') = 0
            AND toDate(ts) >= least({before_from:Date}, {after_from:Date}) AND toDate(ts) < greatest({before_to:Date}, {after_to:Date})
            AND if({by_release:Bool},
                release IN ({before_release:String}, {after_release:String}),
                toDate(ts) >= {before_from:Date} AND toDate(ts) < {before_to:Date} OR toDate(ts) >= {after_from:Date} AND toDate(ts) < {after_to:Date})
    ),
    (
        SELECT count() = 2 AND min(days) >= 7
        FROM (SELECT is_after, uniqExact(day) AS days FROM seen WHERE page_id = 0 GROUP BY is_after)
    ) AS is_by_day,
    distributions AS
    (
        SELECT
            any(page) AS page_name,
            page_id,
            vital_number,
            is_after,
            arraySort(groupArray((x, n))) AS pairs,
            arrayCumSum(pairs.2) AS reached,
            sum(rows) AS views,
            sum(n) AS measured,
            sum(good) AS good,
            pairs.1[arrayFirstIndex(up_to -> up_to >= 0.75 * measured, reached)] AS p75
        FROM
        (
            SELECT any(seen.page) AS page, page_id, vital_number, is_after, assumeNotNull(x) AS x, sum(weight) AS n, sumIf(weight, is_good) AS good, count() AS rows
            FROM seen
            GROUP BY page_id, vital_number, is_after, x
        )
        GROUP BY page_id, vital_number, is_after
    ),
    clusters AS
    (
        SELECT
            page_id,
            vital_number,
            is_after,
            if(is_by_day, toUInt64(toYYYYMMDD(day)), cityHash64(session_id) % 100) AS cluster,
            toFloat64(sum(weight)) AS n,
            toFloat64(sumIf(weight, x <= p75)) AS below,
            toFloat64(sumIf(weight, is_good)) AS good
        FROM seen
        INNER JOIN (SELECT page_id, vital_number, is_after, p75 FROM distributions) AS middle USING (page_id, vital_number, is_after)
        GROUP BY page_id, vital_number, is_after, cluster
    ),
    errors AS
    (
        SELECT
            page_id,
            vital_number,
            is_after,
            count() AS g,
            sum(n) AS total,
            sum(below) / total AS share_below,
            sum(clusters.good) / total AS share_good,
            g / (g - 1) / pow(total, 2) AS scale,
            sqrt(greatest(scale * (sum(pow(below, 2)) - 2 * share_below * sum(below * n) + pow(share_below, 2) * sum(pow(n, 2))), 0)) AS below_error,
            sqrt(greatest(scale * (sum(pow(clusters.good, 2)) - 2 * share_good * sum(clusters.good * n) + pow(share_good, 2) * sum(pow(n, 2))), 0)) AS good_error,
            1.96 + 2.4 / (g - 1) + 2.8 / pow(g - 1, 2) AS t
        FROM clusters
        GROUP BY page_id, vital_number, is_after
    ),
    countIf(is_enough) = 2 AS both_are_enough,
    sides AS
    (
        SELECT
            page_name,
            page_id,
            vital_number,
            is_after,
            views,
            measured,
            if(vital_number = 3, 10000, 1) AS unit,
            p75 / unit AS middle,
            0.75 * measured - t * below_error * measured AS low_rank,
            0.75 * measured + t * below_error * measured AS high_rank,
            pairs.1[arrayFirstIndex(up_to -> up_to >= low_rank, reached)] / unit AS low,
            pairs.1[arrayFirstIndex(up_to -> up_to >= high_rank, reached)] / unit AS high,
            good / measured AS good_share,
            t * good_error AS good_half_width,
            views >= 100 AND g >= if(is_by_day, 7, 20) AND low_rank > 0 AND high_rank < measured AS is_enough
        FROM distributions
        INNER JOIN errors USING (page_id, vital_number, is_after)
    )
SELECT
    any(page_name) AS page_group,
    ['lcp', 'inp', 'cls', 'fcp', 'ttfb'][vital_number] AS vital,
    sumIf(measured, NOT is_after) AS measured_before,
    sumIf(measured, is_after) AS measured_after,
    anyOrNullIf(middle, NOT is_after) AS p75_before,
    anyOrNullIf(middle, is_after) AS p75_after,
    p75_after - p75_before AS p75_change,
    if(both_are_enough, p75_change - sqrt(sum(pow(if(is_after, middle - low, high - middle), 2))), NULL) AS p75_change_lo,
    if(both_are_enough, p75_change + sqrt(sum(pow(if(is_after, high - middle, middle - low), 2))), NULL) AS p75_change_hi,
    anyOrNullIf(sides.good_share, NOT is_after) AS good_share_before,
    anyOrNullIf(sides.good_share, is_after) AS good_share_after,
    good_share_after - good_share_before AS good_share_change,
    if(both_are_enough, good_share_change - sqrt(sum(pow(good_half_width, 2))), NULL) AS good_share_change_lo,
    if(both_are_enough, good_share_change + sqrt(sum(pow(good_half_width, 2))), NULL) AS good_share_change_hi,
    multiIf(NOT both_are_enough, 'insufficient', p75_change_hi < 0, 'better', p75_change_lo > 0, 'worse', 'not distinguishable') AS verdict,
    if(is_by_day, 'days', 'sessions') AS clusters
FROM sides
GROUP BY page_id, vital_number
