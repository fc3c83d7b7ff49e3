WITH counted AS (
    SELECT {keys}
        sum(calls) AS calls,
        count(DISTINCT tool) AS tools,
        coalesce(sum(calls) FILTER (outcome = 'failed'), 0) AS failures,
        coalesce(sum(calls) FILTER (outcome = 'succeeded'), 0) AS successes,
        quantile_disc(ms, [0.5, 0.95]) AS times
    FROM facts
    GROUP BY ALL
)
SELECT {keys}
    calls::BIGINT AS calls,
    tools,
    failures::BIGINT AS failures,
    share(failures, failures + successes) AS failure_share,
    round(times[1]::DOUBLE, 2) AS p50_ms,
    round(times[2]::DOUBLE, 2) AS p95_ms
FROM counted
