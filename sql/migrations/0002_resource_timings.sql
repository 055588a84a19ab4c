-- One row per resource that a page view told in full. A repeated snapshot is refused before it gets here, so rows are not repeated.
CREATE TABLE resource_timings
(
    site LowCardinality(String) COMMENT 'Site key',
    ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When the page view began',
    session_id UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Session of the view',
    view_id UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'The page view',
    weight UInt32 CODEC(T64, ZSTD(1)) COMMENT 'How many sessions this one stands for',
    is_simulated Bool COMMENT 'Of a simulated visit',
    is_bot Bool COMMENT 'Of a bot',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2; ZZ unknown, XK Kosovo',
    page_group LowCardinality(String) COMMENT 'Page group of the view',
    device Enum8('mobile' = 1, 'desktop' = 2, 'tablet' = 3, 'other' = 4) COMMENT 'Kind of device',
    host LowCardinality(String) COMMENT 'Host of the resource',
    url String CODEC(ZSTD(3)) COMMENT 'URL without query and fragment',
    initiator Enum8('other' = 0, 'script' = 1, 'link' = 2, 'css' = 3, 'image' = 4, 'fetch' = 5, 'xhr' = 6, 'frame' = 7, 'media' = 8, 'beacon' = 9) COMMENT 'What asked for it',
    start_ms UInt32 CODEC(T64, ZSTD(1)) COMMENT 'startTime, after the view began',
    duration_ms UInt32 CODEC(T64, ZSTD(1)) COMMENT 'startTime to responseEnd',
    dns_ms Nullable(UInt32) CODEC(T64, ZSTD(1)) COMMENT 'Phase: name look-up; NULL when opaque',
    tcp_ms Nullable(UInt32) CODEC(T64, ZSTD(1)) COMMENT 'Phase: connecting, without TLS; NULL when opaque',
    tls_ms Nullable(UInt32) CODEC(T64, ZSTD(1)) COMMENT 'Phase: TLS handshake; NULL when opaque',
    request_ms Nullable(UInt32) CODEC(T64, ZSTD(1)) COMMENT 'Phase: requestStart to responseStart; NULL when opaque',
    response_ms Nullable(UInt32) CODEC(T64, ZSTD(1)) COMMENT 'Phase: responseStart to responseEnd; NULL when opaque',
    transfer_bytes UInt64 CODEC(T64, ZSTD(1)) COMMENT 'Bytes over the network; 0 from a cache or when opaque',
    encoded_bytes UInt64 CODEC(T64, ZSTD(1)) COMMENT 'Body as sent',
    decoded_bytes UInt64 CODEC(T64, ZSTD(1)) COMMENT 'Body unpacked',
    http_status UInt16 CODEC(T64, ZSTD(1)) COMMENT 'HTTP status; 0 when not told',
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
