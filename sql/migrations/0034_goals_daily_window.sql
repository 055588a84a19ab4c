-- As 0028 for page_views.
ALTER TABLE goals_daily MODIFY SETTING non_replicated_deduplication_window = 10000
