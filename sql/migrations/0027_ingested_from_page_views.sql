-- Snapshots into ingested, bots and all. An INSERT is of one segment.
CREATE MATERIALIZED VIEW ingested_from_page_views TO ingested AS
SELECT segment, max(toDate(received_at)) AS day, count() AS rows
FROM page_views
WHERE segment != ''
GROUP BY segment
