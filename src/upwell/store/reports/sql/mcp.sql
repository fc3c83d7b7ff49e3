WITH counted AS (
    SELECT {keys}
        sum(calls) AS calls,
        count(DISTINCT tool) AS tools,
        coalesce(sum(calls) FILTER (outcome = 'failed'), 0) AS failures,
        coalesce(sum(calls) FILTER (outcome = 'succeeded'), 0) AS successes,
        quantile_ms(ms, 0.5) AS p50_ms,
        quantile_ms(ms, 0.95) AS p95_ms
    FROM facts
    GROUP BY ALL
)
SELECT {keys}
    calls::BIGINT AS calls,
    tools,
    failures::BIGINT AS failures,
    share(failures, failures + successes) AS failure_share,
    p50_ms,
    p95_ms
FROM counted
