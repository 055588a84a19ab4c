-- Whether a country ('' is all of them together) becomes slower by little and little, which no slot of 5 minutes shows: a CUSUM over days, for a ticket and no
-- alarm. Of the 35 whole days (UTC) before `at`, the first 14 say what is usual: their mean share of slow views (LCP over 2500 ms, of all views; 0 to 1) and how far
-- days lie apart. From then on each day adds its deviation, in standard deviations (4 at most) less 0.5, to a sum that is never below 0 (`cusum`, as of yesterday). It fires where that is
-- over 8 and the last 7 days' share lies 2 points or more over the usual one. since is the day from which the sum has been over 0, NULL where it is 0.
-- state is 'firing', 'ok', or 'learning': fewer than 30 of the days, or fewer than 10 of the first 14, have 200 views; such days are left out.
--
--   SELECT * FROM slowtax.speed_drift(site = 'shop', at = now()) WHERE firing
--
-- Cost: reads five weeks of the site's beat_5m.
{% set days = 35 %}
{% set days_usual = 14 %}
{% set days_min = 30 %}
{% set days_usual_min = 10 %}
{% set views_min = 200 %}
{% set allowance = 0.5 %}
{# One day counts for no more, so that a single bad one is no drift. #}
{% set deviations_max = 4 %}
{% set cusum_min = 8 %}
{% set points_min = 0.02 %}
{# Days are never alike to less than this. #}
{% set deviation_min = 0.005 %}
CREATE OR REPLACE VIEW speed_drift AS
WITH
    toDate(least({at:DateTime('UTC')}, now()), 'UTC') AS today,
    of_days AS
    (
        SELECT name, toDate(slot) AS day, sum(beat_5m.views) AS n, sum(beat_5m.slow) AS slow_n
        FROM beat_5m
        ARRAY JOIN ['', toString(country)] AS name
        WHERE site = {site:String} AND slot >= toDateTime(today - {{ days }}, 'UTC') AND slot < toDateTime(today, 'UTC')
        GROUP BY name, day
    ),
    of_names AS
    (
        SELECT
            name,
            countIf(n >= {{ views_min }}) AS days_with_views,
            countIf(n >= {{ views_min }} AND day < today - {{ days - days_usual }}) AS usual_days,
            ifNotFinite(avgIf(slow_n / n, n >= {{ views_min }} AND day < today - {{ days - days_usual }}), 0) AS usual_share,
            greatest({{ deviation_min }}, ifNotFinite(stddevSampIf(slow_n / n, n >= {{ views_min }} AND day < today - {{ days - days_usual }}), 0)) AS deviation,
            sumIf(n, day >= today - 7) AS last_views,
            sumIf(slow_n, day >= today - 7) / nullIf(last_views, 0) AS last_share,
            arraySort(groupArrayIf((day, slow_n / n), n >= {{ views_min }} AND day >= today - {{ days - days_usual }})) AS later_days,
            -- The sum and the day since which it is over 0.
            arrayFold(
                (state, of_day) -> if(
                    state.1 + (of_day.2 - usual_share) / deviation - {{ allowance }} > 0,
                    (state.1 + least((of_day.2 - usual_share) / deviation, {{ deviations_max }}) - {{ allowance }}, if(state.1 > 0, state.2, of_day.1)),
                    (toFloat64(0), toDate(0))
                ),
                later_days,
                (toFloat64(0), toDate(0))
            ) AS sums
        FROM (SELECT name, day, n, slow_n FROM of_days UNION ALL SELECT '', today, 0, 0)
        GROUP BY name
    )
SELECT
    name AS country,
    toInt64(last_views) AS views,
    last_share AS slow_share,
    usual_share AS expected_share,
    deviation,
    sums.1 AS cusum,
    if(cusum > 0, sums.2, NULL) AS since,
    multiIf(
        days_with_views < {{ days_min }} OR usual_days < {{ days_usual_min }}, 'learning',
        cusum > {{ cusum_min }} AND slow_share >= expected_share + {{ points_min }}, 'firing',
        'ok'
    ) AS state,
    state = 'firing' AS firing
FROM of_names
