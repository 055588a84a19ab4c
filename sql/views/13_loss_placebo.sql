-- The placebo of the loss, on demand: what the estimate says of these days when slowness surely has no effect, because the conversions of each stratum are dealt out to
-- its buckets by chance. The band of 95 % must contain 0 (holds); where it does not, or where the shown loss lies inside it, the figure says nothing. One row, or none
-- without views. The same data gives the same draws.
--
--   SELECT * FROM slowtax.loss_placebo(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500)
--
-- Cost: 40 times loss_by_country without its intervals, and 40 draws for each conversion. Nightly bands are in the table loss_placebos.
CREATE OR REPLACE VIEW loss_placebo AS
{% include 'parts/placebo.sql' %}
