-- What slowness costs on each page group, over all countries. As loss_by_country, one level over: the method is chosen for the page group, so that the pages
-- need not add up to the countries. A page has no orders of its own: k are its views that a conversion followed, and with fewer than 30 the verdict is
-- 'insufficient'. Days are in [from_day, to_day). An association, not proof of a cause: see sql/README.md.
--
-- Where an experiment of `experiments` tells what waiting costs on the page (experiment_effect, is_usable), its figure is shown instead: the time lost times what
-- a second costs, with its own interval; method is 'experiment', claim 'randomised', and lost_direct and lost_pooled stay what was observed.
--
--   SELECT * FROM slowtax.loss_by_page(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500) ORDER BY lo DESC
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data unless they are stored; and experiment_effect.
{% set by, outcome = 'page', 'conversion' %}
CREATE OR REPLACE VIEW loss_by_page AS
{% include 'parts/loss_pages.sql' %}
