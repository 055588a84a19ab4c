-- Every night: the placebo of the last 28 days of every site, kept in loss_placebos.
{% set every_site, from_day, to_day, target_ms = true, "toDate(now('UTC')) - 28", "toDate(now('UTC'))", '2500' %}
CREATE OR REPLACE MATERIALIZED VIEW loss_placebos_refresh REFRESH EVERY 1 DAY OFFSET 3 HOUR APPEND TO loss_placebos EMPTY AS
SELECT
    site, {{ from_day }} AS from_day, {{ to_day }} AS to_day, toUInt32({{ target_ms }}) AS target_ms,
    draws, conversions, placebo_mean, placebo_sd, placebo_lo, placebo_hi, holds, now('UTC') AS computed_at
FROM
(
{% include 'parts/placebo.sql' %}
)
