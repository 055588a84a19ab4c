-- What slowness costs on each page group of each country, with intervals and verdicts: loss_by_page, for a country's page. A page of a country is small, so most
-- of them are pooled, and many 'insufficient' (fewer than 30 views that a conversion followed). Days are in [from_day, to_day). An association, not
-- proof of a cause: see sql/README.md.
--
-- Where an experiment of `experiments` tells what waiting costs on the page (experiment_effect, is_usable), its figure is shown instead: the time lost times what
-- a second costs, with its own interval; method is 'experiment', claim 'randomised', and lost_direct and lost_pooled stay what was observed.
--
--   SELECT * FROM slowtax.loss_by_country_pages(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY lo DESC
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data unless they are stored; and experiment_effect.
{% set by, outcome = 'country_page', 'conversion' %}
CREATE OR REPLACE VIEW loss_by_country_pages AS
{% include 'parts/loss_pages.sql' %}
