-- Computes busy days of page_views into vitals_daily, each as a whole with FINAL, in place of what was there: snapshots replace each other in
-- page_views, and of what a snapshot replaces only LCP is told (counted_lcp_ms), so sums that are fed by INSERTs could have no INP, CLS, FCP, TTFB.
--
-- Which days: those with 100,000 views or more in beat_5m (70 days back). Today's is computed every time, yesterday's every hour, the six before it
-- and those to which views have been added once a day; and days that are missing, the latest first. At each refresh about 4 million views of
-- today and yesterday, and as many of others: the stalest first, and always one of each kind. So a database with months of data is filled bit by bit.
-- Of a day that is not over, or for less than an hour, views that began up to 15 minutes ago are in (covered_view_id); most have told their last
-- snapshot by then. What began later is read from page_views. A browser whose clock is 15 minutes slow or more makes identifiers of the past, and a
-- view that is told late has one: they are in with the next refresh.
--
-- How: every view is in eight cells (a day, a dimension and a value of it), each a number, and has a number for each vital that it knows: value, vital and
-- whether it is good, middling (1) or poor (2). Counting pairs of numbers takes a fifth of the time that keys of text take.
--
-- Cost: one thread, about 4 seconds for a million views, 2 GB at most; some milliseconds where no day is busy. At random within a minute, so that several
-- databases of an engine are not refreshed at once.
CREATE MATERIALIZED VIEW vitals_daily_from_page_views
REFRESH EVERY 5 MINUTE RANDOMIZE FOR 1 MINUTE APPEND TO vitals_daily AS
WITH
    (SELECT now('UTC')) AS moment,
    -- A day that has been over for an hour is covered as a whole.
    (of_day -> if(moment >= toDateTime(of_day + 1, 'UTC') + INTERVAL 1 HOUR, 18446744073709551615, bitShiftLeft(toUInt64(toUnixTimestamp(moment) - 900) * 1000, 20))) AS covered,
    -- To the nearest of 8 significant bits.
    (x -> greatest(intDiv(roundToExp2(x), 128), 1)) AS step,
    (x -> toUInt64(intDiv(x + intDiv(step(x), 2), step(x)) * step(x))) AS rounded,
    due AS
    (
        SELECT site, day, begun_views
        FROM
        (
            SELECT
                begun.site AS site,
                begun.day AS day,
                begun.views AS begun_views,
                day >= toDate(moment) - 1 AS is_recent,
                sum(begun_views) OVER (
                    PARTITION BY is_recent ORDER BY computed.version > 0, if(is_recent, computed.version, 0), day DESC, site ROWS UNBOUNDED PRECEDING
                ) AS reached
            FROM
            (
                SELECT site, toDate(slot) AS day, sum(beat_5m.views) AS views
                FROM beat_5m
                GROUP BY site, day
                -- Page views may be kept for a shorter time than beat_5m.
                HAVING views >= 100000 AND day <= toDate(moment) AND day >= (SELECT toDate(min(ts)) FROM page_views)
            ) AS begun
            LEFT JOIN
            (
                SELECT site, day, max(vitals_daily.version) AS version, argMax(begun_views, vitals_daily.version) AS views
                FROM vitals_daily
                WHERE dimension = 'site'
                GROUP BY site, day
            ) AS computed
                ON begun.site = computed.site AND begun.day = computed.day
            WHERE multiIf(
                computed.version = 0 OR begun.day = toDate(moment), true,
                begun.day = toDate(moment) - 1, computed.version < (toUnixTimestamp(moment) - 3600) * 1000,
                begun.day >= toDate(moment) - 7 OR begun.views != computed.views, computed.version < toUnixTimestamp(toStartOfDay(moment)) * 1000,
                false
            )
        )
        WHERE reached - begun_views < 4000000
    ),
    seen AS
    (
        SELECT
            *,
            NOT hidden_at_start AND navigation_type NOT IN ('back_forward_cache', 'soft') AS waits,
            abandoned_before_load AS is_abandoned,
            toDate(ts) AS day,
            [
                cityHash64(site, day), cityHash64(site, day, 1, country), cityHash64(site, day, 2, page_group), cityHash64(site, day, 3, device),
                cityHash64(site, day, 4, browser), cityHash64(site, day, 5, effective_type), cityHash64(site, day, 6, release),
                cityHash64(site, day, 7, country, page_group)
            ] AS cells
        FROM page_views FINAL
        WHERE (site, toYYYYMMDD(ts)) IN (SELECT site, toYYYYMMDD(day) FROM due) AND NOT is_bot AND view_id < covered(toDate(ts))
    ),
    counted AS
    (
        SELECT cell, number, sum(weight) AS n
        FROM
        (
            SELECT
                cells,
                weight,
                [toUInt64(1 + is_simulated), if(waits, 24 + is_abandoned, 0), if(lcp_ms IS NULL, 0, 4 + multiIf(lcp_ms <= 2500, 0, lcp_ms <= 4000, 1, 2) + 32 * rounded(assumeNotNull(lcp_ms)))] AS of_pairs,
                [
                    if(fcp_ms IS NULL, 0, 8 + multiIf(fcp_ms <= 1800, 0, fcp_ms <= 3000, 1, 2) + 32 * rounded(assumeNotNull(fcp_ms))),
                    if(ttfb_ms IS NULL, 0, 12 + multiIf(ttfb_ms <= 800, 0, ttfb_ms <= 1800, 1, 2) + 32 * rounded(assumeNotNull(ttfb_ms))),
                    if(inp_ms IS NULL, 0, 16 + multiIf(inp_ms <= 200, 0, inp_ms <= 500, 1, 2) + 32 * rounded(assumeNotNull(inp_ms))),
                    if(cls IS NULL, 0, 20 + multiIf(cls <= toFloat32(0.1), 0, cls <= toFloat32(0.25), 1, 2) + 32 * rounded(toUInt32(round(assumeNotNull(cls) * 10000))))
                ] AS others
            FROM seen
        )
        ARRAY JOIN cells AS cell, [false, false, false, false, false, false, false, true] AS is_pair
        ARRAY JOIN if(is_pair, of_pairs, arrayConcat(of_pairs, others)) AS number
        WHERE number > 0
        GROUP BY cell, number
    ),
    histograms AS
    (
        SELECT
            cell,
            sumIf(n, number < 4) AS views,
            sumIf(n, number = 2) AS simulated_views,
            sumIf(n, bitAnd(number, 28) = 24) AS waiting_views,
            sumIf(n, number = 25) AS abandoned_views,
            -- A rounded value that has a threshold within stands there twice.
            sumIf(n, bitAnd(number, 31) = 4) AS lcp_good,
            sumIf(n, bitAnd(number, 31) = 6) AS lcp_poor,
            arraySort(groupArrayIf((toUInt32(bitShiftRight(number, 5)), n), bitAnd(number, 28) = 4)) AS lcp,
            sumIf(n, bitAnd(number, 31) = 8) AS fcp_good,
            sumIf(n, bitAnd(number, 31) = 10) AS fcp_poor,
            arraySort(groupArrayIf((toUInt32(bitShiftRight(number, 5)), n), bitAnd(number, 28) = 8)) AS fcp,
            sumIf(n, bitAnd(number, 31) = 12) AS ttfb_good,
            sumIf(n, bitAnd(number, 31) = 14) AS ttfb_poor,
            arraySort(groupArrayIf((toUInt32(bitShiftRight(number, 5)), n), bitAnd(number, 28) = 12)) AS ttfb,
            sumIf(n, bitAnd(number, 31) = 16) AS inp_good,
            sumIf(n, bitAnd(number, 31) = 18) AS inp_poor,
            arraySort(groupArrayIf((toUInt32(bitShiftRight(number, 5)), n), bitAnd(number, 28) = 16)) AS inp,
            sumIf(n, bitAnd(number, 31) = 20) AS cls_good,
            sumIf(n, bitAnd(number, 31) = 22) AS cls_poor,
            arraySort(groupArrayIf((toUInt32(bitShiftRight(number, 5)), n), bitAnd(number, 28) = 20)) AS cls
        FROM counted
        GROUP BY cell
    ),
    named AS
    (
        SELECT
            cell,
            any(site) AS site,
            any(day) AS day,
            any(name.1) AS dimension,
            any(name.2) AS value,
            any(name.3) AS page_group,
            max(received_at) AS last_received_at
        FROM seen
        ARRAY JOIN
            cells AS cell,
            [
                ('site', '', ''), ('country', country, ''), ('page_group', seen.page_group, ''), ('device', toString(device), ''), ('browser', browser, ''),
                ('connection', toString(effective_type), ''), ('release', release, ''), ('country_page', country, seen.page_group)
            ] AS name
        GROUP BY cell
    )
