-- Whether a view was given up: hidden while the visitor still waited. Computed when asked for; nothing is stored. Only for views that fetched a document
-- and were visible when they began: nobody waits for a hidden one, and a restored one or one within the document does not load.
-- Of load it is known where the marks of the navigation are (request_ms), and both offsets count from the same moment once activation is added.
-- A browser that does not tell LCP at all leaves every view without one: abandonment_by_country and _by_page leave such browsers out.
ALTER TABLE page_views
    ADD COLUMN IF NOT EXISTS abandoned_before_load Bool ALIAS
        ifNull(NOT hidden_at_start AND navigation_type NOT IN ('back_forward_cache', 'soft') AND hidden_at_ms IS NOT NULL AND request_ms IS NOT NULL
            AND (load_ms IS NULL OR hidden_at_ms < load_ms + activation_ms), false)
        COMMENT 'Hidden before its load event had ended',
    ADD COLUMN IF NOT EXISTS abandoned_before_lcp Bool ALIAS
        NOT hidden_at_start AND navigation_type NOT IN ('back_forward_cache', 'soft') AND hidden_at_ms IS NOT NULL AND lcp_ms IS NULL
        COMMENT 'Hidden before any LCP was known'
