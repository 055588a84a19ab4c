-- The release and the experiment's arm in which a goal was reached, so that conversions can be told apart by them without a join.
ALTER TABLE goals
    ADD COLUMN IF NOT EXISTS release LowCardinality(String) COMMENT 'Release of the site when it was reached; empty when not told' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS experiment_arm LowCardinality(String) COMMENT 'Arm of a randomised experiment; empty when none' CODEC(ZSTD(1))
