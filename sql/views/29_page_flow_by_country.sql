-- Page flow: how many views would have been followed by another one, had the slow ones gone on as often as the fast ones of the same stratum, and what
-- orders these would have led to if each were worth as much as those that did go on. That is an upper figure: whoever leaves because a page is slow was
-- on average less about to buy, and one visitor's views add up. The loss of orders themselves is what loss_by_country says; do not add the two.
-- orders_per_continuation are all orders of the window by all its views that went on. Days are in [from_day, to_day).
--
--   SELECT * FROM slowtax.page_flow_by_country(site = 'shop', from_day = '2026-11-01', to_day = '2026-12-01', target_ms = 2500)
--
-- Cost: see parts/loss_cells.sql, with G = the days of the window that have data.
{% set by, outcome = 'country', 'continuation' %}
CREATE OR REPLACE VIEW page_flow_by_country AS
{% include 'parts/page_flow.sql' %}
