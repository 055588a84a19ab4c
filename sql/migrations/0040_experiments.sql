-- Randomised experiments on speed, as the configuration names them: in which page group sessions were by chance served faster or slower. Written by
-- `slowtax serve` and `slowtax migrate`; the last row of a name counts, and one with active = 0 is gone.
CREATE TABLE experiments
(
    site LowCardinality(String) COMMENT 'Site key',
    name String COMMENT 'Name of the experiment, unique in its site',
    page_group LowCardinality(String) COMMENT 'Group of pages that one arm makes faster or slower',
    faster_arm LowCardinality(String) COMMENT 'experiment_arm of the sessions whose pages are faster',
    slower_arm LowCardinality(String) COMMENT 'experiment_arm of the sessions whose pages are slower',
    active Bool COMMENT 'It is in the configuration',
    updated_at DateTime64(3, 'UTC') COMMENT 'When this row was written'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (site, name)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Randomised experiments on speed, from the configuration'
