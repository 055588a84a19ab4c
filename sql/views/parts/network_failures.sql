{# Columns of a report of browser_reports on a network error: what failed, in a word, and how many such failures it stands for. Included in a SELECT. #}
    multiIf(
        error LIKE 'dns.%', 'dns',
        error LIKE 'tcp.%', 'tcp',
        error LIKE 'tls.%', 'tls',
        error LIKE 'http.%' OR error LIKE 'h2.%' OR error LIKE 'h3.%' OR error LIKE 'quic.%', 'http',
        error = 'abandoned', 'abandoned',
        'other'
    ) AS failure,
    -- A browser that is told to report one failure in a million is believed one in a hundred.
    1 / greatest(sampling_fraction, 0.01) AS stands_for,
    -- Successes are reported, too, where a site asks for them. Who gives up has not failed, and 4xx is an answer.
    error != 'ok' AS is_error,
    is_error AND failure != 'abandoned' AND NOT (http_status >= 400 AND http_status < 500) AS is_failure
