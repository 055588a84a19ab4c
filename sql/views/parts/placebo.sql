-- The shown figure where there is nothing to find: 40 times the conversions of each stratum fall to its buckets by chance, and the loss is computed as ever. One row
-- a site: a SELECT that loss_placebo and its refresh include, with the parameters and variables of loss_cells.sql.
{% set source, outcome, resample = 'placebo', 'conversion', 'none' %}
SELECT
    site,
    toUInt32(count()) AS draws,
    toInt64(any(k)) AS conversions,
    avg(lost) AS placebo_mean,
    stddevSamp(lost) AS placebo_sd,
    placebo_mean - 1.96 * placebo_sd AS placebo_lo,
    placebo_mean + 1.96 * placebo_sd AS placebo_hi,
    placebo_lo <= 0 AND placebo_hi >= 0 AS holds
FROM
(
    SELECT part, site, sum(country_k) AS k, sum(if(is_direct, lost_direct, lost_pooled)) AS lost
    FROM
    (
        SELECT
            part,
            splitByChar(' ', part, 2)[2] AS site,
            country,
            sum(cells.conversions) AS country_k,
            ifNull(sum(cells.slow_views_compared) / nullIf(sum(cells.slow_views), 0) >= 0.9 AND country_k >= 200, false) AS is_direct,
            sum(cells.lost_direct) AS lost_direct,
            sum(cells.lost_pooled) AS lost_pooled
        FROM
        (
{% include 'parts/loss_cells.sql' %}
        ) AS cells
        GROUP BY part, country
    )
    GROUP BY part, site
)
GROUP BY site
