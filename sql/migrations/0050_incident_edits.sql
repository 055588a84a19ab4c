-- What people say of incidents: each edit is the whole row, and the last version counts. Nobody has to edit an incident, so it may have no row here. An edit is kept
-- by its own age, which is less than its incident's.
CREATE TABLE incident_edits
(
    site LowCardinality(String) COMMENT 'Site key',
    incident_id String COMMENT 'Incident' CODEC(ZSTD(1)),
    acknowledged_at Nullable(DateTime('UTC')) COMMENT 'When somebody took it on' CODEC(ZSTD(1)),
    mitigated_at Nullable(DateTime('UTC')) COMMENT 'When its effect was ended, as somebody says' CODEC(ZSTD(1)),
    cause LowCardinality(String) COMMENT 'What class of cause it had, in words of the site''s own',
    notes String COMMENT 'What was learnt, plain text' CODEC(ZSTD(1)),
    edited_by String COMMENT 'Who made this edit' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'Unix milliseconds of the edit, or one more than before' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (site, incident_id)
TTL toDateTime(intDiv(version, 1000)) + INTERVAL 25 MONTH
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'What people say of incidents; read with FINAL'