SELECT
    named.site AS site,
    named.day AS day,
    named.dimension AS dimension,
    named.value AS value,
    named.page_group AS page_group,
    toUnixTimestamp64Milli(now64(3)) AS version,
    covered(named.day) AS covered_view_id,
    due.begun_views AS begun_views,
    histograms.views AS views,
    histograms.simulated_views AS simulated_views,
    histograms.waiting_views AS waiting_views,
    histograms.abandoned_views AS abandoned_views,
    named.last_received_at AS last_received_at,
    lcp_good,
    lcp_poor,
    lcp.1 AS lcp_values,
    lcp.2 AS lcp_counts,
    fcp_good,
    fcp_poor,
    fcp.1 AS fcp_values,
    fcp.2 AS fcp_counts,
    ttfb_good,
    ttfb_poor,
    ttfb.1 AS ttfb_values,
    ttfb.2 AS ttfb_counts,
    inp_good,
    inp_poor,
    inp.1 AS inp_values,
    inp.2 AS inp_counts,
    cls_good,
    cls_poor,
    cls.1 AS cls_values,
    cls.2 AS cls_counts
FROM histograms
INNER JOIN named ON histograms.cell = named.cell
INNER JOIN due ON named.site = due.site AND named.day = due.day
-- One part for each month: a day is never there by half.
SETTINGS max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 1000000000, max_memory_usage = 2000000000
