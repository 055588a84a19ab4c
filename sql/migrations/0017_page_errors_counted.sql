-- An error is told again when it goes on: each row says what is new, and how often earlier rows of the view have told it. So count adds up, and a
-- distinct error of a view is the row with counted = 0.
ALTER TABLE page_errors
    ADD COLUMN IF NOT EXISTS counted UInt32 COMMENT 'How often earlier rows of the view told this error; 0 in its first row' CODEC(T64, ZSTD(1)),
    COMMENT COLUMN count 'How often the view met it since the row before that told of it'
