-- As 0028 for page_views.
ALTER TABLE page_errors MODIFY SETTING non_replicated_deduplication_window = 10000
