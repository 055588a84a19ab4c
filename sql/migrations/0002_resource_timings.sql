-- One row per resource that a page view told in full. A repeated snapshot is refused before it gets here, so rows are not repeated.
CREATE TABLE resource_timings
(
    site LowCardinality(String) COMMENT 'Site key',
    ts DateTime64(3, 'UTC') COMMENT 'When the page view began' CODEC(DoubleDelta, ZSTD(1)),
    session_id UInt64 COMMENT 'Session of the view' CODEC(Delta, ZSTD(1)),
    view_id UInt64 COMMENT 'The page view' CODEC(Delta, ZSTD(1)),
    weight UInt32 COMMENT 'How many sessions this one stands for' CODEC(T64, ZSTD(1)),
    is_simulated Bool COMMENT 'Of a simulated visit',
    is_bot Bool COMMENT 'Of a bot',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    page_group LowCardinality(String) COMMENT 'Page group of the view',
    device Enum8('mobile' = 1, 'desktop' = 2, 'tablet' = 3, 'other' = 4) COMMENT 'Kind of device',
    host LowCardinality(String) COMMENT 'Host of the resource',
    url String COMMENT 'URL without query and fragment' CODEC(ZSTD(3)),
    initiator Enum8('other' = 0, 'script' = 1, 'link' = 2, 'css' = 3, 'image' = 4, 'fetch' = 5, 'xhr' = 6, 'frame' = 7, 'media' = 8, 'beacon' = 9) COMMENT 'What asked for it',
    start_ms UInt32 COMMENT 'startTime, after the view began' CODEC(T64, ZSTD(1)),
    duration_ms UInt32 COMMENT 'startTime to responseEnd' CODEC(T64, ZSTD(1)),
    dns_ms Nullable(UInt32) COMMENT 'Phase: name look-up; NULL when opaque' CODEC(T64, ZSTD(1)),
    tcp_ms Nullable(UInt32) COMMENT 'Phase: connecting, without TLS; NULL when opaque' CODEC(T64, ZSTD(1)),
    tls_ms Nullable(UInt32) COMMENT 'Phase: TLS handshake; NULL when opaque' CODEC(T64, ZSTD(1)),
    request_ms Nullable(UInt32) COMMENT 'Phase: requestStart to responseStart; NULL when opaque' CODEC(T64, ZSTD(1)),
    response_ms Nullable(UInt32) COMMENT 'Phase: responseStart to responseEnd; NULL when opaque' CODEC(T64, ZSTD(1)),
    transfer_bytes UInt64 COMMENT 'Bytes over the network; 0 from a cache or when opaque' CODEC(T64, ZSTD(1)),
    encoded_bytes UInt64 COMMENT 'Body as sent' CODEC(T64, ZSTD(1)),
    decoded_bytes UInt64 COMMENT 'Body unpacked' CODEC(T64, ZSTD(1)),
    http_status UInt16 COMMENT 'HTTP status; 0 when not told' CODEC(T64, ZSTD(1)),
    render_blocking Bool COMMENT 'It blocked rendering',
    is_opaque Bool COMMENT 'Cross-origin without Timing-Allow-Origin: only start and duration are known',
    protocol LowCardinality(String) COMMENT 'nextHopProtocol; empty when not told',
    delivery_type Enum8('network' = 0, 'cache' = 1, 'navigational_prefetch' = 2) COMMENT 'Where it came from'
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (site, host, country, ts)
TTL toDateTime(ts) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Resources of page views, as told by Resource Timing';
