-- As 0028 for page_views.
ALTER TABLE loss_cube MODIFY SETTING non_replicated_deduplication_window = 10000
