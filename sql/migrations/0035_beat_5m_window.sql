-- As 0028 for page_views.
ALTER TABLE beat_5m MODIFY SETTING non_replicated_deduplication_window = 10000
