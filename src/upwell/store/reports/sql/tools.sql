WITH counted AS (
    SELECT {keys}
        sum(calls) AS calls,
        coalesce(sum(calls) FILTER (outcome = 'failed'), 0) AS failures,
        quantile_disc(ms, [0.5, 0.95]) AS times
    FROM facts
    GROUP BY ALL
)
SELECT {keys}
    calls::BIGINT AS calls,
    failures::BIGINT AS failures,
    round(times[1]::DOUBLE, 2) AS p50_ms,
    round(times[2]::DOUBLE, 2) AS p95_ms
FROM counted
