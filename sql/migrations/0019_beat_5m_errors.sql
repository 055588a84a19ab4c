-- The comment of beat_5m.errors says what 0018 made of it.
ALTER TABLE beat_5m
    COMMENT COLUMN errors 'Distinct errors of views, by weight: each once, with the first row that tells of it, however often the view met it'
