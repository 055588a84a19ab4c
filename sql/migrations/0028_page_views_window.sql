-- An INSERT that was given up after minutes may have been stored: its token must still be known when it comes again. The window is that of all collectors
-- together, each of which inserts once a second or more: 1,000 tokens of ten collectors are a minute and a half, 10,000 a quarter of an hour.
ALTER TABLE page_views MODIFY SETTING non_replicated_deduplication_window = 10000
